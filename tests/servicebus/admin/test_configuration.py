"""The emulator's Config.json: what it makes, and how it is refused."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.servicebus.configuration import Configuration, ConfigurationError
from local.servicebus.engine.entities import QueueOptions, Rule
from local.servicebus.engine.filters import CorrelationFilter, SqlFilter, TrueFilter
from tests.servicebus.engine.desk import Desk


def user(*queues: Any, topics: Any = ()) -> dict[str, Any]:
    return {"UserConfig": {"Namespaces": [{"Name": "ns", "Queues": list(queues), "Topics": list(topics)}]}}


FULL = user(
    {
        "Name": "orders",
        "Properties": {
            "DeadLetteringOnMessageExpiration": False,
            "DefaultMessageTimeToLive": "PT1H",
            "DuplicateDetectionHistoryTimeWindow": "PT20S",
            "ForwardDeadLetteredMessagesTo": "changes",
            "ForwardTo": "",
            "LockDuration": "PT1M",
            "MaxDeliveryCount": 3,
            "RequiresDuplicateDetection": True,
            "RequiresSession": False,
        },
    },
    {"Name": "plain"},
    topics=[
        {
            "Name": "changes",
            "Properties": {"DefaultMessageTimeToLive": "PT1H"},
            "Subscriptions": [
                {
                    "Name": "erp",
                    "Properties": {"ForwardTo": "plain", "LockDuration": "PT30S"},
                    "Rules": [
                        {
                            "Name": "by-subject",
                            "Properties": {
                                "FilterType": "Correlation",
                                "CorrelationFilter": {"Label": "x", "Properties": {"n": "1"}},
                            },
                        },
                        {
                            "Name": "by-sql",
                            "Properties": {
                                "FilterType": "Sql",
                                "SqlFilter": {"SqlExpression": "n = 1"},
                                "Action": {"SqlExpression": "SET n = 2"},
                            },
                        },
                    ],
                },
                {"Name": "all"},
            ],
        }
    ],
)
FULL["UserConfig"]["Logging"] = {"Type": "File"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "Config.json"
    file.write_text(json.dumps(FULL), encoding="utf-8-sig")
    return file


def test_a_file_makes_its_entities(file: Path):
    desk = Desk()
    configuration = Configuration.read(file)
    configuration.apply(desk.namespace)
    assert configuration.namespace == "ns"
    assert desk.namespace.queue("orders").options == QueueOptions(
        default_message_time_to_live=timedelta(hours=1),
        duplicate_detection_history_time_window=timedelta(seconds=20),
        forward_dead_lettered_messages_to="changes",
        max_delivery_count=3,
        requires_duplicate_detection=True,
    )
    assert desk.namespace.subscription("changes", "erp").options.forward_to == "plain"
    by_sql, by_subject = desk.namespace.rules("changes", "erp")
    assert (by_sql.filter, by_sql.action) == (SqlFilter("n = 1"), "SET n = 2")
    assert by_subject.filter == CorrelationFilter(subject="x", properties={"n": "1"})
    [default] = desk.namespace.rules("changes", "all")
    assert default.filter == TrueFilter()


def test_reading_it_again_changes_what_is_there_and_keeps_the_messages(file: Path):
    desk = Desk()
    desk.queue("plain")
    desk.send("plain", "kept")
    for _ in range(2):
        Configuration.read(file).apply(desk.namespace)
        desk.namespace.create_rule("changes", "erp", Rule(name="extra"))
    Configuration.read(file).apply(desk.namespace)
    assert [rule.name for rule in desk.namespace.rules("changes", "erp")] == ["by-sql", "by-subject"]
    assert desk.drain("plain") == ["kept"]


def queue(**properties: Any) -> dict[str, Any]:
    return user({"Name": "q", "Properties": properties})


def rule(**properties: Any) -> dict[str, Any]:
    subscription = {"Name": "s", "Rules": [{"Name": "r", "Properties": properties}]}
    return user(topics=[{"Name": "t", "Subscriptions": [subscription]}])


QUEUE = "UserConfig.Namespaces[0].Queues[0]"
RULE = "UserConfig.Namespaces[0].Topics[0].Subscriptions[0].Rules[0].Properties"


@pytest.mark.parametrize(
    "content,says",
    [
        ([], "the file: an object is expected, not list"),
        ({}, "UserConfig: is missing"),
        ({"UserConfig": {}, "Other": 1}, "Other: unknown key; known are UserConfig"),
        ({"UserConfig": {}}, "UserConfig.Namespaces: one namespace is expected, not 0"),
        (user("q"), f"{QUEUE}: an object is expected, not a text"),
        (user({}), f"{QUEUE}.Name: a text is expected, not nothing"),
        (user({"Name": "q", "Propertys": {}}), f"{QUEUE}.Propertys: unknown key; did you mean Properties?"),
        (
            queue(LockDuraton="PT1M"),
            f"{QUEUE}.Properties.LockDuraton: unknown key; did you mean LockDuration?",
        ),
        (queue(LockDuration="1 minute"), f"{QUEUE}.Properties.LockDuration: '1 minute' is no duration"),
        (queue(LockDuration=60), f"{QUEUE}.Properties.LockDuration: a text is expected, not a whole number"),
        (
            queue(MaxDeliveryCount=True),
            f"{QUEUE}.Properties.MaxDeliveryCount: a whole number is expected, not true or false",
        ),
        (
            queue(RequiresSession="yes"),
            f"{QUEUE}.Properties.RequiresSession: true or false is expected, not a text",
        ),
        (queue(LockDuration="PT6M"), f"{QUEUE}: LockDuration must be between"),
        (queue(ForwardTo="nowhere"), f"{QUEUE}: q cannot forward to nowhere"),
        (queue(Status="Asleep"), f"{QUEUE}.Properties.Status: 'Asleep' is not a valid EntityStatus"),
        (rule(FilterType="Magic"), f"{RULE}.FilterType: Correlation or Sql is expected, not 'Magic'"),
        (
            rule(SqlFilter={"SqlExpresion": "1=1"}),
            f"{RULE}.SqlFilter.SqlExpresion: unknown key; did you mean SqlExpression?",
        ),
        (rule(FilterType="Sql"), f"{RULE}.SqlFilter.SqlExpression: a text is expected, not nothing"),
        (rule(CorrelationFilter={"Lable": "x"}), f"{RULE}.CorrelationFilter.Lable: unknown key"),
        (
            rule(SqlFilter={"SqlExpression": "n ="}),
            "UserConfig.Namespaces[0].Topics[0].Subscriptions[0].Rules[0]: expected a value",
        ),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(content: Any, says: str):
    with pytest.raises(ConfigurationError) as refused:
        Configuration.parse(content).apply(Desk().namespace)
    assert str(refused.value).startswith(says)


def test_a_file_that_is_no_json_is_refused_with_its_name(tmp_path: Path):
    file = tmp_path / "Config.json"
    file.write_text("{")
    with pytest.raises(ConfigurationError, match=r"Config\.json: no JSON"):
        Configuration.read(file)
