"""Administration through the real, unmodified client."""

import http.client
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.servicebus.aio.management import ServiceBusAdministrationClient as AioClient
from azure.servicebus.management import (
    AccessRights,
    AuthorizationRule,
    CorrelationRuleFilter,
    EntityStatus,
    FalseRuleFilter,
    ServiceBusAdministrationClient,
    SqlRuleAction,
    SqlRuleFilter,
    TrueRuleFilter,
)

from local.servicebus.engine.message import Message
from local.servicebus.sas import SharedAccessKey
from tests.servicebus.admin.conftest import KEY, NAME, Served, now

pytestmark = pytest.mark.filterwarnings(
    # The client itself asks whether an element is true, which Python 3.12 and later do not like.
    "ignore:Testing an element's truth value:DeprecationWarning"
)


def test_a_queue_is_made_with_the_documented_defaults(client):
    queue = client.create_queue("q")
    assert queue.lock_duration == timedelta(minutes=1)
    assert queue.max_delivery_count == 10
    assert queue.max_size_in_megabytes == 1024
    assert queue.duplicate_detection_history_time_window == timedelta(minutes=10)
    assert queue.requires_session is False
    assert queue.status == EntityStatus.ACTIVE
    assert queue.forward_to is None
    assert queue.default_message_time_to_live.days > 10_000_000


def test_everything_that_is_set_comes_back(client):
    client.create_topic("t")
    rule = AuthorizationRule(
        type="SharedAccessAuthorizationRule",
        key_name="k",
        claim_type="SharedAccessKey",
        claim_value="None",
        rights=[AccessRights.SEND, AccessRights.LISTEN],
        primary_key="1",
        secondary_key="2",
    )
    asked = {
        "auto_delete_on_idle": timedelta(minutes=10),
        "dead_lettering_on_message_expiration": True,
        "default_message_time_to_live": timedelta(days=1, seconds=1.5),
        "duplicate_detection_history_time_window": timedelta(minutes=12),
        "enable_batched_operations": False,
        "lock_duration": timedelta(seconds=13),
        "max_delivery_count": 14,
        "max_size_in_megabytes": 3072,
        "requires_duplicate_detection": True,
        "requires_session": True,
        "user_metadata": "<a & b>",
    }
    client.create_queue("q", **asked, forward_dead_lettered_messages_to="t", authorization_rules=[rule])
    queue = client.get_queue("q")
    assert {name: getattr(queue, name) for name in asked} == asked
    assert queue.forward_dead_lettered_messages_to.endswith("/t")
    assert queue.authorization_rules[0].key_name == "k"
    assert queue.authorization_rules[0].rights == ["Send", "Listen"]


def test_a_queue_is_updated_and_forwarding_is_taken_away_again(client):
    client.create_queue("target")
    queue = client.create_queue("q", user_metadata="x")
    queue.forward_to = "target"
    queue.max_delivery_count = 3
    queue.status = EntityStatus.SEND_DISABLED
    client.update_queue(queue)
    queue = client.get_queue("q")
    assert (queue.max_delivery_count, queue.status) == (3, EntityStatus.SEND_DISABLED)
    queue.forward_to = None
    client.update_queue(queue)
    queue = client.get_queue("q")
    assert (queue.forward_to, queue.user_metadata) == (None, "x")


def test_what_exists_cannot_be_made_and_what_does_not_cannot_be_changed(client):
    queue = client.create_queue("q")
    for make in (lambda: client.create_queue("Q"), lambda: client.create_topic("q")):
        with pytest.raises(ResourceExistsError):
            make()
    client.delete_queue("q")
    for act in (
        lambda: client.update_queue(queue),
        lambda: client.delete_queue("q"),
        lambda: client.get_queue("q"),
        lambda: client.get_topic("q"),
        lambda: client.get_subscription("q", "s"),
        lambda: list(client.list_subscriptions("q")),
    ):
        with pytest.raises(ResourceNotFoundError):
            act()


def test_what_service_bus_refuses_is_a_bad_request_that_says_why(client):
    with pytest.raises(HttpResponseError, match="LockDuration must be between 5 seconds and 5 minutes"):
        client.create_queue("q", lock_duration=timedelta(minutes=6))
    queue = client.create_queue("q")
    queue.requires_session = True
    with pytest.raises(HttpResponseError, match="fixed when an entity is created") as refused:
        client.update_queue(queue)
    assert refused.value.status_code == 400


def test_lists_come_in_pages_in_the_order_of_names(client, served: Served):
    names = [f"q{place:03}" for place in range(120)]
    for name in reversed(names):
        served.broker.namespace.create_queue(name)
    pages = list(client.list_queues().by_page())
    assert [len(list(page)) for page in pages] == [100, 20]
    assert [queue.name for queue in client.list_queues()] == names


def test_runtime_counts_are_those_of_the_broker(client, served: Served):
    client.create_queue("q")
    client.create_topic("t")
    client.create_subscription("t", "s")
    later = now() + timedelta(hours=1)
    served.broker.send("q", [Message(body=b"abc")] * 3)
    served.broker.schedule("q", [Message(scheduled_enqueue_time=later)])
    served.broker.send("t", [Message(body=b"abc")])
    [taken] = served.broker.receive("q")
    assert taken.lock_token
    served.broker.dead_letter("q", taken.lock_token)
    counts = client.get_queue_runtime_properties("q")
    assert counts.active_message_count == 2
    assert counts.scheduled_message_count == 1
    assert counts.dead_letter_message_count == 1
    assert counts.total_message_count == 4
    assert counts.size_in_bytes >= 9
    assert counts.accessed_at_utc > counts.created_at_utc
    assert client.get_topic_runtime_properties("t").subscription_count == 1
    assert client.get_subscription_runtime_properties("t", "s").active_message_count == 1


def test_topics_and_subscriptions_are_made_changed_and_deleted(client):
    topic = client.create_topic("t", requires_duplicate_detection=True)
    topic.max_size_in_megabytes = 2048
    client.update_topic(topic)
    assert client.get_topic("t").max_size_in_megabytes == 2048
    subscription = client.create_subscription("t", "s", requires_session=True)
    subscription.max_delivery_count = 5
    client.update_subscription("t", subscription)
    assert client.get_subscription("t", "s").max_delivery_count == 5
    assert [found.name for found in client.list_subscriptions("t")] == ["s"]
    client.delete_subscription("t", "s")
    with pytest.raises(ResourceNotFoundError):
        client.get_subscription("t", "s")


@pytest.mark.parametrize(
    "condition",
    [
        SqlRuleFilter("a = @p AND b = 'x'", parameters={"@p": 5}),
        CorrelationRuleFilter(correlation_id="c", label="l", properties={"n": 1, "x": 1.5, "flag": True}),
        CorrelationRuleFilter(properties={"at": datetime(2026, 1, 1, tzinfo=UTC), "big": 2**40}),
        TrueRuleFilter(),
        FalseRuleFilter(),
    ],
    ids=lambda condition: type(condition).__name__,
)
def test_a_rule_comes_back_with_its_filter_and_action(client, condition):
    client.create_topic("t")
    client.create_subscription("t", "s")
    action = SqlRuleAction("SET a = @p", parameters={"@p": timedelta(minutes=1)})
    client.create_rule("t", "s", "r", filter=condition, action=action)
    found = client.get_rule("t", "s", "r")
    assert type(found.filter) is type(condition)
    assert _shown(found.filter) == _shown(condition)
    assert (found.action.sql_expression, found.action.parameters) == ("SET a = @p", action.parameters)


def _shown(condition) -> dict[str, object]:
    if isinstance(condition, TrueRuleFilter | FalseRuleFilter):
        return {}
    ours = {name: value for name, value in vars(condition).items() if value not in (None, {})}
    ours.pop("requires_preprocessing", None)
    return ours


def test_rules_are_listed_changed_and_deleted(client):
    client.create_topic("t")
    client.create_subscription("t", "s")
    rule = client.create_rule("t", "s", "r", filter=SqlRuleFilter("a = 1"))
    rule.filter = CorrelationRuleFilter(label="x")
    client.update_rule("t", "s", rule)
    client.delete_rule("t", "s", "$Default")
    [found] = client.list_rules("t", "s")
    assert (found.name, found.filter.label) == ("r", "x")
    with pytest.raises(HttpResponseError, match="expected a value"):
        client.create_rule("t", "s", "bad", filter=SqlRuleFilter("a ="))
    with pytest.raises(ResourceExistsError):
        client.create_rule("t", "s", "R")
    with pytest.raises(ResourceNotFoundError):
        client.delete_rule("t", "s", "other")


def test_the_namespace_says_that_it_is_of_the_standard_tier(client):
    assert client.get_namespace_properties().messaging_sku == "Standard"


@pytest.mark.parametrize("name,key", [(NAME, "wrong"), ("wrong", KEY)])
def test_a_wrong_name_or_key_is_refused(served: Served, name: str, key: str):
    with served.client(name, key) as client, pytest.raises(ClientAuthenticationError):
        client.get_queue("q")


def test_the_client_without_trust_in_the_certificate_does_not_get_in(served: Served):
    text = served.connection_string()
    with (
        ServiceBusAdministrationClient.from_connection_string(text, retry_total=0) as client,
        pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get_queue("q")


@pytest.mark.anyio
async def test_the_async_client_does_the_same(served: Served, client):
    text, trusted = served.connection_string(), str(served.files.certificate)
    async with AioClient.from_connection_string(text, connection_verify=trusted) as aio:
        await aio.create_queue("q", max_delivery_count=3)
        await aio.create_topic("t")
        await aio.create_subscription("t", "s")
        assert (await aio.get_queue("q")).max_delivery_count == 3
        assert [queue.name async for queue in aio.list_queues()] == ["q"]
        assert [rule.name async for rule in aio.list_rules("t", "s")] == ["$Default"]
        await aio.delete_queue("q")
        with pytest.raises(ResourceNotFoundError):
            await aio.get_queue("q")


BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;">]><entry>&c;</entry>"""


@pytest.mark.parametrize(
    "method,path,body,status",
    [
        ("PUT", "/q", BOMB, 400),
        ("PUT", "/q", b"<entry", 400),
        ("PUT", "/q", b"\xff\xfe<\x00", 400),
        ("PUT", "/q", b"<entry/>", 400),
        ("PUT", "/q", b"<entry>" + b" " * 2**20 + b"</entry>", 400),
        ("PUT", "/t/subscriptions", b"<entry/>", 405),
        ("POST", "/q", b"", 405),
        ("GET", "/$Resources/queues?$skip=-1", b"", 400),
        ("GET", "/$Resources/queues?$skip=99999999999999999999&$top=1", b"", 200),
        ("DELETE", "/%00", b"", 404),
    ],
)
def test_strange_requests_are_refused_and_the_next_one_is_served(
    served: Served, client, method: str, path: str, body: bytes, status: int
):
    client.create_topic("t")
    token = SharedAccessKey(NAME, KEY).sign(f"https://localhost:{served.port}", now() + timedelta(hours=1))
    trust = ssl.create_default_context(cafile=served.files.certificate)
    connection = http.client.HTTPSConnection("localhost", served.port, context=trust)
    connection.request(method, path, body, {"Authorization": token})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == status
    assert client.create_queue("q").name == "q"
