from __future__ import annotations

from tests.systems.salesforce.desk import ACCOUNT, CONTACT, error

BASE = "/services/data/v62.0"


def part(reference, method, path, body=None):
    made = {"referenceId": reference, "method": method, "url": f"{BASE}/{path}"}
    return made if body is None else {**made, "body": body}


def send(desk, *parts, **more):
    answer = desk.ask("POST", "composite", {"compositeRequest": list(parts), **more})
    assert answer.status_code == 200, answer.text
    return {each["referenceId"]: each for each in answer.json()["compositeResponse"]}


def test_a_later_part_refers_to_an_earlier_answer(desk):
    answers = send(
        desk,
        part("account", "POST", "sobjects/Account", {"Name": "New"}),
        part("contact", "POST", "sobjects/Contact", {"LastName": "X", "AccountId": "@{account.id}"}),
        part("found", "GET", "query?q=SELECT+AccountId+FROM+Contact+WHERE+Id='@{contact.id}'"),
        part("read", "GET", "sobjects/Account/@{found.records[0].AccountId}?fields=Name"),
    )
    assert [each["httpStatusCode"] for each in answers.values()] == [201, 201, 200, 200]
    assert answers["read"]["body"]["Name"] == "New"
    assert answers["account"]["httpHeaders"]["Location"].startswith(f"{BASE}/sobjects/Account/001")


def test_it_counts_as_one_call(desk):
    def used():
        return desk.ask("GET", "limits").json()["DailyApiRequests"]["Remaining"]

    before = used()
    send(desk, *(part(f"r{number}", "GET", f"sobjects/Contact/{CONTACT}") for number in range(25)))
    assert before - used() == 2


def test_a_reference_that_leads_nowhere_halts_its_part(desk):
    answers = send(
        desk,
        part("bad", "POST", "sobjects/Account", {}),
        part("next", "POST", "sobjects/Contact", {"LastName": "X", "AccountId": "@{bad.id}"}),
        part("free", "GET", f"sobjects/Account/{ACCOUNT}"),
    )
    assert [each["httpStatusCode"] for each in answers.values()] == [400, 400, 200]
    assert answers["bad"]["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert answers["next"]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_all_or_none_rolls_everything_back(desk):
    answers = send(
        desk,
        part("good", "PATCH", f"sobjects/Contact/{CONTACT}", {"LastName": "X"}),
        part("bad", "POST", "sobjects/Account", {}),
        part("after", "POST", "sobjects/Account", {"Name": "Y"}),
        allOrNone=True,
    )
    codes = [each["body"][0]["errorCode"] for each in answers.values()]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert desk.row("Contact", CONTACT)["LastName"] == "Lovelace"
    assert len(desk.ids("SELECT Id FROM Account")) == 2


def test_a_collection_inside_a_composite_is_rolled_back_with_it(desk):
    record = {"attributes": {"type": "Contact"}, "Id": CONTACT, "LastName": "X"}
    send(
        desk,
        part("many", "PATCH", "composite/sobjects", {"records": [record]}),
        part("bad", "GET", "sobjects/Foo"),
        allOrNone=True,
    )
    assert desk.row("Contact", CONTACT)["LastName"] == "Lovelace"


def test_more_than_25_parts_or_parts_without_a_name_are_refused(desk):
    def refused(parts):
        return error(desk.ask("POST", "composite", {"compositeRequest": parts}))[1]

    assert refused([part(f"r{number}", "GET", "limits") for number in range(26)]) == "LIMIT_EXCEEDED"
    assert refused([{"method": "GET", "url": f"{BASE}/limits"}]) == "MISSING_ARGUMENT"
    assert refused([part("same", "GET", "limits")] * 2) == "INVALID_INPUT"
    assert refused("x") == "JSON_PARSER_ERROR"


def test_a_part_with_an_address_outside_the_api_is_refused_alone(desk):
    answers = send(
        desk, {"referenceId": "x", "method": "GET", "url": "/elsewhere"}, part("y", "GET", "limits")
    )
    assert [each["httpStatusCode"] for each in answers.values()] == [400, 200]


def test_a_batch_answers_each_part(desk):
    parts = [{"method": "GET", "url": f"v62.0/sobjects/{path}"} for path in (f"Contact/{CONTACT}", "Foo")]
    body = desk.ask("POST", "composite/batch", {"batchRequests": parts}).json()
    assert (body["hasErrors"], [each["statusCode"] for each in body["results"]]) == (True, [200, 404])
    assert body["results"][0]["result"]["Id"] == CONTACT


def test_a_batch_may_halt_on_an_error(desk):
    parts = [
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {}},
        {"method": "POST", "url": "v62.0/sobjects/Account", "richInput": {"Name": "X"}},
    ]
    body = desk.ask("POST", "composite/batch", {"batchRequests": parts, "haltOnError": True}).json()
    assert [each["statusCode"] for each in body["results"]] == [400, 412]
    assert body["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"
