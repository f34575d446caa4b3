"""Dataverse's webhooks: what a step lets through, the context that is sent, the one retry."""

from __future__ import annotations

import re

import httpx
import orjson
import pytest

from local.systems.dataverse.push import LARGEST
from local.systems.rows import Rows
from tests.systems.dataverse.desk import ACCOUNT, CONTACT, OTHER_ACCOUNT, change_set, part, stocked
from tests.systems.receiver import Receiver

KEY = "a key/with+odd&letters"


@pytest.fixture
def receiver(desk):
    hub = Receiver()
    subscribe(desk, hub)
    return hub


def subscribe(desk, hub, **more):
    answer = desk.client.post("/_sim/push", json={"url": hub.url, "secret": KEY, **more})
    assert answer.status_code == 204, answer.text


def drained(desk, hub) -> list[httpx.Request]:
    requests: list[httpx.Request] = hub.drain(desk.controlled.courier)
    return requests


def contexts(desk, hub):
    return [orjson.loads(request.content) for request in drained(desk, hub)]


def target_of(context):
    (parameter,) = context["InputParameters"]
    assert parameter["key"] == "Target"
    return parameter["value"]


def attributes(context):
    return {each["key"]: each["value"] for each in target_of(context)["Attributes"]}


def told(contexts):
    return [(each["MessageName"], each["PrimaryEntityName"], each["PrimaryEntityId"]) for each in contexts]


def update(desk, **values):
    assert desk.ask("PATCH", f"accounts({ACCOUNT})", values, If_Match="*").status_code == 204


def test_create_update_and_delete_are_told_with_the_row_that_they_are_about(desk, receiver):
    made = desk.ask("POST", "accounts", {"name": "Bolt"}, Prefer="return=representation").json()["accountid"]
    desk.ask("PATCH", f"accounts({made})", {"name": "Bolt & Co"})
    desk.ask("DELETE", f"accounts({made})")

    assert told(contexts(desk, receiver)) == [
        (message, "account", made) for message in ("Create", "Update", "Delete")
    ]


def test_an_update_brings_what_has_changed_and_the_columns_of_the_system(desk, receiver):
    update(desk, telephone1="+1 555")

    (context,) = contexts(desk, receiver)

    assert attributes(context).keys() == {"telephone1", "modifiedon", "modifiedby", "accountid"}
    assert attributes(context)["telephone1"] == "+1 555"


def test_a_column_that_is_emptied_is_told_as_null(desk, receiver):
    update(desk, accountnumber=None)

    assert attributes(contexts(desk, receiver)[0])["accountnumber"] is None


def test_values_have_the_types_of_the_contract(desk, receiver):
    values = {"name": "Bolt", "revenue": 12.5, "creditonhold": True, "industrycode": 1}
    bound = {"primarycontactid@odata.bind": f"/contacts({CONTACT})"}
    desk.ask("POST", "accounts", values | bound)

    told = attributes(contexts(desk, receiver)[0])

    kinds = {
        name: value["__type"].partition(":")[0] for name, value in told.items() if isinstance(value, dict)
    }
    assert (told["revenue"]["Value"], kinds["revenue"]) == (12.5, "Money")
    assert (told["industrycode"]["Value"], kinds["industrycode"]) == (1, "OptionSetValue")
    assert (told["primarycontactid"]["Id"], kinds["primarycontactid"]) == (CONTACT, "EntityReference")
    assert told["primarycontactid"]["LogicalName"] == "contact"
    assert (told["name"], told["creditonhold"]) == ("Bolt", True)
    assert told["createdon"] == "/Date(1772355630000)/"


def test_a_delete_brings_a_reference_and_nothing_of_the_row(desk, receiver):
    desk.ask("DELETE", f"accounts({OTHER_ACCOUNT})")

    target = target_of(contexts(desk, receiver)[0])

    assert (target["Id"], target["LogicalName"]) == (OTHER_ACCOUNT, "account")
    assert "Attributes" not in target


def test_the_headers_and_the_key_are_those_of_a_webhook(desk, receiver):
    update(desk, telephone1="+1 555")

    (request,) = drained(desk, receiver)

    named = {name: value for name, value in request.headers.items() if name.startswith("x-ms-")}
    correlation = named.pop("x-ms-correlation-request-id")
    assert named == {
        "x-ms-dynamics-organization": "crm.example",
        "x-ms-dynamics-entity-name": "account",
        "x-ms-dynamics-request-name": "Update",
    }
    assert correlation == orjson.loads(request.content)["CorrelationId"]
    assert dict(request.url.params) == {"code": KEY}


def test_what_people_do_is_told_as_well(desk, receiver):
    desk.client.post(
        "/_sim/people/edit", json={"table": "account", "id": ACCOUNT, "values": {"telephone1": "1"}}
    )

    assert told(contexts(desk, receiver)) == [("Update", "account", ACCOUNT)]


def test_what_is_rolled_back_is_not_told(desk, receiver):
    good = part("PATCH", f"/api/data/v9.2/accounts({ACCOUNT})", {"telephone1": "1"}, 1)
    bad = part("PATCH", f"/api/data/v9.2/accounts({OTHER_ACCOUNT})", {"nothing": "1"}, 2)
    desk.batch(change_set(good, bad))

    assert contexts(desk, receiver) == []


def test_tables_whose_changes_nobody_may_ask_for_are_not_told(desk, receiver):
    users = {"table": "systemuser", "id": "00000000-0000-0000-0000-0000000000b1"}
    desk.client.post("/_sim/people/edit", json={**users, "values": {"fullname": "Dana Fielding"}})

    assert contexts(desk, receiver) == []


def test_a_step_lets_through_its_message_and_its_columns_only(desk):
    hub = Receiver()
    steps = [
        {"table": "account", "message": "Update", "filteringattributes": ["name", "primarycontactid"]},
        {"table": "contact", "message": "Create"},
    ]
    subscribe(desk, hub, steps=steps)
    update(desk, telephone1="1")
    update(desk, name="Bolt")
    desk.ask("PATCH", f"accounts({ACCOUNT})", {"primarycontactid@odata.bind": f"/contacts({CONTACT})"})
    desk.ask("DELETE", f"accounts({OTHER_ACCOUNT})")
    desk.ask("PATCH", f"contacts({CONTACT})", {"lastname": "Byron"})
    desk.ask("POST", "contacts", {"lastname": "Hopper"})

    assert [each[:2] for each in told(contexts(desk, hub))] == [
        ("Update", "account"),
        ("Update", "account"),
        ("Create", "contact"),
    ]


def test_steps_outlive_the_process(tmp_path):
    steps = [{"table": "account", "message": "Update", "filteringattributes": ["name"]}]
    rows = Rows(tmp_path / "crm.sqlite")
    first = stocked(rows)
    subscribe(first, Receiver(), steps=steps)
    rows.close()
    rows = Rows(tmp_path / "crm.sqlite")
    later, hub = stocked(rows), Receiver()
    update(later, telephone1="1")
    update(later, name="Bolt")

    (context,) = contexts(later, hub)
    assert attributes(context)["name"] == "Bolt"
    rows.close()


def test_more_than_256_kilobytes_lose_the_row_and_say_so(desk, receiver):
    """Put straight into the store: no column of an account takes so much from a caller."""
    row = desk.system.rows.table("account")[ACCOUNT]
    desk.system.rows.put("account", ACCOUNT, {**row, "description": "x" * LARGEST})
    desk.system.rows.commit()

    (request,) = drained(desk, receiver)

    context = orjson.loads(request.content)
    assert request.headers["x-ms-dynamics-msg-size-exceeded"] == "true"
    assert len(request.content) < 10_000
    missing = {"ParentContext", "InputParameters", "PreEntityImages", "PostEntityImages"}
    assert missing.isdisjoint(context)
    assert (context["PrimaryEntityId"], context["MessageName"]) == (ACCOUNT, "Update")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_gateway_that_cannot_is_tried_once_more_and_no_more(desk, receiver, status):
    receiver.answers = [httpx.Response(status)] * 3
    update(desk, telephone1="1")
    (first,) = drained(desk, receiver)
    desk.clock.advance(1)
    (again,) = drained(desk, receiver)
    desk.clock.advance(1_000_000)

    assert drained(desk, receiver) == []
    assert again.content == first.content
    assert desk.client.get("/_sim/push").json()["lost"] == 1


@pytest.mark.parametrize(
    "answer",
    [
        *(httpx.Response(status) for status in (301, 400, 401, 408, 410, 429, 500)),
        httpx.ReadTimeout("too long"),
        httpx.ConnectError("nobody there"),
    ],
    ids=str,
)
def test_any_other_failure_is_never_tried_again(desk, receiver, answer):
    receiver.answers = [answer]
    update(desk, telephone1="1")
    drained(desk, receiver)
    desk.clock.advance(1_000_000)

    assert drained(desk, receiver) == []
    assert desk.client.get("/_sim/push").json()["lost"] == 1


def test_any_2xx_is_heard_whatever_its_body(desk, receiver):
    receiver.answers = [httpx.Response(204), httpx.Response(200, text="<Ack>false</Ack>")]
    update(desk, telephone1="1")
    update(desk, telephone1="2")
    drained(desk, receiver)

    assert desk.client.get("/_sim/push").json()["heard"] == 2


def test_a_step_of_a_message_that_is_not_known_is_refused(desk):
    body = {"url": "https://hub.test", "secret": KEY, "steps": [{"table": "account", "message": "Assign"}]}

    answer = desk.client.post("/_sim/push", json=body)

    assert answer.status_code == 400
    assert re.search(r"steps\.0\.message", answer.text)
