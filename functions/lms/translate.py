"""What the LMS calls our fields, and how long its own may be. To change a mapping, change a line here.

    canonical · native · longest (characters) · forms · choices · mandatory

The LMS trims text, keeps e-mail addresses in lower case, and refuses what is not in its lists.
"""

from __future__ import annotations

from functools import partial

from shared.model.field import amount, choice, day, lower, reference, text
from shared.model.translation import Translation, by_entity


def write_id(native_id: str) -> int | str:
    """What is no number goes as it is: the LMS then refuses this one record, by its field."""
    return int(native_id) if native_id.isdecimal() else native_id


parent = partial(reference, read_id=str, write_id=write_id)

# Of several labels for one native value, the first is the one that it reads back as.
SOURCES = {
    "Web": "web",
    "Phone Inquiry": "phone",
    "Partner Referral": "partner",
    "Event": "event",
    "Other": "other",
    "Purchased List": "other",
    "Trade Show": "event",
}

RATINGS = {"Hot": "hot", "Warm": "warm", "Cold": "cold"}

COMPANY = Translation(
    "the LMS",
    "account",
    "companies",
    [
        text("number", "number", 20),
        text("name", "name", 100, mandatory=True),
        text("phone", "phone", 30),
        text("website", "website", 255),
        text("industry", "industry", 40),
        text("street", "street", 100),
        text("city", "city", 60),
        text("state", "state", 40),
        text("postal_code", "postal_code", 20),
        text("country", "country", 60),
    ],
)

COMPANY_USER = Translation(
    "the LMS",
    "contact",
    "company-users",
    [
        parent("account", "company_id", "account", mandatory=True),
        text("first_name", "first_name", 40),
        text("last_name", "last_name", 60, mandatory=True),
        text("email", "email", 100, lower),
        text("phone", "phone", 30),
        text("title", "title", 80),
    ],
)

LEAD = Translation(
    "the LMS",
    "lead",
    "leads",
    [
        text("first_name", "first_name", 40),
        text("last_name", "last_name", 60, mandatory=True),
        text("company_name", "company_name", 100, mandatory=True),
        text("email", "email", 100, lower),
        text("phone", "phone", 30),
        choice("source", "source", SOURCES),
        choice("rating", "rating", RATINGS),
    ],
)

AUDIENCES = {"customer": "customer", "vendor": "vendor", "partner": "partner", "staff": "staff"}
STATES = {"ordered": "ordered", "paid": "paid", "cancelled": "cancelled", "refunded": "refunded"}
OUTCOMES = {"enrolled": "enrolled", "in progress": "in_progress", "passed": "passed", "failed": "failed"}

LEARNER = Translation(
    "the LMS",
    "learner",
    "learners",
    [
        text("number", "number", 20, mandatory=True),
        text("first_name", "first_name", 40),
        text("last_name", "last_name", 60, mandatory=True),
        text("email", "email", 100, mandatory=True),
        text("phone", "phone", 30),
        text("company_name", "company_name", 100),
        choice("audience", "audience", AUDIENCES, mandatory=True),
    ],
)

PURCHASE = Translation(
    "the LMS",
    "training_purchase",
    "purchases",
    [
        text("number", "number", 20, mandatory=True),
        parent("learner", "learner_id", "learner", mandatory=True),
        text("course", "course", 200, mandatory=True),
        amount("quantity", "quantity", 0, write=int, mandatory=True),
        amount("amount", "amount", 2, write=str, mandatory=True),
        text("currency", "currency", 3, mandatory=True),
        choice("status", "state", STATES, mandatory=True),
        day("purchased_on", "purchased_on", mandatory=True),
    ],
)

RESULT = Translation(
    "the LMS",
    "course_result",
    "results",
    [
        text("number", "number", 20, mandatory=True),
        parent("learner", "learner_id", "learner", mandatory=True),
        text("course", "course", 200, mandatory=True),
        choice("status", "outcome", OUTCOMES, mandatory=True),
        amount("grade", "grade", 2, write=str),
        day("completed_on", "completed_on"),
    ],
)

TRANSLATIONS = by_entity([COMPANY, COMPANY_USER, LEAD, LEARNER, PURCHASE, RESULT])
