"""The room's functions: those that every room has."""

import azure.functions as func

from functions import triggers
from shared.wiring import Hub


def blueprint(hub: Hub) -> func.Blueprint:
    return triggers.blueprint(hub, "lms")
