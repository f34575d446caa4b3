"""The sample of a Dataverse environment: the same for the same seed, with keys and defects of its own."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import chain
from random import Random

import pytest

from local.systems.dataverse import Credentials, Dataverse, Options
from local.systems.dataverse.tables import STANDARD
from local.systems.dataverse.values import units
from local.systems.rows import Rows
from local.systems.sample import make_sample
from local.systems.sample.customers import make_customers
from tests.systems.clock import StillClock

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture(scope="module")
def customers():
    return make_customers("crm", 4000, 7, NOW)


@pytest.fixture(scope="module")
def by_id(customers):
    tables = customers.tables
    return {row[f"{name}id"]: row for name in tables for row in tables[name]}


def keys(tables):
    """Everything by which a hub would take two rows for the same."""
    accounts, contacts = tables["account"], tables["contact"]
    return {row["accountnumber"] for row in accounts} | {row["emailaddress1"] for row in contacts} - {None}


def test_the_same_environment_number_and_seed_give_the_same_rows(customers):
    assert make_customers("crm", 4000, 7, NOW) == customers
    assert make_customers("crm", 4000, 8, NOW) != customers


@pytest.mark.parametrize("records", [0, 1, 7, 1000])
def test_any_number_of_records_is_exactly_that_number(records):
    assert sum(map(len, make_customers("crm", records, 1, NOW).tables.values())) == records


def test_no_two_companies_share_a_number_an_address_or_an_id(customers, by_id):
    partner = make_customers("partner", 4000, 7, NOW)
    theirs = {row[f"{name}id"] for name, rows in partner.tables.items() for row in rows}
    sales = make_sample(4000, 7, NOW).salesforce
    of_salesforce = {row["AccountNumber"] for row in sales["Account"]} | {
        row["Email"] for row in sales["Contact"]
    }
    assert keys(customers.tables) & keys(partner.tables) <= {None} | bad_addresses(customers)
    assert keys(customers.tables) & of_salesforce <= {None} | bad_addresses(customers)
    assert not by_id.keys() & theirs


def bad_addresses(customers):
    found = set(customers.defects["contact_bad_email"])
    return {row["emailaddress1"] for row in customers.tables["contact"] if row["contactid"] in found}


def test_an_environment_would_have_taken_every_row_itself(customers):
    for name, rows in customers.tables.items():
        columns = STANDARD.tables[name].by_shown
        for row in rows:
            for shown, value in row.items():
                column = columns[shown.partition("@")[0]]
                if column.kind == "text" and value is not None:
                    assert 0 < units(value) <= column.most
                    assert value == value.strip()


def test_lookups_lead_to_rows_and_a_primary_contact_is_one_of_the_accounts_own(customers, by_id):
    for contact in customers.tables["contact"]:
        assert contact.get("_parentcustomerid_value") is None or contact["_parentcustomerid_value"] in by_id
    primaries = [row for row in customers.tables["account"] if "_primarycontactid_value" in row]
    assert 200 < len(primaries) < 500
    for account in primaries:
        contact = by_id[account["_primarycontactid_value"]]
        assert contact["_parentcustomerid_value"] == account["accountid"]


def test_defects_are_what_they_are_called_and_no_row_has_two(customers, by_id):
    def of(defect, column):
        return [by_id[key].get(column) for key in customers.defects[defect]]

    assert all(len(name) > 100 for name in of("account_name_too_long", "name"))
    assert all(len(city) > 60 for city in of("account_city_too_long", "address1_city"))
    assert all(len(title) > 80 for title in of("contact_title_too_long", "jobtitle"))
    assert of("contact_without_account", "_parentcustomerid_value") == [None] * 30
    assert len(of("contact_bad_email", "emailaddress1")) == 15
    addresses = Counter(row["emailaddress1"] for row in customers.tables["contact"])
    assert all(addresses[email] == 2 for email in of("contact_duplicate_email", "emailaddress1"))
    struck = list(chain(*customers.defects.values(), *customers.oddities.values()))
    assert len(struck) == len(set(struck))


def test_the_sample_can_be_loaded_and_is_found_by_its_keys(customers):
    clock = StillClock(NOW)
    system = Dataverse(Rows(), clock, Random(1), Options(Credentials("client", "secret")), "crm")
    counts = {name: system.load(name, rows) for name, rows in customers.tables.items()}
    assert counts == {"account": 1000, "contact": 3000}
    (first,) = [row for row in system.records("account") if row.get("accountnumber") == "CRM-000001"]
    assert first["modifiedon"] <= "2026-03-01T12:30:15Z"
