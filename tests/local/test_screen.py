"""What people see of many flows, and what the topology lets them do."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from local.up.endpoints import Endpoints
from local.up.report import COUNTED, FlowReport
from local.up.screen import ProgressDisplay, show_addresses, show_next
from local.up.surroundings import room_settings, sellers
from shared.topology_file import load
from tests.world import TOPOLOGY, first_company

SYSTEMS = {
    "salesforce": {"url": "http://s"},
    "lms": {"url": "http://l"},
    "crm": {"url": "http://c"},
    "erp": {"database_url": "sqlite:////there/erp.sqlite"},
}
ENDPOINTS = Endpoints("http://h", "Endpoint=sb://b;", "Endpoint=sb://a;", None, SYSTEMS, {"host": 1})


def flow(entity: str, *, read: int, created: int) -> FlowReport:
    counts = dict.fromkeys(COUNTED, 0) | {"read": read, "created": created}
    return FlowReport(entity, "crm", "erp", counts, 0.0)


def test_a_line_of_progress_names_the_flows_that_are_not_through():
    said, clock = StringIO(), iter((0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0))
    progress = ProgressDisplay(Console(file=said, width=200), clock.__next__)

    progress.show([flow("account", read=0, created=0), flow("order", read=0, created=0)])
    progress.show([flow("account", read=9, created=9), flow("order", read=5, created=3)])

    assert said.getvalue().splitlines() == [
        "nothing new",
        "order crm → erp 3 of 5; 9 records of 1 flows are through",
    ]


def test_every_system_has_its_address_a_database_too():
    said = StringIO()

    show_addresses(Console(file=said, width=200), ENDPOINTS, "endpoints.json")

    lines = [line.split() for line in said.getvalue().splitlines()]
    assert ["crm", "http://c", "the", "same"] in lines
    assert ["erp", "sqlite:////there/erp.sqlite", "its", "database"] in lines


def test_winning_a_quote_is_offered_where_somebody_sells():
    told = []
    for names in ([], ["crm"]):
        said = StringIO()
        show_next(Console(file=said, width=200), ".local", ENDPOINTS, names)
        told.append(("local win --data .local" in said.getvalue(), "http://c/_sim/" in said.getvalue()))

    assert told == [(False, False), (True, True)]


def test_salespeople_sell_where_prices_arrive_and_orders_go_on():
    assert sellers(load(TOPOLOGY)) == ["crm"]
    assert sellers(first_company()) == []


def test_the_hub_is_told_where_the_erps_database_is():
    assert room_settings({}, "erp", "erp", SYSTEMS)["ERP_DATABASE_URL"] == "sqlite:////there/erp.sqlite"
