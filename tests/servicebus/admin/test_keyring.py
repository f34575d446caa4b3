import itertools
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from azure.servicebus._base_handler import ServiceBusSharedKeyCredential
from hypothesis import given
from hypothesis import strategies as st

from local.servicebus.engine.broker import Broker
from local.servicebus.engine.entities import AuthorizationRule, QueueOptions, Right, TopicOptions
from local.servicebus.engine.errors import ArgumentError
from local.servicebus.keyring import KeyRing
from local.servicebus.sas import SharedAccessKey, Token, UnauthorizedError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
KEY = SharedAccessKey("name", "secret+/=")
READER = SharedAccessKey("reader", "read", [Right.LISTEN])


def rule(name="entity", primary="first", secondary="second", rights=(Right.SEND,)) -> AuthorizationRule:
    return AuthorizationRule(key_name=name, primary_key=primary, secondary_key=secondary, rights=rights)


def signed(uri: str, name: str = "entity", key: str = "first") -> str:
    return SharedAccessKey(name, key).sign(uri, LATER)


@pytest.fixture
def namespace():
    ids = (UUID(int=number) for number in itertools.count())
    namespace = Broker(lambda: NOW, lambda: next(ids)).namespace
    namespace.create_queue("orders", QueueOptions(authorization_rules=(rule(),)))
    namespace.create_queue("orders/late")
    namespace.create_queue("other", QueueOptions(authorization_rules=(rule(primary="else"),)))
    managed = rule(rights=(Right.MANAGE,), secondary="")
    namespace.create_topic("changes", TopicOptions(authorization_rules=(managed,)))
    return namespace


@pytest.fixture
def keys(namespace):
    return KeyRing(namespace, KEY, READER)


def test_a_token_that_the_client_signed_opens(keys):
    credential = ServiceBusSharedKeyCredential("name", "secret+/=")
    token = credential.get_token("sb://localhost:5672/some queue").token
    assert keys.admit(token, datetime.now(UTC), "some queue").expires_at > datetime.now(UTC)


def test_a_token_opens_what_it_is_for_and_what_is_below(keys):
    token = KEY.sign("sb://localhost/topic", LATER)
    assert keys.admit(token, NOW, "Topic").expires_at == LATER
    keys.admit(token, NOW, "topic/Subscriptions/s")
    for other in ("topics", "other", ""):
        with pytest.raises(UnauthorizedError, match="another entity"):
            keys.admit(token, NOW, other)
    keys.admit(KEY.sign("sb://localhost", LATER), NOW, "anything")


@pytest.mark.parametrize(
    "token,says",
    [
        (SharedAccessKey("other", "secret+/=").sign("sb://localhost", LATER), "unknown key"),
        (SharedAccessKey("name", "secret").sign("sb://localhost", LATER), "signature"),
        (KEY.sign("sb://localhost", NOW), "expired"),
        (KEY.sign("sb://localhost/a", LATER).replace("%2Fa", "%2Fb"), "signature"),
        (KEY.sign("sb://localhost", LATER).replace("&se=1", "&se=2"), "signature"),
        ("Bearer x", "not a shared access signature"),
        ("SharedAccessSignature sr=x&skn=name", "lacks se, sig"),
        ("", "not a shared access signature"),
    ],
)
def test_any_other_token_is_refused(keys, token: str, says: str):
    with pytest.raises(UnauthorizedError, match=says):
        keys.admit(token, NOW, "")


@given(st.text(max_size=80))
def test_nothing_that_was_not_signed_opens(text: str):
    with pytest.raises(UnauthorizedError):
        KeyRing(Broker(lambda: NOW, lambda: UUID(int=0)).namespace, KEY).admit(
            f"SharedAccessSignature {text}", NOW, ""
        )


@pytest.mark.parametrize("expiry", ["soon", "-1e9", "9" * 30, ""])
def test_an_expiry_that_is_no_moment_is_refused(expiry):
    with pytest.raises(UnauthorizedError, match="when it expires"):
        Token("sb%3A%2F%2Flocalhost", "", expiry, "name").expires_at(UTC)


def test_a_key_gives_its_rights_alone(keys):
    grant = keys.admit(READER.sign("sb://localhost/orders", LATER), NOW, "orders")
    assert [right for right in Right if grant.gives(right)] == [Right.LISTEN]


def test_who_may_manage_may_send_and_listen_too(keys):
    grant = keys.admit(signed("sb://localhost/changes"), NOW, "changes")
    assert all(grant.gives(right) for right in Right)


@pytest.mark.parametrize("key", ["first", "second"])
def test_both_keys_of_an_entity_open_it_and_what_lies_below(keys, key):
    for place in ("orders", "Orders/$DeadLetterQueue", "orders/$management"):
        assert keys.admit(signed(f"sb://localhost/{place}", key=key), NOW, place).gives(Right.SEND)


def test_an_entitys_key_opens_the_subscriptions_of_a_topic(keys):
    keys.admit(signed("sb://localhost/changes/Subscriptions/erp"), NOW, "changes/Subscriptions/erp")


@pytest.mark.parametrize("place", ["", "orders/late", "nowhere"])
def test_an_entitys_key_opens_no_other_entity(keys, place):
    """Not even one whose name goes on where the entity's ends."""
    with pytest.raises(UnauthorizedError, match="unknown key"):
        keys.admit(signed(f"sb://localhost/{place}"), NOW, place)


def test_keys_of_the_same_name_in_two_entities_are_two_keys(keys):
    with pytest.raises(UnauthorizedError, match="signature"):
        keys.admit(signed("sb://localhost/other"), NOW, "other")


def test_an_empty_key_signs_nothing(keys):
    with pytest.raises(UnauthorizedError, match="signature"):
        keys.admit(signed("sb://localhost/changes", key=""), NOW, "changes")


def test_a_key_that_is_taken_away_opens_nothing_more(keys, namespace):
    namespace.update_queue("orders", QueueOptions())
    with pytest.raises(UnauthorizedError, match="unknown key"):
        keys.admit(signed("sb://localhost/orders"), NOW, "orders")


@pytest.mark.parametrize(
    "rules",
    [
        [rule(primary="")],
        [rule(name="")],
        [rule(rights=())],
        [rule(), rule(name="Entity")],
        [rule(name=f"rule{number}") for number in range(13)],
    ],
)
def test_rules_that_make_no_sense_are_refused(namespace, rules):
    with pytest.raises(ArgumentError):
        namespace.create_queue("new", QueueOptions(authorization_rules=tuple(rules)))
