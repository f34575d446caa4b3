"""The control plane: what it shows of a system, and the faults that it lets strike."""

from __future__ import annotations

import httpx
import pytest

from local.systems.transport import SyncSystemTransport
from tests.systems.clock import StillClock
from tests.systems.shelf import controlled_shelf


@pytest.fixture
def clock():
    return StillClock()


@pytest.fixture
def shelf(clock):
    with httpx.Client(
        transport=SyncSystemTransport(controlled_shelf(clock)), base_url="http://shelf"
    ) as client:
        yield client


def put(shelf, *keys):
    return shelf.post("/notes", json=[{"key": key} for key in keys])


def keys(shelf):
    return [note["key"] for note in shelf.get("/notes").json()]


def order(shelf, **fault):
    answer = shelf.post("/_sim/faults", json=fault)
    assert answer.status_code == 201


def calls(shelf, **params):
    return shelf.get("/_sim/calls", params=params).json()["calls"]


# What was called


def test_the_call_log_tells_what_was_asked_and_how_much_went_over_the_wire(shelf):
    sent = put(shelf, "a", "b")
    shelf.get("/notes?limit=5", headers={"User-Agent": "someone"})
    write, read = calls(shelf)
    assert write | {"client": ""} == {
        "number": 1,
        "at": "2026-03-01T09:00:00+00:00",
        "method": "POST",
        "path": "/notes",
        "status": 200,
        "bytes_in": len(sent.request.content),
        "bytes_out": len(sent.content),
        "records": 2,
        "write": True,
        "client": "",
    }
    assert (read["path"], read["write"], read["records"], read["client"]) == (
        "/notes?limit=5",
        False,
        2,
        "someone",
    )


def test_a_system_may_say_that_a_post_wrote_nothing(shelf):
    shelf.post("/search")
    assert [call["write"] for call in calls(shelf)] == [False]


def test_calls_can_be_asked_for_from_a_number_on_and_cleared(shelf):
    for key in "abc":
        put(shelf, key)
    assert [call["number"] for call in calls(shelf, since=1)] == [2, 3]
    assert shelf.delete("/_sim/calls").status_code == 204
    assert calls(shelf) == []
    put(shelf, "d")
    assert [call["number"] for call in calls(shelf)] == [4]
    assert shelf.get("/_sim/calls", params={"since": "x"}).status_code == 400


def test_the_control_plane_is_not_in_its_own_log(shelf):
    shelf.get("/_sim/records")
    assert calls(shelf) == []


def test_records_are_counted_and_shown(shelf):
    put(shelf, "a", "b")
    assert shelf.get("/_sim/records").json() == {"records": {"notes": 2}}
    assert [row["key"] for row in shelf.get("/_sim/records/notes").json()["records"]] == ["a", "b"]
    unknown = shelf.get("/_sim/records/books")
    assert (unknown.status_code, unknown.json()["error"]) == (404, "no object books; there are notes")


def test_a_system_may_have_further_paths(shelf):
    assert shelf.post("/_sim/dust").content == b"dusted"
    assert shelf.post("/_sim/paint").status_code == 404


# Faults


@pytest.mark.parametrize(
    "fault, said",
    [
        ({"kind": "flood"}, "unknown kind flood"),
        ({"kind": "drop", "count": 0}, "count"),
        ({"kind": "drop", "share": 1.5}, "share"),
        ({"kind": "drop", "often": 1}, "often"),
        ({}, "kind"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_the_reason(shelf, fault, said):
    answer = shelf.post("/_sim/faults", json=fault)
    assert answer.status_code == 400
    assert said in answer.json()["error"]
    assert shelf.get("/_sim/faults").json() == {"faults": []}


def test_a_fault_strikes_as_often_as_was_ordered(shelf):
    order(shelf, kind="error", count=2)
    assert [put(shelf, key).status_code for key in "abcd"] == [500, 500, 200, 200]
    assert keys(shelf) == ["c", "d"]
    (fault,) = shelf.get("/_sim/faults").json()["faults"]
    assert (fault["kind"], fault["struck"], fault["left"]) == ("error", 2, 0)


def test_a_share_of_requests_is_struck_the_same_for_the_same_seed(shelf):
    def struck():
        order(shelf, kind="error", share=0.3, seed=5)
        statuses = [put(shelf, "a").status_code for _ in range(200)]
        shelf.delete("/_sim/faults")
        return statuses

    first, second = struck(), struck()
    assert first == second
    assert 30 < first.count(500) < 90


def test_a_share_may_end_with_a_count(shelf):
    order(shelf, kind="error", share=0.5, count=3)
    assert [put(shelf, "a").status_code for _ in range(50)].count(500) == 3


def test_a_fault_meets_only_the_method_path_and_text_it_names(shelf):
    order(shelf, kind="error", method="post", path="/notes", match="poison")
    assert put(shelf, "fine").status_code == 200
    assert put(shelf, "poison").status_code == 500
    assert shelf.put("/notes", json=[{"key": "poison"}]).status_code == 200
    assert shelf.post("/other", json=[{"key": "poison"}]).status_code == 200


def test_a_fault_that_the_system_has_no_answer_for_is_not_spent(shelf):
    order(shelf, kind="error", count=1)
    assert shelf.put("/login", json=[]).status_code == 200
    assert put(shelf, "a").status_code == 500


def test_faults_can_be_called_off(shelf):
    order(shelf, kind="error")
    assert shelf.delete("/_sim/faults").status_code == 204
    assert put(shelf, "a").status_code == 200


def test_single_records_are_struck_inside_an_answer_that_is_fine(shelf):
    order(shelf, kind="reject_records", count=2)
    assert put(shelf, "a", "b", "c").json() == ["refused", "refused", "done"]
    order(shelf, kind="reject_records", match="poison")
    assert put(shelf, "d", "poison", "e").json() == ["done", "refused", "done"]


def test_a_connection_can_drop_before_anything_is_done(shelf):
    order(shelf, kind="drop", count=1)
    with pytest.raises(httpx.RemoteProtocolError):
        put(shelf, "a")
    assert keys(shelf) == []
    assert [call["status"] for call in calls(shelf)] == [0, 200]


def test_a_connection_can_drop_after_the_write_was_done(shelf):
    order(shelf, kind="drop_after_write", count=1)
    assert keys(shelf) == []  # a read is no write
    with pytest.raises(httpx.RemoteProtocolError):
        put(shelf, "a")
    assert keys(shelf) == ["a"]


def test_a_slow_answer_is_a_timeout_for_those_who_do_not_wait_with_the_work_done(shelf):
    order(shelf, kind="slow", seconds=30, count=2)
    with pytest.raises(httpx.ReadTimeout):
        shelf.post("/notes", json=[{"key": "a"}], timeout=5)
    assert shelf.post("/notes", json=[{"key": "b"}], timeout=60).status_code == 200
    assert keys(shelf) == ["a", "b"]


def test_late_rows_show_up_in_queries_later_with_their_older_stamp(shelf, clock):
    put(shelf, "a")
    order(shelf, kind="late", seconds=10, count=1)
    clock.advance(1)
    put(shelf, "late")
    clock.advance(1)
    put(shelf, "b")
    assert keys(shelf) == ["a", "b"]
    clock.advance(9)
    assert keys(shelf) == ["a", "late", "b"]
    assert shelf.get("/notes").json()[1]["at"] == "2026-03-01T09:00:01+00:00"
