"""Plays random histories, as many as you like: `python -m benchmarks.histories --seeds 2000 [--from N]`.

--company second plays them between Dynamics 365, the ERP and a partner; --pushes has systems push as well.

Prints how many a second, and for each seed that fails the shortest story that still does. Exits 1 if any did.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.histories.seeds import story


def main() -> int:
    arguments = _arguments()
    logging.disable(logging.WARNING)  # faults are what histories are made of
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    began, failed = time.perf_counter(), 0
    with ProcessPoolExecutor(arguments.processes) as pool:
        play = partial(_story, company=arguments.company, pushes=arguments.pushes)
        for seed, told in zip(seeds, pool.map(play, seeds, chunksize=5), strict=True):
            if told is not None:
                failed += 1
                print(f"\n{told}\n", flush=True)
            if (seed + 1 - seeds.start) % 100 == 0 or seed == seeds[-1]:
                _progress(seed + 1 - seeds.start, failed, began)
    return int(failed > 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.histories", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000, help="how many histories")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--company", default="first", choices=("first", "second"), help="whose systems")
    parser.add_argument("--pushes", action="store_true", help="systems push as well")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="as many at once")
    return parser.parse_args()


def _story(seed: int, company: str, *, pushes: bool) -> str | None:
    logging.disable(logging.WARNING)
    return story(seed, company, pushes=pushes)


def _progress(count: int, failed: int, began: float) -> None:
    seconds = time.perf_counter() - began
    print(f"{count:>7} histories, {failed} failed, {count / seconds:.1f} a second", flush=True)


if __name__ == "__main__":
    sys.exit(main())
