"""What Salesforce calls our fields, and how long its own may be. To change a mapping, change a line here.

    canonical · native · longest (characters) · forms · mandatory

A learner is a person: a contact, or a lead that nobody has converted. New ones are written as leads; of what
is there it is read who they are. Who learns what refers to either (`person.py`).

`python -m local schema salesforce` prints what an org needs for this, and makes it as metadata.
Salesforce trims text, keeps an e-mail address as it was typed, and takes any text for the picklists below:
standard picklists are not restricted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from functions.salesforce.sobject import EXTERNAL_ID, OfPerson, SObject, long_id
from shared.model.field import amount, choice, day, lines, reference, text

lookup = partial(reference, read_id=long_id, write_id=long_id)

ACCOUNT = SObject(
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

CONTACT = SObject(
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

LEAD = SObject(
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

RECORD_TYPES = {"customer": "Customer", "vendor": "Vendor", "partner": "Partner"}
"""Audience → the record type of its leads, by the name that developers give it."""

PRIVATE = "[not provided]"
"""The company of a person who names none: a lead has to have one."""

LEARNER = SObject(
    "learner",
    "Lead",
    [
        text("number", "Learner_Number__c", 40),
        text("first_name", "FirstName", 40),
        text("last_name", "LastName", 80, mandatory=True),
        text("email", "Email", 80, mandatory=True),
        text("phone", "Phone", 40),
        text("company_name", "Company", 255).otherwise(PRIVATE),
        choice("audience", "RecordTypeId", RECORD_TYPES, mandatory=True),
    ],
)

KNOWN_BY = [
    text("number", "Learner_Number__c", 40),
    text("first_name", "FirstName", 40),
    text("last_name", "LastName", 80),
    text("email", "Email", 80),
]
"""What is read of a person who is there already."""

PERSONS = (
    SObject("learner", "Contact", KNOWN_BY, prefix="003"),
    SObject(
        "learner",
        "Lead",
        KNOWN_BY,
        beside=("IsConverted", "ConvertedContactId"),
        prefix="00Q",
        living="IsConverted = false",
    ),
)
"""Where a learner may be; a contact before a lead."""

PURCHASE = OfPerson(
    "training_purchase",
    "Training_Purchase__c",
    [
        text("number", "Number__c", 40, mandatory=True),
        lookup("learner", OfPerson.PERSON, "learner", mandatory=True),
        text("course", "Course__c", 255, mandatory=True),
        amount("quantity", "Quantity__c", 0, write=float),
        amount("amount", "Amount__c", 2, write=float),
        text("currency", "Currency__c", 3),
        text("status", "Status__c", 40),
        day("purchased_on", "Purchased_On__c"),
    ],
)

RESULT = OfPerson(
    "course_result",
    "Course_Result__c",
    [
        text("number", "Number__c", 40, mandatory=True),
        lookup("learner", OfPerson.PERSON, "learner", mandatory=True),
        text("course", "Course__c", 255, mandatory=True),
        text("status", "Status__c", 40),
        amount("grade", "Grade__c", 2, write=float),
        day("completed_on", "Completed_On__c"),
    ],
)

TRANSLATIONS = {each.entity: each for each in (ACCOUNT, CONTACT, LEAD, LEARNER, PURCHASE, RESULT)}

OBJECTS: Mapping[str, tuple[SObject, ...]] = {
    **{entity: (each,) for entity, each in TRANSLATIONS.items()},
    LEARNER.entity: PERSONS,
}
"""Entity → the objects in which its rows are found."""

ONCE = frozenset({LEARNER.entity})
"""What the org owns from the day it is there."""

__all__ = ["EXTERNAL_ID", "OBJECTS", "ONCE", "TRANSLATIONS", "long_id"]
