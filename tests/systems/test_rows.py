"""The state of a simulated system: what is committed is there again, also after a kill."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.systems.rows import Rows

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WRITER = """
import sys
from pathlib import Path
from local.systems.rows import Rows

rows = Rows(Path(sys.argv[1]))
for number in range(10**9):
    for place in range(20):
        rows.put("notes", f"{number % 50}-{place}", {"number": number, "text": "x" * 200})
    rows.delete("notes", f"{number % 50}-0")
    rows.count("requests")
    rows.commit()
    print(number, flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state" / "rows.sqlite"


def test_committed_rows_and_counters_are_there_after_a_restart(path):
    rows = Rows(path)
    rows.put("notes", "a", {"text": "\u05e9\u05dc\u05d5\u05dd \U0001f33b"})
    rows.put("notes", "b", {"text": None})
    rows.delete("notes", "b")
    rows.count("ids")
    rows.count_on("ids", 7)
    rows.count_on("ids", 3)
    rows.commit()
    rows.put("notes", "c", {"text": "never committed"})
    rows.close()
    again = Rows(path)
    assert dict(again.table("notes")) == {"a": {"text": "\u05e9\u05dc\u05d5\u05dd \U0001f33b"}}
    assert again.count("ids") == 8
    again.close()


def test_an_index_made_after_a_restart_knows_the_rows_of_before(path):
    rows = Rows(path)
    rows.put("notes", "a", {"at": 2})
    rows.put("notes", "b", {"at": 1})
    rows.commit()
    rows.close()
    again = Rows(path)
    assert [key for _, key in again.order("notes", lambda row: row["at"])] == ["b", "a"]
    assert again.finder("notes", lambda row: row["at"]).find(2) == ["a"]
    again.close()


def test_what_was_acknowledged_survives_a_kill(path):
    """The writer is killed in the midst of its work; what it had called committed is there, and whole."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = 0
    for line in writer.stdout:
        acknowledged = int(line)
        if acknowledged == 300:
            writer.kill()
            break
    acknowledged = max([acknowledged, *(int(line) for line in writer.stdout if line.endswith("\n"))])
    writer.stdout.close()
    writer.wait()
    rows = Rows(path)
    requests = rows.count("requests") - 1
    assert acknowledged + 1 <= requests <= acknowledged + 2  # the last may have been committed and not said
    last = requests - 1
    assert {row["number"] for key, row in rows.table("notes").items() if key.startswith(f"{last % 50}-")} == {
        last
    }
    assert f"{last % 50}-0" not in rows.table("notes")
    rows.close()


def test_the_journal_does_not_grow_with_the_number_of_writes(path):
    rows = Rows(path)
    for number in range(600):
        for key in range(200):
            rows.put("notes", str(key), {"number": number, "text": "x" * 100})
        rows.commit()
    rows.close()
    assert path.stat().st_size < 12_000_000  # 120,000 writes of 130 bytes, of which the last 200 count
    again = Rows(path)
    assert {row["number"] for row in again.table("notes").values()} == {599}
    again.close()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from("abc"), st.integers(0, 9)),
        st.tuples(st.just("delete"), st.sampled_from("abc"), st.none()),
        st.tuples(st.just("hold"), st.none(), st.integers(1, 5)),
        st.tuples(st.just("free"), st.none(), st.none()),
        st.tuples(st.just("wait"), st.none(), st.integers(1, 5)),
    )
)


@given(STEPS)
def test_held_rows_are_seen_as_before_until_their_time_has_come(steps):
    """Against a model that keeps the whole history: what a query sees is what was written and is not held."""
    rows, now, held_until = Rows(), NOW, None
    order = rows.order("t", lambda row: row["at"])
    seen: dict[str, int | None] = {}
    waiting: dict[str, tuple[datetime, int | None]] = {}
    for step, key, number in steps:
        if step in {"put", "delete"}:
            value = number if step == "put" else None
            rows.put("t", key, {"at": value}) if step == "put" else rows.delete("t", key)
            if held_until is not None:
                waiting[key] = (held_until, value)
            elif key in waiting:
                waiting[key] = (waiting[key][0], value)
            else:
                seen[key] = value
        elif step == "wait":
            now += timedelta(seconds=number)
            rows.reveal(now)
            for due in [key for key, (until, _) in waiting.items() if until <= now]:
                seen[due] = waiting.pop(due)[1]
        else:
            held_until = now + timedelta(seconds=number) if step == "hold" else None
            rows.hold(held_until)
        visible = {key: {"at": value} for key, value in seen.items() if value is not None}
        view = rows.view("t")
        assert dict(view) == visible
        assert len(view) == len(visible)
        assert [view[key] for _, key in order] == sorted(visible.values(), key=lambda row: row["at"])
