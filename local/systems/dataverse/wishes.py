"""What a customer wants, as a salesperson notes it in a quote's description: `2 x I-00003, 15 x I-00011`."""

from dataclasses import dataclass
from typing import Final

_TIMES: Final = " x "


@dataclass(frozen=True)
class Wish:
    """So many of one product."""

    product: str
    quantity: int

    def __str__(self) -> str:
        return f"{self.quantity}{_TIMES}{self.product}"


def wishes_in(description: str) -> list[Wish]:
    """Nothing where the description is about something else."""
    parts = [part.strip().partition(_TIMES) for part in description.split(",")]
    return [
        Wish(product, int(quantity)) for quantity, _, product in parts if product and quantity.isdecimal()
    ]
