"""A broker whose clock stands still until it is moved, and short ways to say what tests say all the time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from local.servicebus.engine.broker import Broker
from local.servicebus.engine.entities import Counts, QueueOptions
from local.servicebus.engine.journal import Journal
from local.servicebus.engine.message import BrokeredMessage, Message, ReceiveMode, Value

START = datetime(2026, 1, 1, tzinfo=UTC)


def counted_ids() -> Callable[[], UUID]:
    numbers = iter(range(1, 2**62))
    return lambda: UUID(int=next(numbers))


class Desk:
    """A broker in virtual time."""

    def __init__(self, journal: Journal | None = None, now: datetime = START) -> None:
        self.now = now
        self.broker = Broker(lambda: self.now, counted_ids(), journal)
        self.namespace = self.broker.namespace

    def queue(self, name: str = "q", **options: object) -> str:
        self.namespace.create_queue(name, QueueOptions(**options))  # type: ignore[arg-type] # what the test says
        return name

    def send(self, address: str, body: str, **properties: Value) -> int:
        return self.put(address, Message(body=body.encode(), application_properties=properties))

    def put(self, address: str, *messages: Message) -> int:
        return self.broker.send(address, messages)[0]

    def take(self, address: str = "q", count: int = 1) -> list[BrokeredMessage]:
        return self.broker.receive(address, count)

    def one(self, address: str = "q") -> BrokeredMessage:
        [taken] = self.take(address)
        return taken

    def drain(self, address: str = "q") -> list[str]:
        """What is ready, taken for good."""
        taken = self.broker.receive(address, 10_000, ReceiveMode.RECEIVE_AND_DELETE)
        return [text(found) for found in taken]

    def dead(self, address: str = "q") -> list[BrokeredMessage]:
        return self.broker.peek(f"{address}/$DeadLetterQueue", count=10_000)

    def counts(self, address: str = "q") -> Counts:
        self.broker.advance()
        return self.namespace.counts(address)

    def later(self, **time: float) -> datetime:
        """Let time pass; nobody looks before it is over."""
        self.now += timedelta(**time)
        return self.now


def text(found: BrokeredMessage) -> str:
    return found.message.body.decode()


def token(found: BrokeredMessage) -> UUID:
    assert found.lock_token is not None
    return found.lock_token


def reason(found: BrokeredMessage) -> tuple[Value, Value]:
    properties = found.message.application_properties
    return properties.get("DeadLetterReason"), properties.get("DeadLetterErrorDescription")
