"""One instance of the hub polls and another one delivers, beside each other on one SQLite file: the benchmark
of the path, played small, which ends badly where Salesforce does not show what the LMS says.
"""

from __future__ import annotations

import json
import subprocess
import sys

CHANGES = 500


def test_one_polls_and_one_delivers_and_both_systems_end_alike():
    command = [sys.executable, "-m", "benchmarks.path", "--changes", str(CHANGES)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    told = {line["what"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert told["distinct, at once"]["calls"] == 3, "200 records in each"
    assert told["coalesced, at once"]["calls"] == 2, "of 300 records 210 end otherwise"
