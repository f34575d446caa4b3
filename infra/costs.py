"""What the hub costs a month, from prices that can be changed.

    python -m infra.costs               the tables of docs/deploy.md and docs/scaling.md
    python -m infra.costs --write       puts them there

Prices, assumptions and sizes stand in `costs.yaml`.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra import load
from infra.load import Load

DOCS = Path(__file__).parent.parent / "docs"
MADE = re.compile(r"(<!-- made from infra/costs\.yaml: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
STANDARD_STEPS = ((13, 100, "13"), (100, float("inf"), "100"))
LOG_ALERTS, METRIC_ALERTS = 2, 5


class Bill:
    """The month of one size, part by part."""

    def __init__(self, size: Mapping[str, Any], given: Mapping[str, Any]) -> None:
        self._size, self._prices, self._free = size, given["prices"], given["free each month"]
        self._given = given["assumptions"]
        self._load = Load(size["changes a day"], size["ids a message"], self._given)

    def parts(self) -> dict[str, float]:
        return {
            "functions": self.functions(),
            "Service Bus": self.bus(),
            "PostgreSQL": self.store(),
            "network, fixed address": self.network(),
            "logs and alerts": self.watching(),
            "storage, vault, names": float(self._prices["storage, vault and names a month"]),
        }

    def functions(self) -> float:
        executions = max(0, self._month(self._load.executions) - self._free["executions"])
        worked = self._month(self._load.seconds) * self._size["memory"]
        ready = self._size["always ready"] * self._size["memory"] * self._hours * load.HOUR
        return float(
            executions / 1e6 * self._prices["million executions"]
            + max(0, worked - self._free["gigabyte-seconds"])
            / 1e3
            * self._prices["thousand gigabyte-seconds"]
            + ready / 1e3 * self._prices["thousand gigabyte-seconds of an instance that is always ready"]
        )

    def bus(self) -> float:
        if self._size["bus"] == "premium":
            return float(self._size["bus units"] * self._hours * self._prices["bus, premium, unit and hour"])
        millions = self._month(self._load.operations) / 1e6
        above = sum(
            max(0, min(millions, upper) - lower)
            * self._prices[f"bus, standard, million operations above the first {name}"]
            for lower, upper, name in STANDARD_STEPS
        )
        return float(self._prices["bus, standard, a month"] + above)

    def store(self) -> float:
        one = self._hours * self._prices["store hour"][self._size["store"]]
        kept = self._size["store gigabytes"] * self._prices["store gigabyte and month"]
        return float((one + kept) * self._size["store copies"])

    def network(self) -> float:
        if not self._size["gateway"]:
            return 0.0
        gigabytes = self._month(self._load.changes) * self._given["bytes on the wire for a record"] / 1e9
        hourly = self._prices["gateway hour"] + self._prices["address hour"]
        return float(self._hours * hourly + 2 * gigabytes * self._prices["gateway gigabyte"])

    def watching(self) -> float:
        gigabytes = self._month(self._load.executions) * self._given["bytes of logs for an execution"] / 1e9
        return float(
            max(0, gigabytes - self._free["logs gigabytes"]) * self._prices["logs gigabyte"]
            + LOG_ALERTS * self._prices["log alert and month"]
            + METRIC_ALERTS * self._prices["metric alert and month"]
        )

    @property
    def _hours(self) -> float:
        return float(self._given["hours a month"])

    def _month(self, a_day: float) -> float:
        return float(a_day * self._given["days a month"])


def costs(given: Mapping[str, Any]) -> str:
    """The table of docs/deploy.md: dollars a month."""
    sizes = given["sizes"]
    bills = {name: Bill(size, given).parts() for name, size in sizes.items()}
    head = (
        "US dollars a month",
        *(f"{name}: {size['changes a day']:,} changes a day" for name, size in sizes.items()),
    )
    parts = next(iter(bills.values()))
    rows = [(part, *(f"{bill[part]:,.0f}" for bill in bills.values())) for part in parts]
    total = ("**together**", *(f"**{sum(bill.values()):,.0f}**" for bill in bills.values()))
    return load.table(head, [*rows, total])


TABLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {"costs": costs, "scaling": load.scaling}


def made(text: str, given: Mapping[str, Any]) -> str:
    """A page with its tables as the inputs have them now."""
    return MADE.sub(lambda found: f"{found[1]}\n{TABLES[found[2]](given)}\n{found[3]}", text)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the tables into their pages")
    given = load.read()
    if parser.parse_args().write:
        for page in (DOCS / "deploy.md", DOCS / "scaling.md"):
            page.write_text(made(page.read_text("utf-8"), given), encoding="utf-8")
    else:
        print("\n".join(make(given) for make in TABLES.values()))  # noqa: T201 - what it is asked for


if __name__ == "__main__":
    main()
