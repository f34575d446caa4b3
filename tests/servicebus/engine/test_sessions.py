"""Queues with sessions: one receiver at a time for each."""

from datetime import timedelta

import pytest

from local.servicebus.engine.broker import SessionLock
from local.servicebus.engine.errors import (
    ArgumentError,
    MessageNotFoundError,
    NotAllowedError,
    SessionCannotBeLockedError,
    SessionLockLostError,
)
from local.servicebus.engine.message import Message, ReceiveMode
from tests.servicebus.engine.desk import Desk, text, token


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.queue(requires_session=True)
    return desk


def put(desk: Desk, *bodies: str) -> None:
    """`a1` is the message 1 of the session a."""
    for body in bodies:
        desk.put("q", Message(body=body.encode(), session_id=body[0]))


def accept(desk: Desk, session_id: str | None = None) -> SessionLock:
    session = desk.broker.accept_session("q", session_id)
    assert session is not None
    return session


def bodies(desk: Desk, session: SessionLock, count: int = 10) -> list[str]:
    return [text(found) for found in desk.broker.receive("q", count, session=session)]


def test_a_session_gives_its_own_messages_in_order(desk: Desk):
    put(desk, "a1", "b1", "a2", "b2")
    assert bodies(desk, accept(desk, "b")) == ["b1", "b2"]
    assert bodies(desk, accept(desk, "a")) == ["a1", "a2"]


def test_the_next_available_session_is_the_one_that_has_waited_longest(desk: Desk):
    put(desk, "b1", "a1")
    assert [accept(desk).session_id, accept(desk).session_id] == ["b", "a"]
    assert desk.broker.accept_session("q") is None


def test_a_held_session_cannot_be_taken_by_another_and_gets_new_messages(desk: Desk):
    put(desk, "a1")
    session = accept(desk)
    assert bodies(desk, session) == ["a1"]
    put(desk, "a2")
    with pytest.raises(SessionCannotBeLockedError):
        desk.broker.accept_session("q", "a")
    assert desk.broker.accept_session("q") is None
    assert bodies(desk, session) == ["a2"]


def test_a_named_session_needs_no_messages(desk: Desk):
    session = accept(desk, "z")
    assert bodies(desk, session) == []
    assert desk.broker.sessions("q") == []


def test_releasing_gives_messages_back_in_order_without_raising_the_count(desk: Desk):
    put(desk, "a1", "a2")
    session = accept(desk)
    bodies(desk, session)
    desk.broker.release_session(session)
    again = desk.broker.receive("q", 5, session=accept(desk))
    assert [(text(found), found.delivery_count) for found in again] == [("a1", 0), ("a2", 0)]
    with pytest.raises(SessionLockLostError):
        desk.broker.receive("q", 1, session=session)


def test_a_lock_that_expires_fails_its_deliveries_and_tells_its_holder(desk: Desk):
    put(desk, "a1", "a2")
    told: list[str] = []
    session = desk.broker.accept_session("q", "a", lambda: told.append("lost"))
    assert session is not None
    [taken] = desk.broker.receive("q", 1, session=session)
    desk.later(seconds=60)
    desk.broker.advance()
    assert told == ["lost"]
    for act in (
        lambda: desk.broker.complete("q", token(taken)),
        lambda: desk.broker.renew_session(session),
        lambda: desk.broker.receive("q", session=session),
    ):
        with pytest.raises(SessionLockLostError):
            act()
    desk.broker.release_session(session)
    again = desk.broker.receive("q", 5, session=accept(desk))
    assert [(text(found), found.delivery_count) for found in again] == [("a1", 1), ("a2", 0)]


def test_renewing_a_session_keeps_it_and_its_messages(desk: Desk):
    put(desk, "a1")
    session = accept(desk)
    [taken] = desk.broker.receive("q", session=session)
    for _ in range(5):
        desk.later(seconds=50)
        session = desk.broker.renew_session(session)
    assert session.locked_until == desk.now + timedelta(minutes=1)
    desk.broker.complete("q", token(taken))
    with pytest.raises(NotAllowedError):
        desk.broker.renew("q", token(taken))


def test_state_outlives_the_lock_until_it_is_taken_away(desk: Desk):
    session = accept(desk, "a")
    assert desk.broker.session_state("q", "a") is None
    desk.broker.set_session_state("q", "a", b"seen 3")
    desk.broker.release_session(session)
    assert desk.broker.session_state("q", "a") == b"seen 3"
    assert desk.broker.sessions("q") == ["a"]
    desk.broker.set_session_state("q", "a", None)
    assert desk.broker.sessions("q") == []


def test_sessions_are_listed_by_content_or_by_when_their_state_was_set(desk: Desk):
    put(desk, "b1", "a1")
    desk.broker.set_session_state("q", "c", b"x")
    noon = desk.later(hours=1)
    desk.later(hours=1)
    desk.broker.set_session_state("q", "a", b"y")
    assert desk.broker.sessions("q") == ["a", "b", "c"]
    assert desk.broker.sessions("q", noon) == ["a"]


def test_a_message_without_a_session_is_refused_and_a_plain_receive_too(desk: Desk):
    with pytest.raises(NotAllowedError):
        desk.send("q", "a")
    with pytest.raises(NotAllowedError):
        desk.take()
    with pytest.raises(NotAllowedError):
        desk.broker.check_receiver("q", with_session=False)
    with pytest.raises(ArgumentError):
        desk.put("q", Message(session_id="a", partition_key="b"))
    desk.queue("plain")
    with pytest.raises(NotAllowedError):
        desk.broker.accept_session("plain")
    with pytest.raises(NotAllowedError):
        desk.broker.check_receiver("plain", with_session=True)


def test_a_deferred_message_belongs_to_its_session(desk: Desk):
    put(desk, "a1", "b1")
    first, other = accept(desk, "a"), accept(desk, "b")
    [taken] = desk.broker.receive("q", session=first)
    desk.broker.defer("q", token(taken))
    with pytest.raises(MessageNotFoundError):
        desk.broker.receive_deferred("q", [taken.sequence_number], session=other)
    [again] = desk.broker.receive_deferred("q", [taken.sequence_number], session=first)
    desk.broker.complete("q", token(again))
    assert desk.counts().active == 1


def test_peek_can_look_into_one_session(desk: Desk):
    put(desk, "a1", "b1", "a2")
    assert [text(found) for found in desk.broker.peek("q", 0, 9, "a")] == ["a1", "a2"]
    assert desk.broker.peek("q", 0, 9, "z") == []
    assert len(desk.broker.peek("q", 0, 9)) == 3


def test_the_dead_letters_of_a_session_queue_need_no_session(desk: Desk):
    put(desk, "a1")
    [taken] = desk.broker.receive("q", session=accept(desk))
    desk.broker.dead_letter("q", token(taken), "Bad")
    assert desk.drain("q/$DeadLetterQueue") == ["a1"]


def test_a_session_whose_messages_expired_is_not_offered(desk: Desk):
    desk.put("q", Message(body=b"a1", session_id="a", time_to_live=timedelta(seconds=5)))
    desk.later(seconds=5)
    assert desk.broker.accept_session("q") is None
    assert desk.broker.sessions("q") == []


def test_the_lock_on_a_session_can_be_asked_for_and_ends_with_the_queue(desk: Desk):
    told: list[str] = []
    session = desk.broker.accept_session("q", "a", lambda: told.append("lost"))
    assert desk.broker.session_lock("q", "a") == session
    with pytest.raises(SessionLockLostError):
        desk.broker.session_lock("q", "b")
    desk.namespace.delete_queue("q")
    assert told == ["lost"]


def test_receive_and_delete_works_in_a_session(desk: Desk):
    put(desk, "a1", "a2")
    session = accept(desk)
    assert len(desk.broker.receive("q", 5, ReceiveMode.RECEIVE_AND_DELETE, session)) == 2
    assert desk.counts().total == 0


def test_a_watcher_is_woken_when_a_session_becomes_free(desk: Desk):
    put(desk, "a1")
    session = accept(desk)
    woken: list[str] = []
    desk.broker.watch("q", lambda: woken.append("!"))
    desk.broker.release_session(session)
    assert woken
