"""Plays a thousand edits that meet, in any number of orders: `python -m benchmarks.meetings [--orders N]`.

Each order is a seed, and is played between each pair of systems under every policy. Prints how many a second;
exits 1 if any of them ended otherwise than its policy says, and names the seed.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from tests.flows.meetings import PAIRS, POLICIES, meet


def main() -> int:
    arguments = _arguments()
    seeds = range(arguments.first, arguments.first + arguments.orders)
    plays = list(product(seeds, arguments.pairs, arguments.policies))
    began, failed = time.perf_counter(), 0
    with ProcessPoolExecutor(arguments.processes) as pool:
        for number, told in enumerate(pool.map(_told, plays, chunksize=2), 1):
            if told is not None:
                failed += 1
                print(f"\n{told}\n", flush=True)
            if number % 20 == 0:
                seconds = time.perf_counter() - began
                print(f"{number:>6} plays, {failed} failed, {number / seconds:.2f} a second", flush=True)
    return int(failed > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.meetings", description=__doc__)
    parser.add_argument("--orders", type=int, default=200, help="how many orders")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first seed")
    parser.add_argument(
        "--policies", nargs="*", default=POLICIES, choices=POLICIES, help="all, if none is named"
    )
    parser.add_argument(
        "--pairs", nargs="*", default=list(PAIRS), choices=PAIRS, help="all, if none is named"
    )
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="as many at once")
    return parser.parse_args()


def _told(play: tuple[int, str, str]) -> str | None:
    """What went wrong in one order between one pair under one policy, if anything did."""
    logging.disable(logging.WARNING)
    seed, pair, policy = play
    try:
        asyncio.run(meet(pair, policy, seed))
    except AssertionError:
        return f"{pair}, {policy}, seed {seed}: {traceback.format_exc(limit=-2)}"
    return None


if __name__ == "__main__":
    sys.exit(main())
