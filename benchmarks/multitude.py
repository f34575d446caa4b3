"""Many customers in Dataverse and the ERP: `python -m benchmarks.multitude [--rows 50000] [--changed 10000]`.

Prints what was written, and in how many calls and seconds: when a delta token has expired, 12 rows were
edited and 3 deleted meanwhile; and when so many customers are edited in the ERP at once. Exits 1 where more
was written than had changed, or in more calls than need be. The hub's store is in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Awaitable

from tests.flows.business import business, customers_both_ways
from tests.flows.multitude import Cost, Multitude


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.multitude", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, help="customers where the token expires")
    parser.add_argument("--changed", type=int, default=10_000, help="customers that are edited at once")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    sound = asyncio.run(_expired(arguments.rows)) & asyncio.run(_all_changed(arguments.changed))
    return int(not sound)


async def _expired(rows: int) -> bool:
    many = await _begun(rows)
    many.expire(edited=12, deleted=3)
    cost = await _told(many, f"{rows} rows, 12 edited and 3 deleted, the token expired")
    await many.business.close()
    return cost == Cost(updated_in_erp=12, deleted_in_erp=3, written_in_crm=0, batches=cost.batches)


async def _all_changed(rows: int) -> bool:
    many = await _begun(rows)
    many.change_all(city="Ulm")
    cost = await _told(many, f"{rows} customers edited in the ERP")
    quiet = await _told(many, "and nothing after it")
    await many.business.close()
    return cost.written_in_crm == rows and cost.batches <= -(-rows // 500) and quiet.batches == 0


async def _begun(rows: int) -> Multitude:
    many = Multitude(business(customers_both_ways()), rows)
    await _timed(many.begin(), f"{rows} customers brought to the ERP")
    return many


async def _told(many: Multitude, what: str) -> Cost:
    await _timed(many.business.settle(), what)
    cost = many.cost()
    print(f"    {cost}, {len(many.business.letters())} dead letters", flush=True)
    return cost


async def _timed(work: Awaitable[None], what: str) -> None:
    began = time.perf_counter()
    await work
    print(f"{what}: {time.perf_counter() - began:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
