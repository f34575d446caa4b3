"""A source answers with everything: `python -m benchmarks.whole_reads [--rows 50000]`.

Prints what the hub makes of it, in how many seconds: the first load; all again with 12 rows changed and 3
gone; then with 3 % of its rows, which is held; and the release of what was held. The store is in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import time

from shared.pipeline import brake
from tests.flows.office import Office, office, to_lms, topology
from tests.flows.sources import table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_reads", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    asyncio.run(_run(parser.parse_args().rows))


async def _run(rows: int) -> None:
    opened = office(topology(to_lms("account")))
    source = table(opened, rows)
    await _poll(opened, "the first load")
    source.edited, source.gone = frozenset(range(100, 112)), frozenset((5, 6, 7))
    await _poll(opened, "again, 12 changed and 3 gone")
    source.gone |= frozenset(range(rows * 3 // 100, rows))
    await _poll(opened, "again, with 3 % of it")
    print(*(letter.description for letter in opened.world.dead_letters()), sep="\n")
    store, now = opened.world.hub.store, opened.world.time.micros()
    store.transact_now(lambda tx: brake.approve(tx, "salesforce", "account", "benchmark", now))
    await _poll(opened, "approved")
    await opened.world.close()


async def _poll(opened: Office, what: str) -> None:
    opened.world.time.pass_by(3_600)
    began = time.perf_counter()
    polled = await opened.world.hub.polling("salesforce").poll("account")
    seconds = time.perf_counter() - began
    print(f"{what}: {polled.rows} rows read, {polled.changed} records changed, {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
