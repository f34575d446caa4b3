"""What every room has: for each system of its kind, a timer that polls, a handler that delivers, a door."""

from typing import List  # noqa: UP035 - the functions library reads this form, and not `list`

import azure.functions as func

from shared.pipeline.messages import CHANGES
from shared.push.exchange import Request
from shared.settings import BUS
from shared.wiring import Hub


def blueprint(hub: Hub, kind: str) -> func.Blueprint:
    """The functions of a room for this kind of system."""
    functions = func.Blueprint()
    for system in hub.topology.systems_of(kind):
        if hub.topology.polled(system):
            poll(functions, hub, system)
        if hub.topology.delivered(system):
            deliver(functions, hub, system)
        if hub.pushed(system):
            listen(functions, hub, system)
    return functions


def poll(functions: func.Blueprint, hub: Hub, system: str) -> None:
    @functions.function_name(f"poll_{system}")
    @functions.timer_trigger("timer", schedule="%POLL_SCHEDULE%")
    async def poll_system(timer: func.TimerRequest) -> None:
        await hub.polling(system).tick()


def deliver(functions: func.Blueprint, hub: Hub, system: str) -> None:
    @functions.function_name(f"deliver_{system}")
    @functions.service_bus_topic_trigger(
        "messages", topic_name=CHANGES, subscription_name=system, connection=BUS, cardinality="many"
    )
    async def deliver_to_system(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006 - as above
        await hub.delivery(system).deliver([message.get_body() for message in messages])


def listen(functions: func.Blueprint, hub: Hub, system: str) -> None:
    @functions.function_name(f"events_{system}")
    @functions.route(f"events/{system}", methods=["POST", "OPTIONS"], auth_level=func.AuthLevel.ANONYMOUS)
    async def events_of_system(req: func.HttpRequest) -> func.HttpResponse:
        request = Request.of(req.method, req.headers, req.params, req.get_body())
        answer = await hub.door(system).answer(request)
        return func.HttpResponse(answer.body, status_code=answer.status, headers=answer.headers)
