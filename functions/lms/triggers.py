"""The room's functions: those that every room has, and the link by which the CRM's users come in."""

import azure.functions as func

from functions import triggers
from shared.pipeline.ports import Launch
from shared.push.exchange import Request
from shared.wiring import Hub


def blueprint(hub: Hub) -> func.Blueprint:
    functions = triggers.blueprint(hub, "lms")
    for system in hub.topology.systems_of("lms"):
        if links := hub.launch(system):
            launch(functions, system, links)
    return functions


def launch(functions: func.Blueprint, system: str, links: Launch) -> None:
    """Level FUNCTION: whoever has the key is a CRM that vouches for its users."""

    @functions.function_name(f"launch_{system}")
    @functions.route(route=f"launch/{system}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
    async def launch_into_system(req: func.HttpRequest) -> func.HttpResponse:
        answer = links.answer(Request.of(req.method, req.headers, req.params, b""))
        return func.HttpResponse(answer.body, status_code=answer.status, headers=answer.headers)
