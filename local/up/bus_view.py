"""What still waits on the bus, asked of its administration, as a portal would."""

from __future__ import annotations

from collections.abc import Callable

from azure.core.exceptions import AzureError
from azure.servicebus.management import ServiceBusAdministrationClient

from local.up.endpoints import Endpoints
from shared.pipeline.events import ARRIVALS
from shared.pipeline.messages import CHANGES

Waiting = dict[str, int]
"""Where → how many messages."""


class BusView:
    """Counts of the queue of arrivals, of the topic and its subscriptions.

    The client is opened anew when the bus has moved.
    """

    def __init__(self, endpoints: Callable[[], Endpoints]) -> None:
        self._endpoints = endpoints
        self._address: tuple[str, str | None] | None = None
        self._client: ServiceBusAdministrationClient | None = None

    def waiting(self) -> Waiting | None:
        """Messages that are active or scheduled, None where the bus does not say."""
        try:
            client = self._connected()
            arrivals = client.get_queue_runtime_properties(ARRIVALS)
            scheduled = client.get_topic_runtime_properties(CHANGES).scheduled_message_count or 0
            counts = {
                each.name: each.active_message_count or 0
                for each in client.list_subscriptions_runtime_properties(CHANGES)
            }
        except (AzureError, OSError):
            return None
        counts[ARRIVALS] = arrivals.active_message_count or 0
        scheduled += arrivals.scheduled_message_count or 0
        return {where: count for where, count in {**counts, "scheduled": scheduled}.items() if count}

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def _connected(self) -> ServiceBusAdministrationClient:
        endpoints = self._endpoints()
        address = (endpoints.servicebus_admin, endpoints.servicebus_cert)
        if self._client is None or address != self._address:
            self.close()
            self._address = address
            self._client = ServiceBusAdministrationClient.from_connection_string(
                endpoints.servicebus_admin,
                connection_verify=endpoints.servicebus_cert or True,
                retry_total=0,
                connection_timeout=2,
                read_timeout=5,
            )
        return self._client
