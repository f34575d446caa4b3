"""Settings: everything that is missing is said at once, by name, with what to set."""

from __future__ import annotations

from random import Random

import pytest

from functions.lms.connection import connect as connect_lms
from functions.salesforce.connection import connect as connect_salesforce
from shared.model.errors import Misconfigured


def connect(room, system, **environment):
    return room(system, environment=environment, transport=None, clock=lambda: 0, random=Random(1))


def test_missing_settings_are_named_with_what_to_set():
    with pytest.raises(Misconfigured) as raised:
        connect(connect_salesforce, "salesforce")

    said = raised.value.description
    assert "SALESFORCE_URL is missing: the org's My Domain address" in said
    assert "SALESFORCE_CLIENT_ID is missing" in said


def test_an_empty_setting_is_a_missing_one():
    with pytest.raises(Misconfigured, match="LMS_TOKEN is missing: an API token"):
        connect(connect_lms, "lms", LMS_URL="https://lms.test", LMS_TOKEN="")


def test_a_wrong_setting_is_named_and_its_value_is_not_shown():
    with pytest.raises(Misconfigured, match="LMS_PAGE_SIZE is wrong") as raised:
        connect(connect_lms, "lms", LMS_URL="https://lms.test", LMS_TOKEN="hush", LMS_PAGE_SIZE="99999")

    assert "99999" not in raised.value.description
    assert "1 to 1000" in raised.value.description


def test_a_second_system_of_a_kind_has_settings_of_its_own():
    connection = connect(
        connect_lms, "lms-partner", LMS_PARTNER_URL="https://lms.test", LMS_PARTNER_TOKEN="t"
    )

    assert connection.system == "lms-partner"


def test_without_a_way_to_log_in_both_ways_are_named():
    with pytest.raises(Misconfigured, match=r"_CLIENT_SECRET .*, or those ending in _USERNAME"):
        connect(connect_salesforce, "salesforce", SALESFORCE_URL="https://x.test", SALESFORCE_CLIENT_ID="c")


def test_secrets_do_not_show_in_what_is_printed():
    connection = connect(connect_lms, "lms", LMS_URL="https://lms.test", LMS_TOKEN="hush-hush")

    assert "hush" not in repr(connection)
