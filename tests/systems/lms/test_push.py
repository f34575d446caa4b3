"""The LMS's webhooks, as the package of the specification reads them: events, signatures, retries, faults."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from itertools import count

import anyio
import httpx
import orjson
import pytest
from standardwebhooks import Webhook

from local.systems.control import Controlled
from local.systems.lms import Lms
from local.systems.lms.push import RETRIES, LmsManner, signature
from local.systems.push.courier import Courier
from local.systems.rows import Rows
from local.systems.server import SystemServer
from local.systems.transport import SyncSystemTransport
from tests.systems.clock import StillClock
from tests.systems.receiver import Receiver

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


def numbered() -> LmsManner:
    numbers = count(1)
    return LmsManner(lambda: str(next(numbers)))


@pytest.fixture
def lms(clock):
    return Controlled(Lms(Rows(), clock, "a-token", calls_a_minute=6000), clock, manner=numbered())


@pytest.fixture
def receiver(api):
    hub = Receiver()
    assert subscribe(api, hub.url).status_code == 204
    return hub


def subscribe(api, url, secret=SECRET):
    return api.post("http://lms/_sim/push", json={"url": url, "secret": secret})


def told(requests) -> list[tuple[str, int]]:
    events = [orjson.loads(request.content) for request in requests]
    return [(event["type"], event["id"]) for event in events]


def pushes(api):
    return api.get("http://lms/_sim/push").json()


# What is said


def test_each_thing_that_happens_to_a_row_is_an_event(api, lms, receiver):
    company = api.post("/companies", json={"name": "Acme"}).json()["id"]
    api.patch(f"/companies/{company}", json={"phone": "1"})
    api.patch(f"/companies/{company}", json={"status": "inactive"})
    api.patch(f"/companies/{company}", json={"status": "active", "phone": "2"})
    api.delete(f"/companies/{company}")

    assert told(receiver.drain(lms.courier)) == [
        ("companies.created", company),
        ("companies.updated", company),
        ("companies.updated", company),
        ("companies.deactivated", company),
        ("companies.updated", company),
        ("companies.activated", company),
        ("companies.deleted", company),
    ]


def test_an_event_holds_no_values(api, lms, receiver):
    api.post("/companies", json={"name": "Acme", "phone": "+1 555"})

    (event,) = [orjson.loads(request.content) for request in receiver.drain(lms.courier)]

    assert event == {"type": "companies.created", "id": 1, "updated_at": "2026-03-01T09:00:00.000000Z"}


def test_what_changes_nothing_is_not_said(api, lms, receiver, company):
    receiver.drain(lms.courier)
    api.patch(f"/companies/{company}", json={"name": "Acme"})
    api.patch(f"/companies/{company}", json={"name": ""})
    api.get("/companies")

    assert receiver.drain(lms.courier) == []


def test_each_row_of_a_batch_is_said(api, lms, receiver):
    api.post("/companies/batch", json={"records": [{"name": f"C {number}"} for number in range(100)]})

    assert len({request.headers["webhook-id"] for request in receiver.drain(lms.courier)}) == 100


def test_nothing_is_said_before_somebody_subscribes_nor_after(api, lms):
    hub = Receiver()
    api.post("/companies", json={"name": "Before"})
    subscribe(api, hub.url)
    assert api.delete("http://lms/_sim/push").status_code == 204
    api.post("/companies", json={"name": "After"})

    assert (hub.drain(lms.courier), pushes(api)["url"]) == ([], None)


# How it is signed


def test_the_package_of_the_specification_takes_the_signature(clock):
    """By the clock on the wall: the package has no other."""
    clock.now = datetime.now(UTC)
    system = Controlled(Lms(Rows(), clock, "a-token"), clock, manner=numbered())
    client = httpx.Client(transport=SyncSystemTransport(system), headers={"Authorization": "Bearer a-token"})
    with client as api:
        hub = Receiver()
        subscribe(api, hub.url)
        api.post("http://lms/api/v1/companies", json={"name": "Acme"})
        (request,) = hub.drain(system.courier)

    event = Webhook(SECRET).verify(request.content, dict(request.headers))

    assert event["type"] == "companies.created"


def test_the_signature_is_that_of_the_published_vector():
    body, secret = b'{"test": 2432232314}', "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "body, said",
    [
        ({"url": "https://hub.test", "secret": "whsec_c2hvcnQ="}, "secret"),
        ({"url": "https://hub.test", "secret": base64.b64encode(bytes(32)).decode()}, "secret"),
        ({"url": "ftp://hub.test", "secret": SECRET}, "url"),
        ({"url": "https://hub.test"}, "secret"),
        ({"url": "https://hub.test", "secret": SECRET, "often": 1}, "often"),
        ([], "body"),
    ],
)
def test_a_subscription_that_makes_no_sense_is_refused_and_quotes_no_secret(api, body, said):
    answer = api.post("http://lms/_sim/push", json=body)

    assert answer.status_code == 400
    assert said in answer.text
    assert "c2hvcnQ" not in answer.text
    assert pushes(api)["url"] is None


def test_nothing_that_is_told_of_a_subscription_shows_its_secret(api, lms, receiver):
    assert SECRET not in str(pushes(api))
    assert SECRET not in repr(lms.courier.target)


# What counts as heard


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_heard(api, lms, receiver, company, clock, status):
    receiver.answers = [httpx.Response(status)]
    receiver.drain(lms.courier)
    clock.advance(1_000_000)

    assert receiver.drain(lms.courier) == []
    assert pushes(api)["heard"] == 1


NOT_HEARD = [
    *(httpx.Response(status) for status in (301, 307, 400, 401, 404, 409, 413, 429, 500, 503)),
    httpx.ConnectError("nobody there"),
    httpx.ReadTimeout("too long"),
]


@pytest.mark.parametrize("answer", NOT_HEARD, ids=str)
def test_what_is_not_heard_comes_again_with_its_id_and_a_new_time(api, lms, receiver, company, clock, answer):
    receiver.answers = [answer]
    (first,) = receiver.drain(lms.courier)
    clock.advance(4)
    assert receiver.drain(lms.courier) == []
    clock.advance(1)
    (again,) = receiver.drain(lms.courier)

    assert again.headers["webhook-id"] == first.headers["webhook-id"]
    assert int(again.headers["webhook-timestamp"]) == int(first.headers["webhook-timestamp"]) + 5
    assert again.headers["webhook-signature"] != first.headers["webhook-signature"]
    assert again.content == first.content


def test_who_asks_to_be_left_alone_is(api, lms, receiver, company, clock):
    receiver.answers = [httpx.Response(503, headers={"Retry-After": "60"})]
    receiver.drain(lms.courier)

    clock.advance(59)
    assert receiver.drain(lms.courier) == []
    clock.advance(1)
    assert len(receiver.drain(lms.courier)) == 1


def test_retries_come_ever_later_and_end(api, lms, receiver, company, clock):
    receiver.answers = [httpx.Response(500)] * 20
    receiver.drain(lms.courier)
    for seconds in RETRIES:
        clock.advance(seconds)
        assert len(receiver.drain(lms.courier)) == 1
    clock.advance(10_000_000)

    assert receiver.drain(lms.courier) == []
    assert (pushes(api)["lost"], pushes(api)["waiting"]) == (1, 0)


def test_gone_ends_the_subscription(api, lms, receiver, company):
    receiver.answers = [httpx.Response(410)]
    receiver.drain(lms.courier)
    api.post("/companies", json={"name": "Later"})

    assert receiver.drain(lms.courier) == []
    assert pushes(api)["url"] is None


def test_a_subscription_outlives_the_process(clock, tmp_path):
    hub, path = Receiver(), tmp_path / "lms.sqlite"
    for number in range(2):
        system = Controlled(Lms(Rows(path), clock, "a-token"), clock, manner=numbered())
        headers = {"Authorization": "Bearer a-token"}
        with httpx.Client(transport=SyncSystemTransport(system), headers=headers) as api:
            if number == 0:
                subscribe(api, hub.url)
            api.post("http://lms/api/v1/companies", json={"name": "Acme"})
        hub.drain(system.courier)
        system.system.rows.close()

    assert told(hub.came) == [("companies.created", 1), ("companies.created", 2)]


def test_what_was_under_way_to_one_is_not_repeated_to_another(api, lms, receiver, company, clock):
    """The first receiver fails while a second takes its place."""
    second = Receiver()

    def replaced() -> httpx.Response:
        subscribe(api, second.url)
        return httpx.Response(503)

    receiver.usual = replaced
    receiver.drain(lms.courier)
    clock.advance(5)

    assert second.drain(lms.courier) == []


# The queue and its faults


def test_more_than_the_queue_holds_is_counted_and_not_said(api, lms):
    system, hub = lms.system, Receiver()
    courier = Courier(numbered(), system.rows, StillClock(), lms.faults, capacity=3)
    courier.subscribe(orjson.dumps({"url": hub.url, "secret": SECRET}))
    api.post("/companies/batch", json={"records": [{"name": f"C {number}"} for number in range(5)]})

    assert told(hub.drain(courier)) == [("companies.created", number) for number in (1, 2, 3)]
    assert (courier.counts.overflowed, courier.waiting) == (2, 0)


def faulty(api, lms, receiver, **fault) -> list[int]:
    """Three companies, of which the first meets a fault; which came at once."""
    assert api.post("http://lms/_sim/faults", json={"count": 1, **fault}).status_code == 201
    api.post("/companies/batch", json={"records": [{"name": f"C {number}"} for number in (1, 2, 3)]})
    return [number for _, number in told(receiver.drain(lms.courier))]


def test_a_push_may_get_lost_and_the_sender_does_not_know(api, lms, receiver, clock):
    assert faulty(api, lms, receiver, kind="push_drop") == [2, 3]
    clock.advance(1_000_000)
    assert receiver.drain(lms.courier) == []


def test_a_push_may_come_twice(api, lms, receiver):
    """The second is the first to the byte, and its answer is read by nobody."""
    receiver.answers = [httpx.Response(202), httpx.Response(409)]
    assert faulty(api, lms, receiver, kind="push_duplicate") == [1, 1, 2, 3]
    assert (pushes(api)["heard"], pushes(api)["waiting"]) == (3, 0)
    assert receiver.came[0].headers["webhook-id"] == receiver.came[1].headers["webhook-id"]


def test_a_push_may_come_late(api, lms, receiver, clock):
    assert faulty(api, lms, receiver, kind="push_delay", seconds=30.0) == [2, 3]
    clock.advance(30)
    assert told(receiver.drain(lms.courier)) == [("companies.created", 1)]


def test_a_push_may_come_behind_the_next(api, lms, receiver):
    assert faulty(api, lms, receiver, kind="push_reorder") == [2, 1, 3]


def test_a_push_that_has_none_to_go_behind_goes_late(api, lms, receiver, clock):
    api.post("http://lms/_sim/faults", json={"kind": "push_reorder", "seconds": 2.0})
    api.post("/companies", json={"name": "Acme"})
    assert receiver.drain(lms.courier) == []
    clock.advance(2)

    assert len(receiver.drain(lms.courier)) == 1


def test_faults_of_pushes_choose_by_what_is_said(api, lms, receiver):
    assert faulty(api, lms, receiver, kind="push_drop", match='"id":3') == [1, 2]


def test_a_system_that_cannot_push_takes_no_faults_of_it(clock):
    system = Controlled(Lms(Rows(), clock, "a-token"), clock)
    with httpx.Client(transport=SyncSystemTransport(system)) as api:
        assert api.post("http://lms/_sim/faults", json={"kind": "push_drop"}).status_code == 400
        assert api.get("http://lms/_sim/push").status_code == 404


# Over sockets


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
async def test_answers_do_not_wait_for_pushes_nor_pushes_for_one_another(clock):
    """The receiver takes half a minute for each answer; nothing of this test waits for one."""
    hub = Waited(2)
    lms = Controlled(Lms(Rows(), clock, "a-token"), clock, manner=numbered())
    server = SystemServer({"lms": (lms, 0), "hub": (hub, 0)})
    ready, stopped = asyncio.Event(), asyncio.Event()
    assert lms.courier is not None
    async with asyncio.TaskGroup() as tasks, httpx.AsyncClient() as sender, httpx.AsyncClient() as people:
        tasks.create_task(server.serve(ready.set, stopped))
        tasks.create_task(lms.courier.run(sender, stopped))
        await ready.wait()
        url = server.url("lms")
        await people.post(f"{url}/_sim/push", json={"url": f"{server.url('hub')}/in", "secret": SECRET})
        for name in ("Acme", "Bolt"):
            headers = {"Authorization": "Bearer a-token"}
            made = await people.post(f"{url}/api/v1/companies", json={"name": name}, headers=headers)
            assert made.status_code == 201
        with anyio.fail_after(20):
            await hub.all_came.wait()
        assert lms.courier.counts.heard == 0
        stopped.set()

    assert sorted(told(hub.came)) == [("companies.created", 1), ("companies.created", 2)]


class Waited(Receiver):
    """Says when so many have come, and answers much later."""

    def __init__(self, wanted: int) -> None:
        super().__init__(lambda: httpx.Response(202, extensions={"delay": 30.0}))
        self.all_came = asyncio.Event()
        self._wanted = wanted

    def handle(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle(request)
        if len(self.came) == self._wanted:
            self.all_came.set()
        return answer
