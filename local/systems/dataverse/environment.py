"""What every environment has before anybody works in it: users, a currency, a unit group with its unit."""

from local.systems.dataverse.stamps import stamp
from local.systems.dataverse.store import (
    CURRENCY,
    HUB_USER,
    OTHER_PERSON,
    PERSON,
    UNIT,
    UNIT_GROUP,
    Store,
)
from local.systems.system import Row

_APPLICATION = "00000000-0000-0000-0000-0000000000a2"


def furnish(store: Store, *, integration_user: bool) -> None:
    """Puts what is missing; what is there stays as it is."""
    now = stamp(store.now())
    for table, row in _rows(integration_user=integration_user):
        kind = store.schema.tables[table]
        if row[kind.id] not in store.tables[table].written:
            made = {"createdon": now, "modifiedon": now, "_createdby_value": HUB_USER, **row}
            store.put(kind, {**made, "_modifiedby_value": HUB_USER})
    store.rows.commit()


def _rows(*, integration_user: bool) -> list[tuple[str, Row]]:
    active = {"statecode": 0, "statuscode": 1}
    dollar = {"currencyname": "US Dollar", "isocurrencycode": "USD", "currencysymbol": "$"}
    unit = {"name": "Primary Unit", "quantity": 1.0, "isschedulebaseuom": True}
    hub = {"applicationid": _APPLICATION, "isintegrationuser": integration_user}
    return [
        ("systemuser", {"systemuserid": HUB_USER, **_user("Crosswalk", "hub"), **hub}),
        ("systemuser", {"systemuserid": PERSON, **_user("Dana Field", "dana")}),
        ("systemuser", {"systemuserid": OTHER_PERSON, **_user("Lee Branch", "lee")}),
        (
            "transactioncurrency",
            {
                "transactioncurrencyid": CURRENCY,
                **dollar,
                "currencyprecision": 2,
                "exchangerate": 1.0,
                **active,
            },
        ),
        (
            "uomschedule",
            {
                "uomscheduleid": UNIT_GROUP,
                "name": "Default Unit",
                "baseuomname": "Primary Unit",
                **active,
            },
        ),
        ("uom", {"uomid": UNIT, "_uomscheduleid_value": UNIT_GROUP, **unit}),
    ]


def _user(name: str, account: str) -> Row:
    address = f"{account}@crm.example"
    return {
        "fullname": name,
        "domainname": address,
        "internalemailaddress": address,
        "isintegrationuser": False,
        "isdisabled": False,
    }
