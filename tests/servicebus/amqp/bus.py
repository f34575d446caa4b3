"""A broker with its endpoint on a free port, on a loop in a thread of its own, for clients that block."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Self, TypeVar
from uuid import uuid4

from local.servicebus.amqp.container import Container
from local.servicebus.amqp.endpoint import Endpoint
from local.servicebus.amqp.turns import Turns
from local.servicebus.engine.broker import Broker
from local.servicebus.engine.entities import QueueOptions, Right, Rule
from local.servicebus.engine.namespace import Namespace
from local.servicebus.keyring import KeyRing
from local.servicebus.sas import SharedAccessKey

NAME, KEY = "RootManageSharedAccessKey", "SAS_KEY_VALUE"
READER, WRITER = {"name": "reader", "key": "read"}, {"name": "writer", "key": "write"}
T = TypeVar("T")


def utc_now() -> datetime:
    return datetime.now(UTC)


class Bus:
    port: int

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = self._await(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._await(self._endpoint.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def connection_string(self, name: str = NAME, key: str = KEY) -> str:
        return (
            f"Endpoint=sb://127.0.0.1:{self.port};SharedAccessKeyName={name};SharedAccessKey={key};"
            "UseDevelopmentEmulator=true"
        )

    def do(self, action: Callable[[Namespace], T]) -> T:
        """What an administrator does, in the loop's thread."""

        async def act() -> T:
            return action(self._broker.namespace)

        result: T = self._await(act())
        return result

    def queue(self, name: str, **options: Any) -> str:
        self.do(lambda namespace: namespace.create_queue(name, QueueOptions(**options)))
        return name

    def topic(self, name: str, **rules: Rule) -> str:
        """With a subscription for each rule."""

        def create(namespace: Namespace) -> None:
            namespace.create_topic(name)
            for subscription, rule in rules.items():
                namespace.create_subscription(name, subscription, rule=rule)

        self.do(create)
        return name

    def active(self, address: str) -> int:
        return self.do(lambda namespace: namespace.counts(address)).active

    async def _start(self) -> int:
        self._broker = Broker(utc_now, uuid4)
        turns = Turns(self._broker, utc_now, asyncio.get_running_loop())
        keys = KeyRing(
            self._broker.namespace,
            SharedAccessKey(NAME, KEY),
            SharedAccessKey(**READER, rights=[Right.LISTEN]),
            SharedAccessKey(**WRITER, rights=[Right.SEND]),
        )
        container = Container(self._broker, keys, utc_now, turns)
        self._endpoint = Endpoint(container)
        return await self._endpoint.listen("127.0.0.1", 0)

    def _await(self, step: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(step, self._loop).result(timeout=30)
