"""The timer that publishes what an interrupted run left in the outbox."""

import azure.functions as func

from shared.wiring import Hub


def blueprint(hub: Hub) -> func.Blueprint:
    functions = func.Blueprint()

    @functions.function_name("publish_outbox")
    @functions.timer_trigger("timer", schedule="%OUTBOX_SCHEDULE%")
    async def publish_outbox(timer: func.TimerRequest) -> None:
        await hub.outbox.publish()

    return functions
