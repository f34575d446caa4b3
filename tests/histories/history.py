"""What may happen, and how one seed writes a history of it.

A history is a list of happenings, each complete in itself, so that any of them can be left out and the rest
still makes sense: rows are named by labels, and one that does not exist (any more) makes its happening void.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from random import Random
from typing import ClassVar

from shared.model.golden import Value
from tests.histories.stage import Setting
from tests.histories.topologies import topology

SYSTEMS = ("salesforce", "lms")


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens, `after` so many seconds."""

    after: float

    def told(self) -> str:
        """One line of the story."""
        shown = [f"{each.name}={value}" for each in fields(self)[1:] if (value := getattr(self, each.name))]
        return f"+{self.after:g}s {type(self).__name__} {' '.join(shown)}"


@dataclass(frozen=True, slots=True)
class Create(Happening):
    system: str
    entity: str
    label: str
    values: Mapping[str, Value]
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class Edit(Happening):
    system: str
    entity: str
    label: str
    values: Mapping[str, Value]
    parent: str | None = None
    late: float = 0.0


@dataclass(frozen=True, slots=True)
class Delete(Happening):
    system: str
    entity: str
    label: str


@dataclass(frozen=True, slots=True)
class MergeRows(Happening):
    entity: str
    winner: str
    loser: str
    system: str = "salesforce"


@dataclass(frozen=True, slots=True)
class Poll(Happening):
    system: str
    instance: int = 0


@dataclass(frozen=True, slots=True)
class Deliver(Happening):
    """`again` hands the messages back after the work was done; they come in an order of `shuffle`'s."""

    system: str
    instance: int = 0
    count: int = 16
    shuffle: int = 0
    again: bool = False


@dataclass(frozen=True, slots=True)
class Publish(Happening):
    instance: int = 0


@dataclass(frozen=True, slots=True)
class Decide(Happening):
    """An operator decides every open conflict, as the luck of `shuffle` says, and lets go on what is held."""

    shuffle: int = 0


@dataclass(frozen=True, slots=True)
class Fault(Happening):
    system: str
    kind: str
    count: int
    seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Cut(Happening):
    """An instance loses its power after so many steps; it is started again when it is next needed."""

    instance: int
    steps: int


@dataclass(frozen=True, slots=True)
class Together(Happening):
    """All at once, each going on wherever another waits."""

    happenings: tuple[Happening, ...]

    def told(self) -> str:
        return "\n".join([f"+{self.after:g}s at once:", *(f"    {each.told()}" for each in self.happenings)])


@dataclass(frozen=True, slots=True)
class History:
    """A setting, and what happens in it."""

    setting: Setting
    happenings: tuple[Happening, ...]
    calm: bool = False
    """Nothing crashes and no message comes twice, so that every tally has to add up."""

    def told(self) -> str:
        lines = [f"seed {self.setting.seed}, clocks {self.setting.skews}, pages of {self.setting.page_size}"]
        return "\n".join([*lines, self.setting.topology.strip(), *(each.told() for each in self.happenings)])


FIELDS = {
    "account": ("name", "phone", "city", "website", "number"),
    "contact": ("last_name", "first_name", "phone", "title", "email"),
    "lead": ("last_name", "company_name", "phone", "source", "email"),
}
MANDATORY = {"account": ("name",), "contact": ("last_name",), "lead": ("last_name", "company_name")}
KEYS = {"account": "number", "contact": "email", "lead": "email"}
CHOICES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", "Billboard")
FAULTS = {
    "salesforce": (
        "throttle", "error", "unavailable", "expire_session", "lock", "reject_records", "drop",
        "drop_after_write", "slow",
    ),
    "lms": (
        "throttle", "error", "expire_session", "lock", "reject_records", "drop", "drop_after_write", "slow",
    ),
}  # fmt: skip
DATAVERSE_FAULTS = (
    "throttle", "throttle_time", "error", "unavailable", "expire_session", "expire_tracking", "lock",
    "reject_records", "drop", "drop_after_write", "slow",
)  # fmt: skip
FAULTS |= {"crm": DATAVERSE_FAULTS, "partner": DATAVERSE_FAULTS}
SKEWS = ((0.0, 0.0, -40.5, 90.25), (0.0, 0.0, -30.0, 120.75), (0.0, 0.0, 45.0, -60.5))
GAPS = (0.0, 0.0, 0.3, 0.9, 1.0, 7.0, 61.0, 61.0, 130.0)


def written(seed: int, company: str = "first") -> History:
    """The history of this seed, in the first company or in the second."""
    return (_Trade if company == "second" else _Writing)(seed).history()


@dataclass
class _Writing:
    """Of Salesforce and the LMS."""

    seed: int
    number: int = 0
    labels: dict[str, list[str]] = field(default_factory=dict)

    systems: ClassVar[tuple[str, ...]] = SYSTEMS
    merging: ClassVar[str] = "salesforce"

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.shape, self.guard, delete = self._policies()
        self.conflict = self.random.choice(("newest", "newest", "rank", "ask", "ask"))
        self.calm = self.random.random() < 0.3
        self.envelope = Random(f"envelope {self.seed}").choice((None, None, None, 0, 0, 1))
        skews = tuple(self.random.choice(each) for each in SKEWS[: len(self.systems)])
        size = self.random.choice((2, 3, 50))
        text = topology(self.shape, delete, self.guard, self.conflict, self.envelope)
        self.setting = Setting(self.seed, text, skews, size)
        self.entities = ("account", "contact", "lead") if self.shape == "one-way" else ("account", "contact")
        self.labels = {entity: [] for entity in self.entities}

    def _policies(self) -> tuple[str, str, str]:
        """The shape of the topology, the guard of writes, and what becomes of what is deleted."""
        pick = self.random.choice
        shape = pick(("one-way", "one-way", "watched", "two-way", "two-way", "two-way"))
        guard = pick(("read", "conditional"))
        ways = ("deactivate", "propagate", "ignore") if shape == "one-way" else ("deactivate", "propagate")
        return shape, guard, pick(ways)

    @property
    def both_edit(self) -> bool:
        return self.shape in ("two-way", "trade")

    def history(self) -> History:
        first = [self._create(0.0) for _ in range(self.random.randrange(1, 5))]
        then = [each for _ in range(self.random.randrange(6, 26)) for each in self._happenings()]
        return History(self.setting, (*first, *then), self.calm)

    def _happenings(self) -> list[Happening]:
        happening = self._happening()
        if not isinstance(happening, Cut):
            return [happening]
        work = self.random.choice((self._poll, self._deliver))(self.random.choice((0.0, 61.0)))
        return [happening, replace(work, instance=happening.instance)]  # the cut falls into it

    def _happening(self) -> Happening:
        after = self.random.choice(GAPS)
        kinds = [self._create, self._edit, self._edit, self._edit, self._delete, self._merge]
        kinds += [self._poll, self._poll, self._deliver, self._deliver, self._together]
        if (self.both_edit and self.conflict == "ask") or self.envelope is not None:
            kinds += [self._decide]
        if not self.calm:
            kinds += [self._fault, self._cut, self._publish]
        return self.random.choice(kinds)(after)

    # People

    def _create(self, after: float) -> Happening:
        entity = self.random.choice(self.entities)
        label = f"{entity}{len(self.labels[entity])}"
        self.labels[entity].append(label)
        names = [name for name in FIELDS[entity] if name in MANDATORY[entity] or self.random.random() < 0.8]
        values = {name: self._value(entity, name) for name in names}
        return Create(after, self._writer(), entity, label, values, self._parent(entity))

    def _edit(self, after: float) -> Happening:
        entity = self.random.choice(self.entities)
        system = self._writer()
        names = self.random.sample(FIELDS[entity], self.random.choice((1, 1, 2)))
        if self.both_edit and self.random.random() < 0.5:
            names = ["phone"]  # which all may change: there edits meet
        values = {name: self._edited(entity, name) for name in names}
        parent = self._parent(entity) if self.random.random() < 0.1 else None
        late = self.random.choice((0.0, 0.0, 0.0, 0.0, 20.0, 150.0)) if self.shape == "one-way" else 0.0
        return Edit(after, system, entity, self._label(entity), values, parent, late)

    def _delete(self, after: float) -> Happening:
        entity = self.random.choice(self.entities)
        if self.random.random() < 0.5:
            return self._edit(after)
        return Delete(after, self._writer(), entity, self._label(entity))

    def _merge(self, after: float) -> Happening:
        entity = self.random.choice(("account", "contact"))
        if self.random.random() < 0.6:
            return self._edit(after)
        return MergeRows(after, entity, self._label(entity), self._label(entity), self.merging)

    def _writer(self) -> str:
        return "salesforce" if self.shape == "one-way" else self.random.choice(SYSTEMS)

    def _label(self, entity: str) -> str:
        return self.random.choice(self.labels[entity] or ["nobody"])

    def _parent(self, entity: str) -> str | None:
        known = self.labels["account"]
        return (
            self.random.choice(known)
            if entity == "contact" and known and self.random.random() < 0.9
            else None
        )

    def _edited(self, entity: str, name: str) -> Value:
        if name not in MANDATORY[entity] and self.random.random() < 0.1:
            return None
        return self._value(entity, name)

    def _value(self, entity: str, name: str) -> Value:
        self.number += 1
        if name == KEYS[entity]:
            return self._key(name)
        if name == "source":
            return self.random.choice(CHOICES)
        text = f"{name} {self.number}"
        if name in {"name", "last_name"} and self.random.random() < 0.04:
            return text + "x" * 70 if name == "last_name" else text + "x" * 120
        return f"  {text} " if self.random.random() < 0.1 else text

    def _key(self, name: str) -> str:
        number = self.random.randrange(1, 4) if self.random.random() < 0.12 else 100 + self.number
        if name == "number":
            return f"N{number}"
        return self.random.choice((f"p{number}@a.example", f"P{number}@A.example"))

    # The hub, and what befalls it

    def _poll(self, after: float) -> Poll:
        return Poll(after, self._polled(), self._instance())

    def _deliver(self, after: float) -> Deliver:
        pick = self.random.choice
        again = not self.calm and self.random.random() < 0.15
        return Deliver(after, self._target(), self._instance(), pick((1, 2, 16)), pick((0, 1, 2)), again)

    def _decide(self, after: float) -> Decide:
        return Decide(after, self.random.randrange(8))

    def _publish(self, after: float) -> Publish:
        return Publish(after, self._instance())

    def _fault(self, after: float) -> Fault:
        system = self.random.choice([name for name in self.systems if name in FAULTS])
        kind = self.random.choice(FAULTS[system])
        return Fault(after, system, kind, self.random.choice((1, 1, 2, 5)), self.random.choice((1.0, 30.0)))

    def _cut(self, after: float) -> Cut:
        return Cut(after, self._instance(), self.random.randrange(0, 20))

    def _together(self, after: float) -> Together:
        some = [self._poll(0.0), self._deliver(0.0)]
        some += [
            self.random.choice((self._poll, self._deliver))(0.0) for _ in range(self.random.randrange(3))
        ]
        if self.guard == "conditional" or self.shape == "one-way":
            some += [self._beside() for _ in range(self.random.randrange(2))]
        self.random.shuffle(some)
        return Together(after, tuple(some))

    def _beside(self) -> Happening:
        """An edit beside the hub's work: only where the flow's guard leaves no gap between read and write."""
        if self.shape == "one-way":
            return self._edit(0.0)
        entity = self.random.choice(self.entities)
        return Edit(0.0, "lms", entity, self._label(entity), {"phone": self._value(entity, "phone")})

    def _instance(self) -> int:
        return self.random.randrange(2)

    def _polled(self) -> str:
        return "salesforce" if self.shape == "one-way" else self.random.choice(SYSTEMS)

    def _target(self) -> str:
        return self.random.choice(SYSTEMS) if self.shape == "two-way" else "lms"


class _Trade(_Writing):
    """Of Dynamics 365 on both sides of a company's door, and the ERP."""

    systems = ("crm", "erp", "partner")
    merging = "crm"

    def _policies(self) -> tuple[str, str, str]:
        pick = self.random.choice
        return "trade", pick(("read", "conditional", "conditional")), pick(("deactivate", "propagate"))

    def _writer(self) -> str:
        return self.random.choice(("crm", "erp"))

    def _polled(self) -> str:
        return self._writer()

    def _target(self) -> str:
        return self.random.choice(self.systems)

    def _key(self, name: str) -> str:
        """The ERP keeps its numbers in capitals."""
        key = super()._key(name)
        return key.lower() if self.random.random() < 0.2 else key

    def _beside(self) -> Happening:
        entity = self.random.choice(self.entities)
        values = {"phone": self._value(entity, "phone")}
        return Edit(0.0, self._writer(), entity, self._label(entity), values)
