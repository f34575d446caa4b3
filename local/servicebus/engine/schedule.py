"""Messages that wait for their time, in a queue or a topic.

A scheduled message has a sequence number of its own, good for cancelling it. When its time comes it is
enqueued as if it had been sent at that instant, under a new number.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from local.servicebus.engine.errors import MessageNotFoundError
from local.servicebus.engine.held import Account, Commons, Held
from local.servicebus.engine.lines import Deadlines, NumberOrder
from local.servicebus.engine.message import Message, MessageState
from local.servicebus.engine.records import Numbers


class Schedule:
    def __init__(self, store: int, commons: Commons, numbers: Numbers, account: Account) -> None:
        self._store = store
        self._commons = commons
        self._numbers = numbers
        self._account = account
        self._waiting: dict[int, Held] = {}
        self._order = NumberOrder(self._waiting)
        self._times = Deadlines(self._waiting, lambda number, _: number in self._waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, message: Message, at: datetime) -> int:
        held = Held(message, (number := self._numbers.following()), 0, at, state=MessageState.SCHEDULED)
        self.restore(held)
        self._commons.page.put(self._store, held)
        return number

    def restore(self, held: Held) -> None:
        """Take back what a journal kept."""
        self._waiting[held.number] = held
        self._order.append(held.number)
        self._times.add(held.enqueued_at, held.number)
        self._account.add(held.message.weight)

    def cancel(self, numbers: Sequence[int]) -> None:
        """All or none."""
        for number in numbers:
            if number not in self._waiting:
                raise MessageNotFoundError(f"no scheduled message has the sequence number {number}")
        for number in dict.fromkeys(numbers):
            self._remove(number)

    def due(self) -> datetime | None:
        return self._times.first()

    def release(self, now: datetime, enqueue: Callable[[Message, datetime], object]) -> None:
        """Enqueue what is due, each as of its own time."""
        for when, number in self._times.passed(now):
            enqueue(self._remove(number).message, when)

    def after(self, start: int) -> Iterator[Held]:
        return (self._waiting[number] for number in self._order.after(start))

    def empty(self) -> None:
        for number in list(self._waiting):
            self._remove(number)

    def _remove(self, number: int) -> Held:
        held = self._waiting.pop(number)
        self._order.one_left()
        self._account.add(-held.message.weight)
        self._commons.page.drop(self._store, number)
        return held
