"""How doors bear what strangers send: mutated requests, by the ten thousand.

    python -m benchmarks.mutations --requests 100000 [--seed 1]

Prints the answers by status, how much was queued, and the memory after each tenth. Ends with 1 where a
request raised, was answered with a status that is none of a door's, or had something queued that is bad.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from resource import getpagesize
from time import perf_counter

from tests.push.mutations import Mutations

MIB = 1024 * 1024


def resident() -> float:
    """MiB of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * getpagesize() / MIB


async def measure(requests: int, seed: int) -> bool:
    mutations = Mutations(seed)
    began = perf_counter()
    for _ in range(10):
        tally = await mutations.run(requests // 10)
        print(f"{tally.requests:>8,} requests   {resident():6.1f} MiB   {perf_counter() - began:6.1f} s")
        if tally.wrong:
            break
    for status, count in sorted(tally.statuses.items()):
        print(f"{status:>8} {count:>8,}")
    print(f"{tally.queued:,} events queued, {len(tally.wrong)} wrong")
    for line in tally.wrong[:20]:
        print(line)
    return not tally.wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    return 0 if asyncio.run(measure(said.requests, said.seed)) else 1


if __name__ == "__main__":
    sys.exit(main())
