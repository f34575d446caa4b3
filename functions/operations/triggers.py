"""What belongs to no system alone: the queue of what was pushed, and the timer that publishes what an
interrupted run left in the outbox.
"""

from typing import List  # noqa: UP035 - the functions library reads this form, and not `list`

import azure.functions as func

from shared.pipeline.events import ARRIVALS
from shared.settings import BUS
from shared.wiring import Hub


def blueprint(hub: Hub) -> func.Blueprint:
    functions = func.Blueprint()

    @functions.function_name("publish_outbox")
    @functions.timer_trigger("timer", schedule="%OUTBOX_SCHEDULE%")
    async def publish_outbox(timer: func.TimerRequest) -> None:
        await hub.outbox.publish()

    @functions.function_name("read_arrivals")
    @functions.service_bus_queue_trigger("messages", queue_name=ARRIVALS, connection=BUS, cardinality="many")
    async def read_arrivals(messages: List[func.ServiceBusMessage]) -> None:  # noqa: UP006 - as above
        await hub.arrivals.read([message.get_body() for message in messages])

    return functions
