"""What Salesforce calls our fields, and how long its own may be. To change a mapping, change a line here.

    canonical · native · longest (characters) · forms · mandatory

Salesforce trims text, keeps an e-mail address as it was typed, and takes any text for the picklists below:
standard picklists are not restricted.
"""

from __future__ import annotations

from functools import partial

from shared.model.field import lines, reference, text
from shared.model.translation import Translation, by_entity

SUFFIX_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

EXTERNAL_ID = "Crosswalk_Id__c"
"""The custom field that holds the hub's own id: text of 36, external id, unique."""


def long_id(native_id: str) -> str:
    """The 18 characters of an id that may have come with 15, as reports and formulas show it.

    The short form tells ids apart by case alone. Three more characters say, for each five, which are
    capitals.
    """
    if len(native_id) != 15:
        return native_id
    chunks = (native_id[start : start + 5] for start in (0, 5, 10))
    return native_id + "".join(SUFFIX_ALPHABET[_capitals(chunk)] for chunk in chunks)


def _capitals(chunk: str) -> int:
    return sum(1 << place for place, letter in enumerate(chunk) if "A" <= letter <= "Z")


lookup = partial(reference, read_id=long_id, write_id=long_id)

ACCOUNT = Translation(
    "Salesforce",
    "account",
    "Account",
    [
        text("number", "AccountNumber", 40),
        text("name", "Name", 255, mandatory=True),
        text("phone", "Phone", 40),
        text("website", "Website", 255),
        text("industry", "Industry", 40),
        text("street", "BillingStreet", 255, lines),
        text("city", "BillingCity", 40),
        text("state", "BillingState", 80),
        text("postal_code", "BillingPostalCode", 20),
        text("country", "BillingCountry", 80),
    ],
)

CONTACT = Translation(
    "Salesforce",
    "contact",
    "Contact",
    [
        lookup("account", "AccountId", "account"),
        text("first_name", "FirstName", 40),
        text("last_name", "LastName", 80, mandatory=True),
        text("email", "Email", 80),
        text("phone", "Phone", 40),
        text("title", "Title", 128),
    ],
)

LEAD = Translation(
    "Salesforce",
    "lead",
    "Lead",
    [
        text("first_name", "FirstName", 40),
        text("last_name", "LastName", 80, mandatory=True),
        text("company_name", "Company", 255, mandatory=True),
        text("email", "Email", 80),
        text("phone", "Phone", 40),
        text("source", "LeadSource", 80),
        text("rating", "Rating", 40),
    ],
)

TRANSLATIONS = by_entity([ACCOUNT, CONTACT, LEAD])
