"""What Dataverse calls our fields, and how long its own may be. To change a mapping, change a line here.

    canonical · native · longest (UTF-16 units) · forms · choices · mandatory

Dataverse trims text, keeps e-mail addresses as they were typed, takes the numbers of its choices only, and
keeps money to four places. Beside the fields stands what a new row of the table must have.
"""

from __future__ import annotations

from functools import partial

from functions.dataverse.tables import Table, lookup
from shared.model import field
from shared.model.field import UTF16, amount, choice, day, flag, lines

MONEY = 4
QUANTITY = 5
"""Places behind the point."""

text = partial(field.text, unit=UTF16)

INDUSTRIES = {
    "Accounting": 1,
    "Agriculture and Non-petrol Natural Resource Extraction": 2,
    "Broadcasting Printing and Publishing": 3,
    "Brokers": 4,
    "Building Supply Retail": 5,
    "Business Services": 6,
    "Consulting": 7,
    "Consumer Services": 8,
    "Design, Direction and Creative Management": 9,
    "Distributors, Dispatchers and Processors": 10,
    "Doctor's Offices and Clinics": 11,
    "Durable Manufacturing": 12,
    "Eating and Drinking Places": 13,
    "Entertainment Retail": 14,
    "Equipment Rental and Leasing": 15,
    "Financial": 16,
    "Food and Tobacco Processing": 17,
    "Inbound Capital Intensive Processing": 18,
    "Inbound Repair and Services": 19,
    "Insurance": 20,
    "Legal Services": 21,
    "Non-Durable Merchandise Retail": 22,
    "Outbound Consumer Service": 23,
    "Petrochemical Extraction and Distribution": 24,
    "Service Retail": 25,
    "SIG Affiliations": 26,
    "Social Services": 27,
    "Special Outbound Trade Contractors": 28,
    "Specialty Realty": 29,
    "Transportation": 30,
    "Utility Creation and Distribution": 31,
    "Vehicle Retail": 32,
    "Wholesale": 33,
}

ORDER_STATES = {"Active": 0, "Submitted": 1, "Canceled": 2, "Fulfilled": 3, "Invoiced": 4}
INVOICE_STATES = {"Open": 0, "Closed": 1, "Paid": 2, "Canceled": 3}

INACTIVE = {"statecode": 1, "statuscode": 2}


def midnight(day: str) -> str:
    """A day for a column that holds times."""
    return f"{day}T00:00:00Z"


ACCOUNT = Table(
    "account",
    [
        text("number", "accountnumber", 20),
        text("name", "name", 160, mandatory=True),
        text("phone", "telephone1", 50),
        text("website", "websiteurl", 200),
        choice("industry", "industrycode", INDUSTRIES),
        text("street", "address1_line1", 250, lines),
        text("city", "address1_city", 80),
        text("state", "address1_stateorprovince", 50),
        text("postal_code", "address1_postalcode", 20),
        text("country", "address1_country", 80),
        amount("credit_limit", "creditlimit", MONEY),
        flag("on_hold", "creditonhold").otherwise(absent=False),  # a new row says no, whoever makes it
    ],
    inactive=INACTIVE,
    merges=True,
)

CONTACT = Table(
    "contact",
    [
        lookup("account", "parentcustomerid", "account"),
        text("first_name", "firstname", 50),
        text("last_name", "lastname", 50, mandatory=True),
        text("email", "emailaddress1", 100),
        text("phone", "telephone1", 50),
        text("title", "jobtitle", 100),
    ],
    inactive=INACTIVE,
    merges=True,
)

UNIT = Table(
    "unit",
    [text("name", "name", 100, mandatory=True)],
    constants={"quantity": 1},
    unit_group="uomscheduleid",
)

PRODUCT = Table(
    "product",
    [
        text("number", "productnumber", 100, mandatory=True),
        text("name", "name", 100, mandatory=True),
        text("description", "description", 2000, lines),
        lookup("unit", "defaultuomid", "unit", mandatory=True),
        amount("price", "price", MONEY),
    ],
    inactive=INACTIVE,
    constants={"quantitydecimal": 2},
    unit_group="defaultuomscheduleid",
)

PRICE_LIST = Table(
    "price_list",
    [text("name", "name", 100, mandatory=True), lookup("account", "cw_accountid", "account")],
    inactive={"statecode": 1, "statuscode": 100002},
)

PRICE_LIST_ITEM = Table(
    "price_list_item",
    [
        lookup("price_list", "pricelevelid", "price_list", mandatory=True),
        lookup("product", "productid", "product", mandatory=True),
        lookup("unit", "uomid", "unit", mandatory=True),
        amount("amount", "amount", MONEY, mandatory=True),
    ],
    constants={"pricingmethodcode": 1, "quantitysellingcode": 1},
)

ORDER = Table(
    "order",
    [
        text("number", "ordernumber", 100, mandatory=True),
        lookup("account", "customerid", "account", mandatory=True),
        lookup("price_list", "pricelevelid", "price_list"),
        text("name", "name", 300),
        choice("status", "statecode", ORDER_STATES),
        day("ordered_on", "submitdate", write=midnight),
        amount("total", "totalamount", MONEY),
    ],
    constants={"ispricelocked": False},
    copies={"name": "ordernumber"},
)

ORDER_LINE = Table(
    "order_line",
    [
        lookup("order", "salesorderid", "order", mandatory=True),
        lookup("product", "productid", "product", mandatory=True),
        lookup("unit", "uomid", "unit", mandatory=True),
        text("description", "productdescription", 500, lines),
        amount("quantity", "quantity", QUANTITY, mandatory=True),
        amount("price", "priceperunit", MONEY),
    ],
    constants={"ispriceoverridden": True},
)

INVOICE = Table(
    "invoice",
    [
        text("number", "invoicenumber", 100, mandatory=True),
        lookup("order", "salesorderid", "order"),
        lookup("account", "customerid", "account", mandatory=True),
        choice("status", "statecode", INVOICE_STATES),
        day("due_on", "duedate"),
        amount("total", "totalamount", MONEY),
    ],
    constants={"ispricelocked": False},
    copies={"name": "invoicenumber"},
)

TABLES = {
    table.entity: table
    for table in (
        ACCOUNT,
        CONTACT,
        UNIT,
        PRODUCT,
        PRICE_LIST,
        PRICE_LIST_ITEM,
        ORDER,
        ORDER_LINE,
        INVOICE,
    )
}
TRANSLATIONS = {entity: table.translation for entity, table in TABLES.items()}
