"""Lives through days with a limit of 100,000 calls, with the budget and without: `python -m benchmarks.day`.

    usual day    people make 94,000 calls, the hub some thousand in real time
    surge        the LMS tells three times as much; real time would need more calls than are left
    usual day    for what was deferred

All in virtual time, with the simulated Salesforce counting each call of anybody. Prints both ways; exits 1 if
with the budget any call was refused, a high change was older than its freshness (two steps: it may have just
missed a poll), or a low one had not arrived when the next day was over; or if without it nothing was refused.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tests.surge import Company, Day, Size, company

BUDGETS = {"with the budget": "{reserve: 3%}", "without it": "off"}
FULL = Size(limit=100_000, people=94_000, step=240)


def main() -> int:
    logging.getLogger("crosswalk.budget").setLevel(logging.ERROR)
    size = _size()
    failed = []
    for name, budget in BUDGETS.items():
        print(f"\n{name} ({size.limit:,} calls a day, {size.people:,} of them people's)", flush=True)
        failed += asyncio.run(_days(company(size, budget=budget), kept=budget != "off"))
    print("\n" + ("\n".join(failed) or "all as it should be"))
    return int(bool(failed))


def _size() -> Size:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.day", description=__doc__)
    parser.add_argument("--small", action="store_true", help="a twentieth of it, in less than a minute")
    small = parser.parse_args().small
    return (
        replace(FULL, limit=FULL.limit // 20, people=FULL.people // 20, step=FULL.step * 20)
        if small
        else FULL
    )


async def _days(company: Company, *, kept: bool) -> list[str]:
    try:
        await company.open()
        print(f"{'day':<8}{'calls':>8}{'refused':>9}{'people refused':>16}", end="")
        print("".join(f"{title:>16}" for title in ("high, oldest", "normal, oldest", "low, oldest", "left")))
        size = company.size
        for name, told in (("usual", size.told), ("surge", size.told * size.surge), ("after", size.told)):
            began = time.perf_counter()
            _tell(await company.live(name, told, _progress(name, size.steps)), time.perf_counter() - began)
        return _wrong(company, kept=kept)
    finally:
        await company.world.close()


def _progress(name: str, steps: int) -> Callable[[int], None]:
    def watch(step: int) -> None:
        if sys.stderr.isatty() and step % 10 == 0:
            print(f"\r{name} {100 * step // steps} %", end="\r", file=sys.stderr, flush=True)

    return watch


def _tell(day: Day, seconds: float) -> None:
    ages = "".join(f"{_age(day.oldest(entity)):>16}" for entity in ("lead", "account", "contact"))
    left = sum(day.left.values())
    counted = f"{day.name:<8}{day.calls:>8,}{day.refused:>9,}{day.people_refused:>16,}"
    print(f"{counted}{ages}{left:>16,}   ({seconds:.0f} s)", flush=True)


def _age(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _wrong(company: Company, *, kept: bool) -> list[str]:
    refused = sum(day.refused + day.people_refused for day in company.days)
    if not kept:
        return [] if refused else ["without the budget nothing was refused: the day is too easy"]
    oldest = max(day.oldest("lead") for day in company.days)
    told_in_surge = company.world.time.at - timedelta(days=1)
    waiting = company.left_of("contact", told_in_surge)
    return [
        *([f"{refused} calls were refused"] if refused else []),
        *([f"a high change was {oldest:.0f} s old"] if oldest > 2 * company.size.step else []),
        *([f"{waiting} low changes of the surge have not arrived a day later"] if waiting else []),
    ]


if __name__ == "__main__":
    sys.exit(main())
