"""Links: who may attach to what, how messages are cut into frames, how credit and windows are kept."""

from datetime import timedelta

import pytest

from local.servicebus.amqp.codec.decoding import decode
from local.servicebus.amqp.codec.encoding import encode
from local.servicebus.amqp.codec.frames import AMQP_HEADER
from local.servicebus.amqp.codec.performatives import (
    Accepted,
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Error,
    Flow,
    Modified,
    Open,
    Rejected,
    Released,
    Source,
    Target,
    Transfer,
)
from local.servicebus.amqp.codec.sections import BATCH_FORMAT, split
from local.servicebus.amqp.codec.values import Array, Described, Symbol, Timestamp, UInt, ULong
from local.servicebus.engine.entities import QueueOptions
from local.servicebus.sas import SharedAccessKey
from tests.servicebus.amqp.peer import KEY, READER, WRITER, Desk, Peer, message

SESSION = Symbol("com.microsoft:session-filter")
WAIT = Symbol("com.microsoft:timeout")


@pytest.fixture
def desk():
    desk = Desk(idle_seconds=100_000)
    namespace = desk.broker.namespace
    namespace.create_queue("orders")
    namespace.create_queue("tickets", QueueOptions(requires_session=True))
    namespace.create_topic("changes")
    namespace.create_subscription("changes", "erp")
    return desk


@pytest.fixture
def peer(desk):
    return desk.authorized()


def bodies(peer):
    return [decode(sections.body[3:]) for _, sections in peer.deliveries()]


# -- who may come in -----------------------------------------------------------------------------------


def test_without_a_token_nothing_opens(desk):
    peer = desk.peer()
    peer.attach_sender("orders")
    assert peer.refusal() == "amqp:unauthorized-access"
    attached = peer.last(Attach)
    assert attached.source is None
    assert attached.target is None


def test_a_token_opens_its_entity_and_what_lies_below_it_and_nothing_else(desk):
    peer = desk.authorized("changes")
    peer.attach_receiver("changes/Subscriptions/erp")
    peer.attach_sender("amqps://desk:5671/changes")
    assert peer.refusal() is None
    peer.attach_sender("orders")
    assert peer.refusal() == "amqp:unauthorized-access"


@pytest.mark.parametrize(
    "token",
    [
        KEY.sign("sb://desk/orders", Desk().loop.now),
        "SharedAccessSignature sr=sb%3A%2F%2Fdesk&sig=bm8%3D&se=99999999999&skn=RootManageSharedAccessKey",
        "eyJhbGciOiJub25lIn0.e30.",
        "",
    ],
)
def test_a_token_that_is_expired_forged_or_foreign_is_refused(desk, token):
    status, _ = desk.peer().put_token(token, "orders")
    assert status == 401


def test_a_token_is_a_string(desk):
    status, _ = desk.peer().put_token(7, "orders")
    assert status == 400


def test_a_link_ends_with_the_token_that_opened_it(desk):
    peer = desk.authorized("orders")
    peer.attach_receiver("orders")
    desk.sleep(3599)
    assert peer.refusal() is None
    desk.sleep(2)
    assert peer.refusal() == "amqp:unauthorized-access"


def test_a_link_that_was_refused_does_not_end_again_with_the_token(desk):
    """Not even one to what is no node at all, and it keeps no other link open."""
    peer = desk.authorized("orders")
    receiver, nowhere = peer.attach_receiver("orders"), Described(ULong(0x30), [])
    peer.say(Attach("tx", 7, role=False, source=Source(), target=nowhere, initial_delivery_count=0))
    assert peer.refusal() == "amqp:not-implemented"
    peer.told.clear()
    desk.sleep(3601)
    assert [detach.handle for detach in peer.all(Detach)] == [receiver]


def test_a_token_that_is_renewed_in_time_keeps_the_link(desk):
    peer = desk.authorized("orders")
    peer.attach_receiver("orders")
    desk.sleep(3000)
    expiry = desk.loop.now.replace(year=2027)
    assert peer.put_token(KEY.sign("sb://desk/orders", expiry), "orders")[0] == 202
    desk.sleep(2000)
    assert peer.refusal() is None


def test_what_a_key_has_no_right_to_is_not_attached(desk):
    reader, writer = desk.authorized("orders", READER), desk.authorized("orders", WRITER)
    reader.attach_receiver("orders")
    writer.attach_sender("orders")
    assert (reader.refusal(), writer.refusal()) == (None, None)
    reader.attach_sender("orders")
    writer.attach_receiver("orders")
    assert (reader.refusal(), writer.refusal()) == ("amqp:unauthorized-access",) * 2


def test_the_management_node_takes_the_right_to_listen(desk):
    writer = desk.authorized("orders", WRITER)
    writer.attach_sender("orders/$management")
    assert writer.refusal() == "amqp:unauthorized-access"


def test_a_token_for_a_management_node_opens_that_node_alone(desk):
    """Some clients ask for one, others for the entity's."""
    peer = desk.authorized("orders/$management")
    assert peer.manage("orders", "renew-lock", {"lock-tokens": Array()})[0] == 200
    assert peer.manage("orders", "cancel-scheduled-message", {"sequence-numbers": Array()})[0] == 200
    peer.attach_sender("orders")
    assert peer.refusal() == "amqp:unauthorized-access"


def test_to_schedule_takes_the_right_to_send_too(desk):
    reader = desk.authorized("orders", READER)
    for operation in ("schedule-message", "cancel-scheduled-message"):
        status, answer = reader.manage("orders", operation, {})
        assert (status, answer) == (401, "amqp:unauthorized-access")


def test_a_token_for_what_is_not_there_is_told_so_if_its_key_is_good(desk):
    later = desk.loop.now + timedelta(hours=1)
    for path in ("nowhere", "nowhere/$management", "changes/Subscriptions/nowhere"):
        assert desk.peer().put_token(KEY.sign(f"sb://desk/{path}", later), path)[0] == 404
        stranger = SharedAccessKey("stranger", "x").sign(f"sb://desk/{path}", later)
        assert desk.peer().put_token(stranger, path)[0] == 401


# -- what is there to attach to ------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["orders", "ORDERS", "/orders", "sb://x/orders", "amqps://x:1/ord%65rs"])
def test_an_address_is_a_name_a_path_or_a_uri_in_any_case(peer, address):
    peer.attach_sender(address)
    assert peer.last(Attach).target.address == address
    assert peer.refusal() is None


@pytest.mark.parametrize(
    "address, condition",
    [
        ("nowhere", "amqp:not-found"),
        ("nowhere/$management", "amqp:not-found"),
        ("changes/Subscriptions/nowhere", "amqp:not-found"),
        ("changes/Subscriptions/erp", "amqp:not-allowed"),
        ("", "amqp:invalid-field"),
        (UInt(7), "amqp:invalid-field"),
    ],
)
def test_a_sender_that_cannot_be_attached_is_told_why(peer, address, condition):
    peer.attach_sender(address)
    assert peer.refusal() == condition


def test_a_transaction_coordinator_is_not_offered(peer):
    coordinator = Described(ULong(0x30), [])
    peer.say(Attach("tx", 7, role=False, source=Source(), target=coordinator, initial_delivery_count=0))
    assert peer.refusal() == "amqp:not-implemented"


def test_a_handle_is_used_once(peer):
    peer.say(Attach("one", 9, role=False, source=Source(), target=Target("orders"), initial_delivery_count=0))
    peer.say(Attach("two", 9, role=False, source=Source(), target=Target("orders"), initial_delivery_count=0))
    assert peer.last(End).error.condition == "amqp:session:handle-in-use"


def test_a_refused_link_leaves_its_handle_when_the_client_has_noticed(peer):
    handle = peer.attach_sender("nowhere")
    peer.transfer(handle, message())  # was under way
    peer.say(Detach(handle, closed=True))
    peer.say(
        Attach(
            "again", handle, role=False, source=Source(), target=Target("orders"), initial_delivery_count=0
        )
    )
    assert peer.last(Attach).target.address == "orders"


# -- sending -------------------------------------------------------------------------------------------


def test_a_message_is_accepted(desk, peer):
    assert peer.send("orders") == Accepted()
    assert desk.broker.namespace.counts("orders").active == 1


def test_a_sender_that_has_settled_is_not_answered(desk, peer):
    peer.told.clear()
    peer.transfer(peer.attach_sender("orders"), message(), settled=True)
    assert peer.all(Disposition) == []
    assert desk.broker.namespace.counts("orders").active == 1


def test_a_message_of_many_frames_is_put_together(peer):
    sent = message(b"x" * 3000)
    handle = peer.attach_sender("orders")
    for start in range(0, len(sent), 700):
        more = start + 700 < len(sent)
        peer.say(Transfer(handle, 1, b"tag", 0, more=more), sent[start : start + 700])
    assert peer.last(Disposition).state == Accepted()
    peer.flow(peer.attach_receiver("orders"), 1)
    assert bodies(peer)[-1] == b"x" * 3000


def test_a_message_that_is_aborted_was_never_sent(desk, peer):
    handle = peer.attach_sender("orders")
    peer.say(Transfer(handle, 1, b"tag", 0, more=True), message(b"half")[:9])
    peer.say(Transfer(handle, 1, b"tag", 0, aborted=True))
    peer.transfer(handle, message(b"whole"))
    assert desk.broker.namespace.counts("orders").active == 1


def test_a_batch_is_as_many_messages(peer):
    batch = b"".join(b"\x00\x53\x75" + encode(message(b"%d" % number)) for number in range(3))
    peer.transfer(peer.attach_sender("orders"), batch, message_format=BATCH_FORMAT)
    assert peer.last(Disposition).state == Accepted()
    peer.flow(peer.attach_receiver("orders"), 9)
    assert bodies(peer)[-3:] == [b"0", b"1", b"2"]


def test_a_message_above_the_limit_is_rejected_and_the_link_goes_on(peer):
    handle = peer.attach_sender("orders")
    for number in range(9):
        peer.say(Transfer(handle, 1, b"tag", 0, more=number < 8), b"x" * 60_000)
    assert peer.last(Disposition).state.error.condition == "amqp:link:message-size-exceeded"
    peer.transfer(handle, message())
    assert peer.last(Disposition).state == Accepted()


@pytest.mark.parametrize(
    "payload",
    [
        b"noise",
        b"\x00\x53\x73",
        b"\x00\x53\x99\x45",
        b"\x00\x53\x75\xb0\x7f\xff\xff\xff",
        b"\x00\x53\x73\x45\x00\x53\x73\x45",  # properties twice
        message(properties=["id"] * 14),
        message(application_properties=[1]),
    ],
)
def test_what_is_no_message_is_rejected_and_the_link_goes_on(peer, payload):
    handle = peer.attach_sender("orders")
    peer.transfer(handle, payload)
    assert peer.last(Disposition).state.error.condition == "amqp:decode-error"
    peer.transfer(handle, message())
    assert peer.last(Disposition).state == Accepted()


def test_a_message_without_a_session_is_rejected_where_sessions_are_required(peer):
    state = peer.send("tickets")
    assert isinstance(state, Rejected)
    assert state.error is not None
    assert state.error.condition == "amqp:not-allowed"


def test_a_sender_gets_new_credit_before_it_runs_out(peer):
    handle = peer.attach_sender("orders")
    for _ in range(600):
        peer.transfer(handle, message(), settled=True)
    assert [(flow.delivery_count, flow.link_credit) for flow in peer.all(Flow)][-2:] == [
        (0, 1000),
        (500, 1000),
    ]


def test_a_link_whose_entity_is_deleted_is_detached(desk, peer):
    handle = peer.attach_sender("orders")
    desk.broker.namespace.delete_queue("orders")
    peer.transfer(handle, message())
    assert peer.refusal() == "amqp:not-found"


# -- receiving -----------------------------------------------------------------------------------------


def test_a_receiver_gets_what_its_credit_allows(desk, peer):
    for number in range(3):
        peer.send("orders", b"%d" % number)
    handle = peer.attach_receiver("orders")
    assert len(bodies(peer)) == 1  # the answer to put-token
    peer.flow(handle, 2)
    assert bodies(peer)[1:] == [b"0", b"1"]
    peer.flow(handle, 1, delivery_count=2)
    assert bodies(peer)[1:] == [b"0", b"1", b"2"]


def test_credit_counts_from_the_delivery_count_that_the_client_knew(peer):
    for _ in range(3):
        peer.send("orders")
    handle = peer.attach_receiver("orders")
    peer.flow(handle, 2)
    peer.flow(handle, 2, delivery_count=0)  # crossed the two deliveries
    assert len(bodies(peer)) == 3


def test_a_receiver_with_credit_gets_a_message_when_it_arrives(desk, peer):
    peer.flow(peer.attach_receiver("orders"), 1)
    other = desk.authorized()
    other.send("orders", b"news")
    assert bodies(peer)[-1] == b"news"


def test_a_drain_uses_the_credit_up_and_says_so(peer):
    peer.send("orders")
    handle = peer.attach_receiver("orders")
    peer.flow(handle, 10, drain=True)
    told = peer.last(Flow)
    assert (told.delivery_count, told.link_credit, told.drain) == (10, 0, True)
    peer.send("orders")
    assert len(bodies(peer)) == 2


def test_an_echo_is_answered(peer):
    handle = peer.attach_receiver("orders")
    peer.flow(handle, 5, echo=True)
    assert (peer.last(Flow).handle, peer.last(Flow).link_credit) == (handle, 5)


def test_a_message_is_cut_into_frames_of_the_clients_size(desk):
    peer = Peer(desk)
    peer.write(AMQP_HEADER)
    peer.say(Open("small", max_frame_size=512))
    peer.say(Begin(None, 0, 1000, 1000))
    peer.told.clear()
    peer.put_token(KEY.sign("sb://desk", desk.loop.now.replace(year=2027)), "")
    desk.authorized().send("orders", b"x" * 2000)
    peer.told.clear()
    peer.flow(peer.attach_receiver("orders"), 1)
    frames = [(told.more, len(payload)) for _, told, payload in peer.told if isinstance(told, Transfer)]
    assert [more for more, _ in frames] == [True] * (len(frames) - 1) + [False]
    assert len(frames) > 4
    assert max(size for _, size in frames) < 512
    assert bodies(peer) == [b"x" * 2000]


def test_deliveries_wait_for_the_clients_window(desk):
    peer = desk.authorized()
    for _ in range(3):
        peer.send("orders")
    handle = peer.attach_receiver("orders")
    peer.told.clear()
    peer.say(Flow(1, 2, 0, 1000, handle, 0, 3))
    assert len(peer.deliveries()) == 2
    peer.say(Flow(3, 1000, 0, 1000))
    assert len(peer.deliveries()) == 3


def test_a_client_that_does_not_read_is_not_delivered_to(desk, peer):
    for _ in range(3):
        peer.send("orders")
    handle = peer.attach_receiver("orders")
    peer.told.clear()
    peer.connection.pause()
    peer.flow(handle, 3)
    assert peer.deliveries() == []
    desk.container.turns.run(peer.connection.resume)
    assert len(peer.deliveries()) == 3


def test_a_delivery_says_what_the_broker_knows(desk, peer):
    desk.sleep(1)
    peer.send("orders", header=[True, None, UInt(60_000)], message_annotations={Symbol("x-opt-mine"): "kept"})
    peer.flow(peer.attach_receiver("orders"), 1)
    transfer, sections = peer.deliveries()[-1]
    [token] = decode(sections.delivery_annotations).values()
    assert transfer.delivery_tag == token.bytes_le
    assert decode(sections.header) == [True, None, 60_000, None, 0]
    assert decode(sections.message_annotations) == {
        "x-opt-mine": "kept",
        "x-opt-sequence-number": 1,
        "x-opt-enqueued-time": Timestamp(1767225601000),
        "x-opt-locked-until": Timestamp(1767225661000),
    }


def test_a_copy_says_which_number_it_got_at_the_topic(peer):
    peer.send("changes")
    _, sections = receive(peer, "changes/Subscriptions/erp")
    assert decode(sections.message_annotations)["x-opt-enqueue-sequence-number"] == 1


def test_a_message_that_waits_for_its_time_says_so_when_it_is_looked_at(peer):
    forged = {
        Symbol("x-opt-message-state"): 1,
        Symbol("x-opt-scheduled-enqueue-time"): Timestamp(1867225601000),
    }
    peer.send("orders", message_annotations=forged)
    _, found = peer.manage("orders", "peek-message", {"from-sequence-number": 0, "message-count": 1})
    [entry] = found["messages"]
    assert decode(split(entry["message"]).message_annotations)["x-opt-message-state"] == 2


def test_what_is_received_and_deleted_is_settled_and_gone(desk, peer):
    peer.send("orders", b"once")
    peer.flow(peer.attach_receiver("orders", snd_settle_mode=1), 5)
    transfer, sections = peer.deliveries()[-1]
    assert transfer.settled
    assert transfer.delivery_tag == b""
    assert decode(sections.delivery_annotations) == {}
    assert bodies(peer)[-1] == b"once"
    assert desk.broker.namespace.counts("orders").active == 0


# -- settling ------------------------------------------------------------------------------------------


def receive(peer, address="orders"):
    peer.flow(peer.attach_receiver(address), 1)
    return peer.deliveries()[-1]


def settle(peer, transfer, state, **more):
    peer.say(Disposition(role=True, first=transfer.delivery_id, state=state, **more))
    return peer.last(Disposition)


@pytest.mark.parametrize(
    "outcome, address, count",
    [
        (Released(), "orders", 0),
        (Modified(delivery_failed=True, undeliverable_here=False), "orders", 1),
        (Rejected(), "orders/$DeadLetterQueue", 0),
    ],
)
def test_an_outcome_is_applied_and_answered_alike(peer, outcome, address, count):
    peer.send("orders", b"again")
    answer = settle(peer, receive(peer)[0], outcome)
    assert (answer.role, answer.settled, answer.state) == (False, True, outcome)
    _, sections = receive(peer, address)
    assert decode(sections.header)[4] == count
    assert decode(sections.body[3:]) == b"again"


def test_a_message_that_is_accepted_is_gone(desk, peer):
    peer.send("orders")
    assert settle(peer, receive(peer)[0], Accepted()).state == Accepted()
    assert desk.broker.namespace.counts("orders").active == 0


def test_an_outcome_that_is_settled_is_not_answered(desk, peer):
    peer.send("orders")
    transfer, _ = receive(peer)
    peer.told.clear()
    peer.say(Disposition(role=True, first=transfer.delivery_id, settled=True, state=Accepted()))
    assert peer.all(Disposition) == []
    assert desk.broker.namespace.counts("orders").active == 0


@pytest.mark.parametrize(
    "outcome, condition",
    [
        (Described(ULong(0x34), []), "amqp:not-implemented"),
        (Modified(delivery_failed=True, message_annotations={Symbol("a"): [1]}), "amqp:decode-error"),
    ],
)
def test_an_outcome_that_cannot_be_applied_ends_the_link_alone(desk, peer, outcome, condition):
    for _ in range(2):
        peer.send("orders")
    peer.flow(peer.attach_receiver("orders"), 2)
    peer.say(Disposition(role=True, first=0, last=2, state=outcome))
    assert peer.refusal() == condition
    assert peer.all(Close) == []
    assert peer.send("orders") == Accepted()


def test_a_range_of_deliveries_is_settled_at_once_however_wide_it_says_it_is(desk, peer):
    for _ in range(3):
        peer.send("orders")
    peer.flow(peer.attach_receiver("orders"), 3)
    peer.say(Disposition(role=True, first=0, last=2**32 - 1, state=Accepted()))
    assert desk.broker.namespace.counts("orders").active == 0
    assert [told.first for told in peer.all(Disposition)][-3:] == [1, 2, 3]


def test_a_lock_that_was_lost_is_told(desk, peer):
    peer.send("orders")
    transfer, _ = receive(peer)
    desk.sleep(61)
    assert settle(peer, transfer, Accepted()).state.error.condition == "com.microsoft:message-lock-lost"


def test_a_dead_letter_carries_its_reason_among_the_properties_of_its_sender(peer):
    peer.send("orders", application_properties={"size": UInt(7)})
    reason = {Symbol("DeadLetterReason"): "bad", Symbol("DeadLetterErrorDescription"): "very"}
    error = Rejected(error=Error("com.microsoft:dead-letter", None, reason))
    assert settle(peer, receive(peer)[0], error).state == Rejected()
    _, sections = receive(peer, "orders/$deadletterqueue")
    told = decode(sections.application_properties)
    assert told == {"size": 7, "DeadLetterReason": "bad", "DeadLetterErrorDescription": "very"}
    assert type(told["size"]) is UInt


def test_a_disposition_for_a_link_that_is_gone_is_ignored(desk, peer):
    peer.send("orders")
    handle = peer.attach_receiver("orders")
    peer.flow(handle, 1)
    transfer, _ = peer.deliveries()[-1]
    peer.say(Detach(handle, closed=True))
    peer.told.clear()
    peer.say(Disposition(role=True, first=transfer.delivery_id, state=Accepted()))
    assert peer.told == []
    assert desk.broker.namespace.counts("orders").active == 1


# -- sessions ------------------------------------------------------------------------------------------


def send_to_session(peer, session_id, body=b"hello"):
    assert peer.send("tickets", body, properties=[*[None] * 10, session_id]) == Accepted()


def test_a_session_is_accepted_by_its_name(peer):
    send_to_session(peer, "a")
    send_to_session(peer, "b", b"mine")
    handle = peer.attach_receiver("tickets", {SESSION: "b"})
    attached = peer.last(Attach)
    assert attached.source.filter == {SESSION: "b"}
    assert attached.properties["com.microsoft:locked-until-utc"] == 639028224600000000
    peer.flow(handle, 5)
    assert bodies(peer)[-1] == b"mine"


def test_the_next_session_is_one_that_nobody_holds(desk, peer):
    send_to_session(peer, "a")
    send_to_session(peer, "b")
    peer.attach_receiver("tickets", {SESSION: None})
    other = desk.authorized()
    other.attach_receiver("tickets", {SESSION: None})
    assert {peer.last(Attach).source.filter[SESSION], other.last(Attach).source.filter[SESSION]} == {"a", "b"}


def test_a_session_that_somebody_holds_is_refused(desk, peer):
    peer.attach_receiver("tickets", {SESSION: "a"})
    other = desk.authorized()
    other.attach_receiver("tickets", {SESSION: "a"})
    assert other.refusal() == "com.microsoft:session-cannot-be-locked"


def test_a_receiver_waits_for_the_next_session(desk, peer):
    handle = peer.attach_receiver("tickets", {SESSION: None})
    peer.told.clear()
    send_to_session(desk.authorized(), "late", b"news")
    assert peer.last(Attach).source.filter == {SESSION: "late"}
    peer.flow(handle, 1)
    assert bodies(peer) == [b"news"]


def test_a_receiver_waits_no_longer_than_it_wants_to(desk, peer):
    peer.attach_receiver("tickets", {SESSION: None}, properties={WAIT: UInt(5000)})
    desk.sleep(4)
    assert peer.refusal() is None
    desk.sleep(2)
    assert peer.refusal() == "com.microsoft:timeout"


def test_a_receiver_that_gives_up_waiting_does_not_get_a_session(desk, peer):
    handle = peer.attach_receiver("tickets", {SESSION: None})
    peer.say(Detach(handle, closed=True))
    other = desk.authorized()
    send_to_session(other, "a")
    other.attach_receiver("tickets", {SESSION: "a"})
    assert other.refusal() is None


@pytest.mark.parametrize(
    "ending", [lambda peer, handle: peer.say(Detach(handle, closed=True)), lambda peer, _: peer.hang_up()]
)
def test_a_session_is_free_as_soon_as_its_link_ends(desk, peer, ending):
    handle = peer.attach_receiver("tickets", {SESSION: "a"})
    ending(peer, handle)
    other = desk.authorized()
    other.attach_receiver("tickets", {SESSION: "a"})
    assert other.refusal() is None


def test_a_link_ends_when_its_session_is_lost(desk, peer):
    peer.attach_receiver("tickets", {SESSION: "a"})
    desk.sleep(63)
    assert peer.refusal() == "com.microsoft:session-lock-lost"


def test_a_link_gets_nothing_from_a_lost_session_before_it_is_told(desk, peer):
    handle = peer.attach_receiver("tickets", {SESSION: "a"})
    desk.sleep(60.5)
    send_to_session(desk.authorized(), "a")
    peer.told.clear()
    peer.flow(handle, 1)
    assert peer.deliveries() == []
    desk.sleep(2)
    assert peer.refusal() == "com.microsoft:session-lock-lost"


@pytest.mark.parametrize(
    "address, filters",
    [
        ("tickets", None),
        ("orders", {SESSION: "a"}),
        ("tickets", {SESSION: UInt(7)}),
        ("changes", None),
    ],
)
def test_a_receiver_that_does_not_fit_its_entity_is_refused(peer, address, filters):
    peer.attach_receiver(address, filters)
    assert peer.refusal() == "amqp:not-allowed"


# -- the way back --------------------------------------------------------------------------------------


def test_a_request_without_a_way_back_is_rejected(peer):
    there = peer.attach_sender("orders/$management")
    peer.transfer(there, message())
    assert peer.last(Disposition).state.error.condition == "amqp:not-allowed"


def test_an_answer_waits_for_credit(peer):
    back, there = peer.attach_receiver("orders/$management"), peer.attach_sender("orders/$management")
    peer.told.clear()
    peer.transfer(there, message(application_properties={"operation": "x"}))
    assert peer.deliveries() == []
    peer.flow(back, 1)
    assert len(peer.deliveries()) == 1


def test_numbers_in_an_array_come_back_in_one(peer):
    status, value = peer.manage("orders", "renew-lock", {"lock-tokens": Array()})
    assert (status, value) == (200, {"expirations": []})
