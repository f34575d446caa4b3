"""Salespeople at work in an environment: they go on with the quotes that note a customer's wishes.

```
  draft ── all wishes on the price list ──> active, with lines ── taken at once ──> won, ordered, submitted
                                                 └── the offer has a last day: it waits for somebody
```
"""

from collections.abc import Iterator
from typing import Final

from local.systems.dataverse.people import People
from local.systems.dataverse.store import Store
from local.systems.dataverse.wishes import Wish, wishes_in
from local.systems.system import Row

PRICES: Final = "Standard prices"
"""The list from which customers buy that have none of their own."""
_DRAFT, _ACTIVE = 0, 1


class Salespeople:
    def __init__(self, name: str, store: Store, people: People) -> None:
        self._name = name
        self._tables = store.tables
        self._people = people

    def work(self) -> int:
        """Do what can be done; how much that was."""
        prices = self._prices()
        ready = [quote for quote in self._drafts() if prices and self._on_list(prices, quote)]
        for quote in ready:
            self._people.offer(quote["quoteid"], prices, [_line(wish) for wish in _wishes(quote)])
        taken = list(self._taken())
        for quote in taken:
            self._people.win_quote(quote["quoteid"])
        return len(ready) + len(taken)

    def left(self) -> list[str]:
        """What they still mean to do."""
        waiting = sum(1 for _ in self._drafts())
        lines = [f"{self._name}: {waiting} quotes wait for the prices of their products"] if waiting else []
        return lines + [f"{self._name}: {quote['quotenumber']} is about to be won" for quote in self._taken()]

    def _drafts(self) -> Iterator[Row]:
        return self._quotes(_DRAFT)

    def _taken(self) -> Iterator[Row]:
        """Offers that customers take at once."""
        return (quote for quote in self._quotes(_ACTIVE) if "expireson" not in quote)

    def _quotes(self, state: int) -> Iterator[Row]:
        rows = self._tables["quote"].written.values()
        return (row for row in rows if row["statecode"] == state and _wishes(row))

    def _prices(self) -> str:
        """The usual list's id; nothing while there is none."""
        return next(iter(self._tables["pricelevel"].find(("name",), PRICES)), "")

    def _on_list(self, prices: str, quote: Row) -> bool:
        products, items = self._tables["product"], self._tables["productpricelevel"]
        listed = {
            items.written[key]["_productid_value"] for key in items.find(("_pricelevelid_value",), prices)
        }
        return all(listed & set(products.find(("productnumber",), wish.product)) for wish in _wishes(quote))


def _wishes(quote: Row) -> list[Wish]:
    return wishes_in(quote.get("description", ""))


def _line(wish: Wish) -> Row:
    return {"productnumber": wish.product, "quantity": wish.quantity}
