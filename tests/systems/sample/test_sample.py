"""The sample: the same for the same seed, of the promised shape, with the defects that it says it has."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest

from local.systems.lms.check import check_create
from local.systems.lms.shape import COMPANIES, COMPANY_USERS, LEADS, SHAPES
from local.systems.salesforce.objects import STANDARD
from local.systems.sample import make_sample

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
SHAPE_OF = {"Account": COMPANIES, "Contact": COMPANY_USERS, "Lead": LEADS}
STATED = {
    "account_name_too_long": ("Account", 0.003),
    "account_street_too_long": ("Account", 0.002),
    "contact_last_name_too_long": ("Contact", 0.002),
    "contact_title_too_long": ("Contact", 0.002),
    "contact_without_account": ("Contact", 0.01),
    "contact_of_unseen_account": ("Contact", 0.003),
    "contact_of_refused_account": ("Contact", 0.002),
    "contact_bad_email": ("Contact", 0.005),
    "contact_duplicate_email": ("Contact", 0.005),
    "lead_company_too_long": ("Lead", 0.003),
    "lead_unknown_source": ("Lead", 0.003),
    "lead_bad_email": ("Lead", 0.005),
    "lead_duplicate_email": ("Lead", 0.005),
}


@pytest.fixture(scope="module")
def sample():
    return make_sample(5000, 7, NOW)


@pytest.fixture(scope="module")
def by_id(sample):
    return {row["Id"]: row for row in chain(*sample.salesforce.values())}


def in_lms_words(row):
    """What the row says, in the LMS's fields; written a second time on purpose."""
    if row["Id"].startswith("001"):
        names = (
            "number:AccountNumber name:Name phone:Phone website:Website street:BillingStreet city:BillingCity"
        )
        names += " state:BillingState postal_code:BillingPostalCode country:BillingCountry industry:Industry"
    elif row["Id"].startswith("003"):
        names = "first_name:FirstName last_name:LastName email:Email phone:Phone title:Title"
    else:
        names = "first_name:FirstName last_name:LastName company_name:Company email:Email phone:Phone"
    return {pair.split(":")[0]: row[pair.split(":")[1]] for pair in names.split()}


def test_the_same_number_and_seed_give_the_same_sample():
    assert make_sample(600, 3, NOW) == make_sample(600, 3, NOW)
    assert make_sample(600, 3, NOW) != make_sample(600, 4, NOW)


@pytest.mark.parametrize("records", [0, 1, 7, 99, 100, 1000])
def test_any_number_of_records_is_exactly_that_number(records):
    sample = make_sample(records, 1, NOW)
    assert sum(map(len, sample.salesforce.values())) == records
    assert sum(sample.summary()["records"].values()) == records


def test_a_fifth_are_accounts_and_a_fifth_leads(sample):
    assert {name: len(rows) for name, rows in sample.salesforce.items()} == {
        "Account": 1000,
        "Contact": 3000,
        "Lead": 1000,
    }


def test_ids_are_unique_and_of_their_object(sample, by_id):
    assert len(by_id) == 5000
    for name, rows in sample.salesforce.items():
        assert {row["Id"][:3] for row in rows} == {STANDARD.objects[name].prefix}


def test_rows_have_no_field_that_salesforce_does_not_have_and_none_too_long(sample):
    for name, rows in sample.salesforce.items():
        fields = STANDARD.objects[name].fields
        for row in rows:
            assert row.keys() <= fields.keys()
            assert all(len(value or "") <= (fields[field].length or 99) for field, value in row.items())


def test_stamps_lie_in_the_past_two_years_and_some_are_shared(sample):
    least, most = (NOW - timedelta(days=731)).isoformat()[:19], NOW.isoformat()[:19]
    for row in chain(*sample.salesforce.values()):
        assert least <= row["CreatedDate"] <= row["SystemModstamp"] == row["LastModifiedDate"]
        assert row["SystemModstamp"] <= f"{most}.000+0000"
    shared = Counter(row["SystemModstamp"] for row in sample.salesforce["Contact"]).most_common(3)
    assert all(count > 20 for _, count in shared)
    assert all(
        row["created_at"] <= row["updated_at"] < "2026-03-01T12:30:16" for row in chain(*sample.lms.values())
    )


def test_defects_have_the_stated_shares_and_no_row_has_two(sample):
    assert {name: len(ids) for name, ids in sample.defects.items()} == {
        name: -(-len(sample.salesforce[kind]) * share // 1) for name, (kind, share) in STATED.items()
    }
    struck = list(chain(*sample.defects.values(), *sample.oddities.values()))
    assert len(struck) == len(set(struck))


def test_every_defect_is_one_and_every_other_row_could_be_stored_by_the_lms(sample):
    """The LMS's own checks say which rows have a defect in themselves; links and doubles come below."""
    refused = set()
    for name, rows in sample.salesforce.items():
        for row in rows:
            values = in_lms_words(row) | ({"company_id": 1} if name == "Contact" else {})
            if check_create(SHAPE_OF[name], values)[1]:
                refused.add(row["Id"])
    of_links = ("contact_without_account", "contact_of_unseen_account", "contact_of_refused_account")
    of_others = (*of_links, "contact_duplicate_email", "lead_duplicate_email", "lead_unknown_source")
    assert refused == set(chain(*(ids for name, ids in sample.defects.items() if name not in of_others)))


def test_a_defect_of_a_link_is_one_and_all_other_contacts_have_a_sound_account(sample):
    accounts = {row["Id"] for row in sample.salesforce["Account"]}
    refused = set(sample.defects["account_name_too_long"] + sample.defects["account_street_too_long"])
    found: dict[str, set[str]] = {
        "contact_without_account": set(),
        "contact_of_unseen_account": set(),
        "contact_of_refused_account": set(),
    }
    for row in sample.salesforce["Contact"]:
        if row["AccountId"] is None:
            found["contact_without_account"].add(row["Id"])
        elif row["AccountId"] not in accounts:
            found["contact_of_unseen_account"].add(row["Id"])
        elif row["AccountId"] in refused:
            found["contact_of_refused_account"].add(row["Id"])
    assert found == {name: set(sample.defects[name]) for name in found}


@pytest.mark.parametrize("name", ["Contact", "Lead"])
def test_doubled_addresses_are_those_that_the_sample_names(sample, name):
    holders = Counter(row["Email"] for row in sample.salesforce[name] if row["Email"] and "@" in row["Email"])
    bad = set(sample.defects[f"{name.lower()}_bad_email"])
    doubles = {
        row["Email"] for row in sample.salesforce[name] if holders[row["Email"]] > 1 and row["Id"] not in bad
    }
    named = {
        row["Email"]
        for row in sample.salesforce[name]
        if row["Id"] in set(sample.defects[f"{name.lower()}_duplicate_email"])
    }
    assert doubles == named
    assert all(holders[email] == 2 for email in named)


def test_odd_texts_are_what_they_are_called(sample, by_id):
    def named(oddity):
        return [by_id[key].get("Name") or by_id[key]["LastName"] for key in sample.oddities[oddity]]

    assert all(text != text.strip() for text in named("blanks"))
    assert all({"\u200b", "\u200d", "\ufeff"} & set(text) for text in named("zero_width"))
    assert all(any(0x300 <= ord(each) < 0x370 for each in text) for text in named("combining"))
    assert all(any(0x590 <= ord(each) < 0x700 for each in text) for text in named("right_to_left"))
    assert all(any(ord(each) > 0x1F000 for each in text) for text in named("emoji"))
    assert len({row["BillingCountry"] for row in sample.salesforce["Account"]}) == 8


def test_the_lms_holds_rows_that_it_would_have_taken_itself(sample):
    """Each row goes through the LMS's own checks, and comes out as it is."""
    assert SHAPES.keys() == sample.lms.keys()
    for path, rows in sample.lms.items():
        for row in rows:
            given = {
                name: value for name, value in row.items() if name not in {"id", "created_at", "updated_at"}
            }
            stored, faults = check_create(SHAPES[path], given)
            assert (stored, faults) == (given, [])
    for path, field in (("companies", "number"), ("company-users", "email"), ("leads", "email")):
        values = [row[field] for row in sample.lms[path]]
        assert len(values) == len(set(values))


@pytest.mark.parametrize(
    "path, key, name",
    [("companies", "number", "Account"), ("company-users", "email", "Contact"), ("leads", "email", "Lead")],
)
def test_existing_rows_are_identical_or_different_as_the_sample_says(sample, by_id, path, key, name):
    held = {row[key]: row for row in sample.lms[path]}
    kinds = sample.existing[path]
    said = {"identical": set(kinds["identical"]), "different": set(kinds["different"])}
    found: dict[str, set[str]] = {"identical": set(), "different": set()}
    for row in sample.salesforce[name]:
        words = in_lms_words(row)
        if row["Id"] not in set(chain(*sample.defects.values())) and words[key] and words[key] in held:
            same = held[words[key]].items() >= words.items()
            found["identical" if same else "different"].add(row["Id"])
    assert found == said
    assert len(kinds["different"]) > 20
    assert len(held) == sum(map(len, kinds.values()))


def test_users_of_the_lms_belong_to_the_company_that_salesforce_says(sample, by_id):
    numbers = {row["id"]: row["number"] for row in sample.lms["companies"]}
    emails = {row["Email"]: row for row in sample.salesforce["Contact"]}
    for user in sample.lms["company-users"]:
        contact = emails.get(user["email"])
        if contact is not None:
            assert numbers[user["company_id"]] == by_id[contact["AccountId"]]["AccountNumber"]
