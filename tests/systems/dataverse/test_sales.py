"""From price list to order: prices, quotes, orders that are submitted, and who may touch them then."""

from __future__ import annotations

import pytest

from local.systems.dataverse.store import PERSON, UNIT, UNIT_GROUP
from tests.systems.dataverse.desk import ACCOUNT, Desk, error, stocked

AS_PERSON = {"CallerObjectId": PERSON}
CUSTOMER = {"customerid_account@odata.bind": f"accounts({ACCOUNT})"}


def shop(**options) -> Desk:
    """A product at 12.50 in the one price list."""
    desk = stocked(**options)
    unit = {
        "defaultuomid@odata.bind": f"uoms({UNIT})",
        "defaultuomscheduleid@odata.bind": f"uomschedules({UNIT_GROUP})",
    }
    desk.ask("PATCH", "products(productnumber='P-1')", {"name": "Course", "cw_hubid": "p", **unit})
    desk.ask("PATCH", "pricelevels(cw_hubid='l')", {"name": "Standard"})
    assert desk.ask("PATCH", "productpricelevels(cw_hubid='i')", item(12.5)).status_code == 204
    return desk


def item(amount):
    return {
        "amount": amount,
        "productid@odata.bind": "products(productnumber='P-1')",
        "pricelevelid@odata.bind": "pricelevels(cw_hubid='l')",
        "uomid@odata.bind": f"uoms({UNIT})",
    }


def quote(desk, quantity=2.0):
    body = {"name": "Q", "pricelevelid@odata.bind": "pricelevels(cw_hubid='l')", **CUSTOMER}
    address = desk.ask("POST", "quotes", body).headers["OData-EntityId"]
    key = address.partition("(")[2].rstrip(")")
    assert desk.ask("POST", "quotedetails", line(quantity, "quoteid", f"quotes({key})")).status_code == 204
    return key


def line(quantity, header, address):
    product = {"productid@odata.bind": "products(productnumber='P-1')", "uomid@odata.bind": f"uoms({UNIT})"}
    return {"quantity": quantity, f"{header}@odata.bind": address, **product}


def close(desk, action, key, status):
    body = {"QuoteClose": {"subject": "s", "quoteid@odata.bind": f"/quotes({key})"}, "Status": status}
    return desk.ask("POST", action, body)


def test_a_price_list_item_knows_its_products_number_and_unit_group():
    row = shop().get("productpricelevels(cw_hubid='i')")
    assert (row["productnumber"], row["_uomscheduleid_value"]) == ("P-1", UNIT_GROUP)


def test_a_product_has_one_price_for_each_unit_of_a_list():
    desk = shop()
    answer = desk.ask("POST", "productpricelevels", item(13.0))
    assert error(answer)[:2] == (400, "0x80043b08")


def test_a_lines_price_comes_from_the_price_list_and_the_header_adds_up():
    desk = shop()
    key = quote(desk, quantity=3)
    (row,) = desk.get(f"quotedetails?$filter=_quoteid_value eq {key}")["value"]
    assert (row["priceperunit"], row["extendedamount"], row["quotedetailname"]) == (12.5, 37.5, "Course")
    assert desk.row("quote", key)["totalamount"] == 37.5
    desk.ask("DELETE", f"quotedetails({row['quotedetailid']})")
    assert desk.row("quote", key)["totalamount"] == 0


def test_a_line_needs_a_product_and_a_unit_or_is_a_write_in():
    desk = shop()
    key = quote(desk)
    header = {"quantity": 1, "quoteid@odata.bind": f"quotes({key})"}
    assert error(desk.ask("POST", "quotedetails", header))[:2] == (400, "0x80043b14")
    write_in = {**header, "isproductoverridden": True, "productdescription": "Travel", "priceperunit": 5}
    assert desk.ask("POST", "quotedetails", write_in).status_code == 204
    assert desk.row("quote", key)["totalamount"] == 30


def test_a_won_quote_becomes_an_order_with_its_lines():
    desk = shop()
    key = quote(desk)
    assert error(close(desk, "WinQuote", key, 4))[:2] == (400, "0x8004f00e"), "a draft is won by nobody"
    desk.ask("PATCH", f"quotes({key})", {"statecode": 1, "statuscode": 2})
    assert close(desk, "WinQuote", key, 4).status_code == 204
    order = desk.ask("POST", "ConvertQuoteToSalesOrder", {"QuoteId": key}).json()
    assert (order["_quoteid_value"], order["_customerid_value"]) == (key, ACCOUNT)
    assert order["ordernumber"].startswith("ORD-")
    lines = desk.get(f"salesorderdetails?$filter=_salesorderid_value eq {order['salesorderid']}")["value"]
    assert [(row["quantity"], row["priceperunit"]) for row in lines] == [(2, 12.5)]


def test_a_quote_is_not_won_by_an_update_and_lost_by_its_own_action():
    desk = shop()
    key = quote(desk)
    assert error(desk.ask("PATCH", f"quotes({key})", {"statecode": 2}))[:2] == (400, "0x8004f00e")
    assert error(close(desk, "CloseQuote", key, 4))[:2] == (400, "0x80048408")
    assert close(desk, "CloseQuote", key, 5).status_code == 204
    assert desk.row("quote", key)["statecode"] == 3
    assert desk.ask("PATCH", f"quotes({key})", {"name": "X"}).status_code == 400


def test_people_sell_in_one_go_and_the_order_is_the_erps_from_then_on():
    desk = shop()
    answer = desk.client.post(
        "/_sim/people/sell", json={"account": ACCOUNT, "lines": [{"productnumber": "P-1", "quantity": 4}]}
    )
    order = desk.row("salesorder", answer.json()["id"])
    assert (order["statecode"], order["statuscode"], order["totalamount"]) == (1, 3, 50)
    key = order["salesorderid"]
    assert error(desk.ask("PATCH", f"salesorders({key})", {"name": "X"}, **AS_PERSON))[1] == "0x80040203"
    (row,) = desk.get(f"salesorderdetails?$filter=_salesorderid_value eq {key}")["value"]
    address = f"salesorderdetails({row['salesorderdetailid']})"
    assert desk.ask("PATCH", address, {"quantity": 5}, **AS_PERSON).status_code == 400
    assert desk.ask("DELETE", address, **AS_PERSON).status_code == 400
    written = {"description": "Shipped", "totalamount": 49.99, "statecode": 3, "statuscode": 100001}
    assert desk.ask("PATCH", f"salesorders({key})", written).status_code == 204
    assert desk.row("salesorder", key)["totalamount"] == 49.99


def test_a_caller_who_is_no_integration_user_may_not_touch_a_submitted_order():
    desk = shop(integration_user=False)
    order = desk.system.people.sell(ACCOUNT, [{"productnumber": "P-1", "quantity": 1}])
    assert desk.ask("PATCH", f"salesorders({order})", {"name": "X"}).status_code == 400


def test_an_order_is_submitted_where_order_processing_is_integrated():
    desk = shop()
    order = desk.system.people.create("salesorder", {"name": "O", **CUSTOMER})
    submit = {"statecode": 1, "statuscode": 3}
    desk.client.post("/_sim/switches", json={"order_processing_integration": False})
    assert error(desk.ask("PATCH", f"salesorders({order})", submit, **AS_PERSON))[:2] == (400, "0x8004f00e")
    desk.client.post("/_sim/switches", json={"order_processing_integration": True})
    assert desk.ask("PATCH", f"salesorders({order})", submit, **AS_PERSON).status_code == 204


def test_an_invoice_keeps_the_amounts_that_the_erp_says_and_is_paid():
    desk = shop()
    body = {"name": "I", "invoicenumber": "I-1", "totalamount": 99.95, **CUSTOMER}
    address = desk.ask("PATCH", "invoices(cw_hubid='inv')", body).headers["OData-EntityId"]
    one = line(1, "invoiceid", "invoices(cw_hubid='inv')") | {"priceperunit": 84, "baseamount": 84}
    assert desk.ask("POST", "invoicedetails", one).status_code == 204
    assert desk.get(address)["totalamount"] == 99.95
    assert desk.ask("PATCH", address, {"statecode": 2, "statuscode": 100001}).status_code == 204
    assert desk.ask("PATCH", address, {"name": "X"}, **AS_PERSON).status_code == 400


@pytest.mark.parametrize("active", [True, False])
def test_a_new_product_is_active_or_a_draft(active):
    row = shop(switches={"products_start_active": active}).get("products(productnumber='P-1')")
    assert row["statecode"] == (0 if active else 2)


def test_a_product_in_an_order_cannot_be_deleted_while_a_price_goes_with_it():
    desk = shop()
    desk.system.people.sell(ACCOUNT, [{"productnumber": "P-1", "quantity": 1}])
    assert desk.ask("DELETE", "products(productnumber='P-1')").status_code == 405
    assert desk.ask("GET", "productpricelevels(cw_hubid='i')").status_code == 200


def test_a_qualified_lead_is_an_account_with_a_contact(desk):
    lead = {"subject": "S", "lastname": "Curie", "companyname": "Radium", "emailaddress1": "m@radium.example"}
    address = desk.ask("POST", "leads", lead).headers["OData-EntityId"]
    action = address + "/Microsoft.Dynamics.CRM.QualifyLead"
    body = {"CreateAccount": True, "CreateContact": True, "CreateOpportunity": False, "Status": 3}
    made = desk.ask("POST", action, body).json()["value"]
    assert [row["@odata.type"].rpartition(".")[2] for row in made] == ["account", "contact"]
    contact = desk.row("contact", made[1]["contactid"])
    assert contact["_parentcustomerid_value"] == made[0]["accountid"]
    assert desk.get(address)["statecode"] == 1
    assert error(desk.ask("POST", action, body))[:2] == (400, "0x80081018")


def test_rows_that_lack_their_parents_are_taken_where_nothing_is_required():
    desk = stocked(switches={"requires_business_columns": False})
    assert desk.ask("POST", "productpricelevels", {"amount": 1}).status_code == 204
    write_in = {"isproductoverridden": True, "productdescription": "Travel", "quantity": 1}
    assert desk.ask("POST", "salesorderdetails", write_in).status_code == 204
    assert desk.ask("POST", "salesorderdetails", {"quantity": 1}, **AS_PERSON).status_code == 400
