"""The tables of the rooms, and what they promise of each field."""

from __future__ import annotations

import re

import pytest

from functions.lms import translate as lms
from functions.salesforce import translate as salesforce
from shared.model.entities import ENTITIES
from shared.model.errors import InvalidChange, Untranslatable
from shared.model.field import UTF8, UTF16, Field, amount, choice, day, flag, reference, text
from shared.model.golden import Value
from shared.model.translation import Translation
from tests.rooms.translations import EVERY


@pytest.mark.parametrize("translation", EVERY, ids=lambda each: f"{each.system}.{each.entity}")
def test_every_mandatory_field_of_an_entity_has_its_line(translation: Translation):
    """Without it, no row of this system would ever be taken."""
    model = ENTITIES[translation.entity].model
    mandatory = {name for name, field in model.model_fields.items() if field.is_required()}

    assert mandatory <= translation.fields


def test_a_text_that_is_too_long_says_how_long_and_never_what():
    with pytest.raises(Untranslatable) as raised:
        lms.COMPANY.normal("name", "Geheim" * 20)

    assert (raised.value.reason, raised.value.field) == ("TooLong", "name")
    assert raised.value.description == "account.name: the LMS takes 100 characters, this has 120"


def test_the_length_of_a_text_is_that_of_its_trimmed_form():
    assert lms.COMPANY.normal("name", " " + "x" * 100 + " ") == "x" * 100


def test_lengths_are_counted_in_code_points():
    assert lms.COMPANY.normal("name", "🦊" * 100) == "🦊" * 100


@pytest.mark.parametrize("unit, length", [(UTF16, 2), (UTF8, 4)])
def test_a_system_may_count_in_other_units(unit, length):
    narrow = Translation("x", "account", "x", [text("name", "n", length, unit=unit)])

    assert narrow.normal("name", "🦊") == "🦊"
    with pytest.raises(Untranslatable, match=f"this has {length + 1}"):
        narrow.normal("name", "🦊a")


def test_an_email_address_is_kept_as_typed_in_one_system_and_in_lower_case_in_the_other():
    assert salesforce.CONTACT.normal("email", " Ann@Example.org ") == "Ann@Example.org"
    assert lms.COMPANY_USER.normal("email", " Ann@Example.org ") == "ann@example.org"


def test_nothing_but_blanks_is_nothing():
    assert lms.COMPANY.normal("city", " \u00a0\t ") is None
    assert lms.LEAD.normal("source", "  ") is None


def test_a_street_has_one_sort_of_line_end():
    assert salesforce.ACCOUNT.normal("street", "1 Rd\r\nFloor 2\rEast") == "1 Rd\nFloor 2\nEast"


def test_a_choice_that_is_not_in_the_list_is_untranslatable_and_the_list_is_said():
    with pytest.raises(Untranslatable, match="one of Hot, Warm, Cold") as raised:
        lms.LEAD.normal("rating", "Lukewarm")

    assert (raised.value.reason, raised.value.field) == ("NotAChoice", "rating")
    assert "Lukewarm" not in raised.value.description


def test_several_labels_may_share_a_choice_which_reads_back_as_the_first():
    assert lms.LEAD.normal("source", "purchased list") == "Other"
    assert lms.LEAD.from_canonical({"source": "Other"}) == {"source": "other"}


def test_a_choice_that_a_system_shows_and_no_table_names_refuses_the_row_alone():
    values, refused = lms.LEAD.to_canonical(
        {"last_name": "Kim", "company_name": "Acme", "source": "fax", "rating": "hot"}
    )

    assert isinstance(refused, InvalidChange)
    assert (refused.field, refused.reason) == ("source", "NotAChoice")
    assert (values["last_name"], values["rating"]) == ("Kim", "Hot")


def test_a_value_of_another_type_is_refused_and_never_converted():
    _, refused = salesforce.ACCOUNT.to_canonical({"Name": 5})
    assert isinstance(refused, InvalidChange)
    with pytest.raises(Untranslatable, match="text, not int"):
        salesforce.ACCOUNT.normal("name", 5)


def test_a_reference_is_a_text_for_the_hub_and_a_number_for_the_lms():
    values, _ = lms.COMPANY_USER.to_canonical({"company_id": 7, "last_name": "Kim"})

    assert values["account"] == "7"
    assert lms.COMPANY_USER.from_canonical({"account": "7"}) == {"company_id": 7}


def test_a_short_id_of_a_parent_is_read_in_its_long_form():
    values, _ = salesforce.CONTACT.to_canonical({"AccountId": "0015c00002KtEVF", "LastName": "Kim"})

    assert values["account"] == "0015c00002KtEVFAA3"


def test_a_new_record_needs_its_mandatory_fields():
    lms.COMPANY_USER.complete({"account": "7", "last_name": "Kim"})
    with pytest.raises(Untranslatable) as raised:
        lms.COMPANY_USER.complete({"last_name": "Kim"})

    assert (raised.value.reason, raised.value.field) == ("Required", "account")


@pytest.mark.parametrize(
    "table, wrong",
    [
        ([text("fone", "phone", 30)], "no field 'fone'; it has number, name"),
        ([text("name", "a", 1), text("name", "b", 1)], "canonical fields twice in the table: name"),
        ([text("name", "a", 1), text("city", "a", 1)], "native fields twice in the table: a"),
        ([reference("name", "n", "account", read_id=str)], "the entity says that it refers to None"),
    ],
)
def test_a_table_with_a_mistake_is_refused_with_what_would_be_right(table, wrong):
    with pytest.raises(ValueError, match=wrong):
        Translation("x", "account", "x", table)


def test_a_table_of_an_entity_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="there are account, contact, lead"):
        Translation("x", "acount", "x", [choice("name", "n", {"A": "a"})])


PRICED = Translation(
    "the ERP",
    "account",
    "customers",
    [amount("credit_limit", "limit", 2), flag("on_hold", "hold"), text("name", "name", 40)],
)


@pytest.mark.parametrize(
    "native, canonical",
    [(1250.5, "1250.5"), ("1250.50", "1250.5"), (0, "0"), ("-0.0", "0"), (1e3, "1000"), (None, None)],
)
def test_an_amount_reads_as_exact_text_in_one_form(native: object, canonical: str | None) -> None:
    values, refusal = PRICED.to_canonical({"limit": native, "name": "Acme"})
    assert refusal is None
    assert values["credit_limit"] == canonical


def test_an_amount_is_rounded_half_up_to_the_scale_of_its_system() -> None:
    assert PRICED.normal("credit_limit", "10.005") == "10.01"
    assert PRICED.normal("credit_limit", "-2.675") == "-2.68"


def test_an_amount_with_more_digits_than_a_number_has_is_refused() -> None:
    with pytest.raises(Untranslatable):
        PRICED.normal("credit_limit", "9" * 40)


@pytest.mark.parametrize("native", ["many", True, "NaN", "1,5"])
def test_what_is_no_number_is_refused_by_its_field(native: object) -> None:
    _, refusal = PRICED.to_canonical({"limit": native, "name": "Acme"})
    assert refusal is not None
    assert (refusal.reason, refusal.field) == ("WrongType", "credit_limit")


def test_a_flag_may_be_kept_as_a_number() -> None:
    assert PRICED.to_canonical({"hold": 1, "name": "Acme"})[0]["on_hold"] is True
    assert PRICED.from_canonical({"on_hold": False}) == {"hold": False}


def test_a_day_is_the_day_of_a_time() -> None:
    invoice = Translation(
        "the ERP", "invoice", "invoices", [text("number", "number", 20), day("due_on", "due")]
    )
    values, refusal = invoice.to_canonical({"number": "1", "due": "2026-01-31T00:00:00Z"})
    assert (values["due_on"], refusal) == ("2026-01-31", None)


def carrying(field: Field) -> Translation:
    return Translation("the ERP", "account", "customers", [text("name", "name", 40, mandatory=True), field])


@pytest.mark.parametrize(
    "field, absent",
    [
        (text("country", "country", 2, mandatory=True), "DE"),
        (choice("industry", "branch", {"Retail": 1, "Other": 9}), "Other"),
        (amount("credit_limit", "credit", 2), "1000.5"),
        (flag("on_hold", "held"), False),
    ],
)
def test_nothing_reads_as_what_the_system_is_given_for_it(field: Field, absent: Value):
    translation = carrying(field.otherwise(absent))

    assert translation.normal(field.canonical, None) == absent
    values, refusal = translation.to_canonical(
        translation.from_canonical({"name": "x", field.canonical: absent})
    )
    assert (values[field.canonical], refusal) == (absent, None)


@pytest.mark.parametrize(
    "field, absent, said",
    [
        (text("country", "country", 2), "Germany", "absent: account.country: the ERP takes 2 characters"),
        (text("country", "country", 2), " DE", "absent: the ERP.account.country would read 'DE'"),
        (choice("industry", "branch", {"Other": 9}), "None", "takes one of Other"),
    ],
)
def test_what_would_not_read_back_cannot_be_given_for_nothing(field: Field, absent: Value, said: str):
    with pytest.raises(ValueError, match=re.escape(said)):
        carrying(field.otherwise(absent))


def test_what_is_no_number_has_no_form_as_an_amount() -> None:
    for value in ("NaN", "Infinity", "many"):
        with pytest.raises(Untranslatable):
            PRICED.normal("credit_limit", value)
