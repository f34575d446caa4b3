"""What a killed poll leaves: a lease that nobody gives back."""

from __future__ import annotations

from dataclasses import replace

import azure.functions as func
import pytest

from functions.lms import triggers as lms
from functions.salesforce import triggers as salesforce
from shared.pipeline.recoverability import SECOND
from tests.flows.office import ACME, Office

pytestmark = pytest.mark.anyio


async def test_another_poll_takes_over_once_the_lease_of_the_killed_one_has_ended(office: Office) -> None:
    office.world.hub = replace(office.world.hub, lease=10.0)
    polling = office.world.hub.polling("salesforce")
    now = office.world.time.micros()
    office.world.hub.store.transact_now(
        lambda tx: tx.lease("poll/salesforce/account", "killed", now, now + int(polling.lease * SECOND))
    )
    office.sales.create("Account", **ACME)

    assert (await polling.poll("account")).rows == 0
    office.world.time.pass_by(10.0)
    assert (await polling.poll("account")).rows == 1
    assert polling.lease == 10.0


async def test_a_system_has_functions_for_what_the_topology_asks_of_it_and_no_others(office: Office) -> None:
    app = func.FunctionApp()
    for room in (salesforce, lms):
        app.register_functions(room.blueprint(office.world.hub))
    assert [function.get_function_name() for function in app.get_functions()] == [
        "poll_salesforce",
        "deliver_lms",
    ]
