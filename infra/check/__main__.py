"""Checks the templates: python -m infra.check

Reads every template, resolves its names, compares it with Azure's models; then works out what each
environment would make, compares that too, and holds it against the policies. Each fault has its place.

--arm FILE writes what the largest environment would make as one ARM template, for checks of others.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.check import environments

FOLDER = Path(__file__).parent.parent


def main(given: Sequence[str] | None = None) -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--arm", type=Path, help="write an ARM template to this file, and check nothing")
    said = arguments.parse_args(given)
    if said.arm:
        said.arm.write_text(json.dumps(environments.template(FOLDER, "large"), indent=1), encoding="utf-8")
        return 0
    faults = environments.check(FOLDER)
    for fault in faults:
        print(fault)  # noqa: T201 - what a command finds it says
    if not faults:
        names = ", ".join(sorted(environments.named(FOLDER)))
        print(f"The templates are sound, and so is what they make in: {names}.")  # noqa: T201 - as above
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
