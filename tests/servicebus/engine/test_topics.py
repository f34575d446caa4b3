"""Topics: who gets a copy, and what is in it."""

from datetime import timedelta

import pytest

from local.servicebus.engine.entities import QueueOptions, Rule, SubscriptionOptions, TopicOptions
from local.servicebus.engine.errors import (
    EntityExistsError,
    EntityNotFoundError,
    NotAllowedError,
    QuotaExceededError,
    RuleSyntaxError,
)
from local.servicebus.engine.filters import CorrelationFilter, FalseFilter, SqlFilter
from local.servicebus.engine.message import Message, Rewritten
from tests.servicebus.engine.desk import Desk, reason, text, token


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.namespace.create_topic("t")
    return desk


def subscribe(desk: Desk, name: str, *rules: Rule, **options: object) -> str:
    """With these rules, or with the default one."""
    chosen = SubscriptionOptions(**options)  # type: ignore[arg-type] # what the test says
    desk.namespace.create_subscription("t", name, chosen, rules[0] if rules else None)
    for rule in rules[1:]:
        desk.namespace.create_rule("t", name, rule)
    return f"t/Subscriptions/{name}"


def sql(expression: str, name: str = "r", action: str | None = None) -> Rule:
    return Rule(name=name, filter=SqlFilter(expression), action=action)


def test_every_subscription_gets_a_copy_that_is_settled_on_its_own(desk: Desk):
    first, second = subscribe(desk, "a"), subscribe(desk, "b")
    number = desk.send("t", "x")
    taken = desk.one(first)
    desk.broker.complete(first, token(taken))
    other = desk.one(second)
    assert text(other) == "x"
    assert other.enqueued_sequence_number == taken.enqueued_sequence_number == number
    assert desk.counts(first).active == 0


def test_copies_share_their_content(desk: Desk):
    first, second = subscribe(desk, "a"), subscribe(desk, "b")
    desk.send("t", "x")
    assert desk.one(first).message is desk.one(second).message


def test_a_subscription_gets_what_one_of_its_rules_takes_once(desk: Desk):
    address = subscribe(desk, "a", sql("n > 1"), sql("n > 2", "r2"))
    for n in range(4):
        desk.send("t", str(n), n=n)
    assert desk.drain(address) == ["2", "3"]


def test_a_rule_with_an_action_makes_a_copy_of_its_own_that_names_it(desk: Desk):
    address = subscribe(
        desk,
        "a",
        sql("n = 1", "plain"),
        sql("n = 1", "change", "SET n = n + 1; SET sys.Label = 'two'; REMOVE m"),
    )
    desk.send("t", "x", n=1, m=2)
    changed, plain = desk.take(address, 5)
    assert plain.message.application_properties == {"n": 1, "m": 2}
    assert plain.message.rewritten is Rewritten.NOTHING
    assert changed.message.application_properties == {"n": 2, "RuleName": "change"}
    assert changed.message.subject == "two"
    assert changed.message.rewritten is Rewritten.PROPERTIES | Rewritten.APPLICATION_PROPERTIES


def test_an_action_can_use_parameters(desk: Desk):
    rule = Rule(name="r", action="SET n = @p", action_parameters={"@p": 5})
    address = subscribe(desk, "a", rule)
    desk.send("t", "x")
    assert desk.one(address).message.application_properties["n"] == 5


def test_a_message_on_which_a_rule_fails_is_dead_lettered_or_passed_over(desk: Desk):
    keeps = subscribe(desk, "keeps", sql("1 / n = 1"))
    passes = subscribe(desk, "passes", sql("1 / n = 1"), dead_lettering_on_filter_evaluation_exceptions=False)
    desk.send("t", "x", n=0)
    assert reason(desk.dead(keeps)[0])[0] == "FilterEvaluationException"
    assert desk.counts(passes).total == 0


def test_a_message_without_a_session_is_a_dead_letter_of_a_subscription_that_requires_one(desk: Desk):
    address = subscribe(desk, "a", requires_session=True)
    desk.send("t", "x")
    assert reason(desk.dead(address)[0])[0] == "SessionIdMissing"


def test_the_time_to_live_of_the_topic_caps_that_of_its_subscriptions(desk: Desk):
    desk.namespace.update_topic("t", TopicOptions(default_message_time_to_live=timedelta(minutes=1)))
    address = subscribe(desk, "a", default_message_time_to_live=timedelta(days=1))
    desk.send("t", "x")
    desk.later(minutes=1)
    assert desk.counts(address).active == 0


def test_a_topic_holds_what_is_scheduled_and_gives_it_to_who_subscribes_by_then(desk: Desk):
    at = desk.now + timedelta(minutes=1)
    numbers = desk.broker.schedule("t", [Message(body=b"x", scheduled_enqueue_time=at)] * 2)
    address = subscribe(desk, "a")
    assert desk.counts("t").scheduled == 2
    desk.broker.cancel_scheduled("t", numbers[:1])
    desk.later(minutes=1)
    assert desk.drain(address) == ["x"]


def test_a_topic_recognises_duplicates_before_it_makes_copies():
    desk = Desk()
    desk.namespace.create_topic("t", TopicOptions(requires_duplicate_detection=True))
    address = subscribe(desk, "a")
    desk.put("t", *[Message(body=b"x", message_id="1")] * 2)
    assert desk.drain(address) == ["x"]


def test_the_size_of_a_topic_is_that_of_all_its_subscriptions(desk: Desk):
    desk.namespace.update_topic("t", TopicOptions(max_size_in_megabytes=1))
    for name in "ab":
        subscribe(desk, name)
    desk.put("t", *[Message(size=256 * 1024)] * 2)
    with pytest.raises(QuotaExceededError):
        desk.send("t", "x")
    desk.namespace.delete_subscription("t", "a")
    desk.send("t", "x")


def test_topics_are_sent_to_and_subscriptions_received_from(desk: Desk):
    address = subscribe(desk, "a")
    with pytest.raises(NotAllowedError):
        desk.take("t")
    with pytest.raises(NotAllowedError):
        desk.send(address, "x")
    assert desk.counts("t").subscriptions == 1


def test_deleting_a_topic_takes_its_subscriptions_along(desk: Desk):
    address = subscribe(desk, "a")
    desk.namespace.delete_topic("T")
    with pytest.raises(EntityNotFoundError):
        desk.take(address)
    desk.queue("t")


def test_names_are_taken_once_whatever_the_case(desk: Desk):
    subscribe(desk, "a")
    for make in (
        lambda: desk.namespace.create_topic("T"),
        lambda: desk.namespace.create_queue("T", QueueOptions()),
        lambda: desk.namespace.create_subscription("t", "A"),
        lambda: desk.namespace.create_rule("t", "a", Rule(name="$default")),
    ):
        with pytest.raises(EntityExistsError):
            make()


def test_rules_are_made_changed_listed_and_deleted(desk: Desk):
    address = subscribe(desk, "a")
    desk.namespace.create_rule("t", "a", sql("n = 1"))
    made = desk.namespace.rule("t", "a", "R").created_at
    desk.namespace.update_rule("t", "a", sql("n = 2"))
    assert desk.namespace.rule("t", "a", "r").created_at == made
    desk.namespace.delete_rule("t", "a", "$Default")
    assert [rule.name for rule in desk.namespace.rules("t", "a")] == ["r"]
    for n in (1, 2):
        desk.send("t", str(n), n=n)
    assert desk.drain(address) == ["2"]
    with pytest.raises(EntityNotFoundError):
        desk.namespace.delete_rule("t", "a", "other")
    with pytest.raises(RuleSyntaxError):
        desk.namespace.create_rule("t", "a", sql("n ==", "bad"))


def test_a_subscription_without_rules_gets_nothing(desk: Desk):
    address = subscribe(desk, "a", Rule(filter=FalseFilter()))
    desk.send("t", "x")
    desk.namespace.delete_rule("t", "a", "$Default")
    desk.send("t", "x")
    assert desk.counts(address).total == 0


@pytest.mark.parametrize(
    "condition,takes",
    [
        (CorrelationFilter(correlation_id="c"), True),
        (CorrelationFilter(correlation_id="C"), False),
        (CorrelationFilter(subject="s", properties={"n": 1}), True),
        (CorrelationFilter(subject="s", properties={"n": 2}), False),
        (CorrelationFilter(properties={"n": "1"}), False),
        (CorrelationFilter(properties={"flag": 1}), False),
        (CorrelationFilter(properties={"n": 1.0}), True),
        (CorrelationFilter(properties={"missing": 1}), False),
    ],
)
def test_a_correlation_filter_takes_what_is_equal_in_everything_it_names(desk: Desk, condition, takes):
    address = subscribe(desk, "a", Rule(filter=condition))
    properties = {"n": 1, "flag": True}
    desk.put("t", Message(correlation_id="c", subject="s", application_properties=properties))
    assert bool(desk.take(address)) is takes


def test_a_correlation_filter_that_names_nothing_is_refused(desk: Desk):
    with pytest.raises(RuleSyntaxError):
        subscribe(desk, "a", Rule(filter=CorrelationFilter()))
