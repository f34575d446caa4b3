"""The room's functions: those that every room has, and the link by which the CRM's users come in."""

import azure.functions as func

from functions import triggers
from shared.pipeline.ports import Launch
from shared.wiring import Hub


def blueprint(hub: Hub) -> func.Blueprint:
    functions = triggers.blueprint(hub, "lms")
    for system in hub.topology.systems_of("lms"):
        if make := hub.launch(system):
            launch(functions, system, make)
    return functions


def launch(functions: func.Blueprint, system: str, make: Launch) -> None:
    """Level FUNCTION: whoever has the key is a CRM that vouches for its users."""

    @functions.function_name(f"launch_{system}")
    @functions.route(route=f"launch/{system}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
    async def launch_into_system(request: func.HttpRequest) -> func.HttpResponse:
        reply = make(request.params, request.headers)
        return func.HttpResponse(reply.body, status_code=reply.status, headers=dict(reply.headers))
