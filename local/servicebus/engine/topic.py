"""A topic and its subscriptions: where one message becomes a copy for each that wants it.

    topic ──┬─ rules ──> subscription (a queue)
            ├─ rules ──> subscription
            └─ ...

Of the rules that match, those without an action make one copy together; each with an action makes a copy of
its own, changed by the action and marked with the property `RuleName`. All plain copies share one `Message`.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from local.servicebus.engine.entities import Rule
from local.servicebus.engine.filters import Action, FilterError, compile_action, compile_filter
from local.servicebus.engine.held import Account, Commons, Held, Passage
from local.servicebus.engine.lines import Wake
from local.servicebus.engine.message import DEAD_LETTER_DESCRIPTION, DEAD_LETTER_REASON, Message
from local.servicebus.engine.queue import MessageQueue
from local.servicebus.engine.records import Numbers
from local.servicebus.engine.schedule import Schedule

RULE_NAME = "RuleName"


class CompiledRule:
    """A rule that is ready to be asked."""

    def __init__(self, rule: Rule) -> None:
        """Errors: RuleSyntaxError."""
        self.rule = rule
        self.matches: Callable[[Message], bool] = compile_filter(rule.filter)
        self.action: Action | None = None
        if rule.action:
            self.action = compile_action(rule.action, rule.action_parameters)

    def changed(self, message: Message) -> Message:
        changed = self.action(message) if self.action is not None else message
        return changed.with_application_properties({RULE_NAME: self.rule.name})


class Subscription:
    """A queue behind rules."""

    def __init__(self, line: MessageQueue, *, keeps_failures: bool) -> None:
        """`keeps_failures`: a message on which a rule fails is dead-lettered rather than passed over."""
        self.line = line
        self.keeps_failures = keeps_failures
        self.rules: dict[str, CompiledRule] = {}

    def offer(self, message: Message, now: datetime, passage: Passage) -> None:
        try:
            copies = list(self._copies(message))
        except FilterError as error:
            self._note_failure(message, now, str(error))
            return
        for copy in copies:
            self.line.put(copy, now, passage)

    def _copies(self, message: Message) -> Iterator[Message]:
        plain = False
        for rule in self.rules.values():
            if rule.action is None:
                plain = plain or rule.matches(message)
            elif rule.matches(message):
                yield rule.changed(message)
        if plain:
            yield message

    def _note_failure(self, message: Message, now: datetime, why: str) -> None:
        if self.keeps_failures:
            reason = "FilterEvaluationException"
            self.line.bury(message, now, {DEAD_LETTER_REASON: reason, DEAD_LETTER_DESCRIPTION: why})


class Topic:
    """Gives every message that comes to its subscriptions; holds only what is scheduled."""

    requires_session = False

    def __init__(self, store: int, address: str, commons: Commons, account: Account) -> None:
        self.store = store
        self.address = address
        self.alarm: datetime | None = None
        self.numbers = Numbers(commons.page, store)
        self._account = Account(account)
        self.schedule = Schedule(store, commons, self.numbers, self._account)
        self.subscriptions: dict[str, Subscription] = {}
        self.watchers: list[Wake] = []
        self.accessed_at: datetime | None = None

    def put(self, message: Message, now: datetime, passage: Passage | None = None) -> int:
        passage = passage or Passage()
        number = self.numbers.following()
        onward = Passage(passage.origin or number, passage.hops, passage.source)
        for subscription in self.subscriptions.values():
            subscription.offer(message, now, onward)
        return number

    def restore(self, held: Held) -> None:
        """Take back what a journal kept: a topic holds nothing but what is scheduled."""
        self.schedule.restore(held)

    def due(self) -> datetime | None:
        return self.schedule.due()

    def advance(self, now: datetime) -> None:
        self.schedule.release(now, self.put)

    def wake(self) -> None:
        for watcher in self.watchers[:]:
            watcher()

    def close(self) -> None:
        self.schedule.empty()
        self.wake()
