"""Quotes that salespeople are preparing when the story begins: a customer each, and what it wants.

What is sold comes from the ERP, and is not in a CRM yet when it is filled. So a quote is a draft without
lines, and the wishes stand in its description; the environment's salespeople go on from there. A third of the
customers want time to think: their quotes carry a day on which the offer ends.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Final

from local.systems.dataverse.schema import POINTS_TO
from local.systems.dataverse.stamps import stamp
from local.systems.dataverse.wishes import Wish
from local.systems.sample.customers import Customers
from local.systems.system import Row

SHARE: Final = 0.2
"""Of the accounts that can be delivered everywhere."""
ITEMS: Final = 20
"""Every ERP's sample sells at least so many."""
THINKS: Final = timedelta(days=30)


def make_quotes(environment: str, customers: Customers, seed: int, now: datetime) -> list[Row]:
    """The same customers, seed and time give the same quotes."""
    random = Random(f"{environment} quotes {seed}")
    strange = {key for keys in (*customers.defects.values(), *customers.oddities.values()) for key in keys}
    sound = [row for row in customers.tables["account"] if row["accountid"] not in strange]
    chosen = random.sample(sound, round(len(sound) * SHARE))
    return list(_quotes(random, environment, chosen, now))


def _quotes(random: Random, environment: str, accounts: Sequence[Row], now: datetime) -> Iterator[Row]:
    for number, account in enumerate(accounts, 1):
        thinks = {"expireson": stamp(now + THINKS)} if number % 3 == 0 else {}
        yield {
            "name": f"Offer to {account['name']}"[:300],
            "quotenumber": f"Q-{environment.upper()[:12]}-{number:05d}",
            "description": ", ".join(map(str, _wishes(random))),
            "_customerid_value": account["accountid"],
            "_customerid_value" + POINTS_TO: "account",
            **thinks,
        }


def _wishes(random: Random) -> list[Wish]:
    numbers = random.sample(range(1, ITEMS + 1), random.randint(1, 4))
    return [Wish(f"I-{number:05d}", random.randint(1, 20)) for number in numbers]
