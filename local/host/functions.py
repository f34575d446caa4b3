"""What an app's decorators said, tamed: each function with one trigger that this host serves, or a refusal.

The checks are those of the cloud's worker, and those that it leaves out and that hurt later.
"""

import inspect
import json
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import azure.functions as func
from azure.functions.decorators.function_app import Function
from azure.servicebus import parse_connection_string

from local.host.errors import BadApp, Refusal
from local.host.routes import Route
from local.host.schedule import Schedule
from local.host.settings import Settings

ALL_METHODS = ("GET", "POST", "DELETE", "HEAD", "PATCH", "PUT", "OPTIONS")


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    route: Route
    methods: tuple[str, ...]
    level: str  # anonymous, function, admin


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    schedule: Schedule
    run_on_startup: bool


@dataclass(frozen=True, slots=True)
class BusTrigger:
    connection: str  # the connection string itself
    entity: str  # a queue or a topic
    subscription: str | None
    many: bool

    @property
    def path(self) -> str:
        return f"{self.entity}/{self.subscription}" if self.subscription else self.entity


Trigger = HttpTrigger | TimerTrigger | BusTrigger
T_co = TypeVar("T_co", bound=Trigger, covariant=True)


@dataclass(frozen=True, slots=True)
class HostedFunction(Generic[T_co]):
    name: str
    call: Callable[..., Any]
    trigger: T_co
    parameter: str  # takes what triggered the function
    context_parameter: str | None
    bindings: tuple[dict[str, Any], ...]

    @property
    def is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.call)


def read_functions(
    functions: Iterable[Function], settings: Settings, route_prefix: str
) -> list[HostedFunction[Trigger]]:
    """All functions, or all that is wrong with them."""
    reader = _Reader(settings, route_prefix)
    read: list[HostedFunction[Trigger]] = []
    problems: list[str] = []
    for function in functions:
        try:
            read.append(reader.read(function))
        except Refusal as refusal:
            problems.append(f"function {function.get_function_name()!r}: {refusal}")
    problems += _shared_addresses(read)
    if problems:
        raise BadApp(*problems)
    return read


class _Reader:
    def __init__(self, settings: Settings, route_prefix: str) -> None:
        self._settings = settings
        self._route_prefix = route_prefix
        self._triggers: dict[str, Callable[[dict[str, Any]], Trigger]] = {
            "httpTrigger": self._http,
            "timerTrigger": self._timer,
            "serviceBusTrigger": self._bus,
        }

    def read(self, function: Function) -> HostedFunction[Trigger]:
        bindings = json.loads(function.get_function_json())["bindings"]
        source = next(one for one in bindings if one["type"].endswith("Trigger"))
        _refuse_other_bindings(bindings, source)
        if source["type"] not in self._triggers:
            raise Refusal(
                f"this host has no {source['type']}; it serves HTTP, timer and Service Bus triggers"
            )
        if function.get_setting("retry_policy"):
            raise Refusal(
                "@retry is not supported with this trigger; remove it, the flow retries record by record"
            )
        trigger = self._triggers[source["type"]](source)
        call = function.get_user_function()
        context = _check_parameters(call, source)
        name = str(function.get_function_name())
        return HostedFunction(name, call, trigger, source["name"], context, tuple(bindings))

    def _http(self, source: dict[str, Any]) -> HttpTrigger:
        route = Route.parse(source["route"], self._route_prefix)
        methods = tuple(source.get("methods") or ALL_METHODS)
        return HttpTrigger(route, methods, source.get("authLevel", "FUNCTION").lower())

    def _timer(self, source: dict[str, Any]) -> TimerTrigger:
        text = self._settings.resolve(source["schedule"], "schedule")
        return TimerTrigger(Schedule.parse(text), bool(source.get("runOnStartup")))

    def _bus(self, source: dict[str, Any]) -> BusTrigger:
        if source.get("isSessionsEnabled"):
            raise Refusal("this host serves no sessions; leave is_sessions_enabled out")
        entity = self._settings.resolve(source.get("queueName") or source["topicName"], "entity")
        subscription = source.get("subscriptionName")
        return BusTrigger(
            connection=self._connection(source["connection"]),
            entity=entity,
            subscription=subscription and self._settings.resolve(subscription, "subscription"),
            many=source.get("cardinality") == "MANY",
        )

    def _connection(self, setting: str) -> str:
        text = self._settings.require(setting, "a Service Bus connection string")
        try:
            parse_connection_string(text)
        except ValueError as error:
            raise Refusal(
                f"the setting {setting!r} is no connection string ({error}); "
                "write Endpoint=sb://...;SharedAccessKeyName=...;SharedAccessKey=..."
            ) from error
        return text


def _refuse_other_bindings(bindings: list[dict[str, Any]], source: dict[str, Any]) -> None:
    for binding in bindings:
        answers = (
            binding["type"] == "http" and binding["name"] == "$return" and source["type"] == "httpTrigger"
        )
        if binding is not source and not answers:
            raise Refusal(
                f"the binding {binding['name']!r} ({binding['type']}) is not served here; "
                "do its work in the function's body, through an adapter"
            )


def _check_parameters(call: Callable[..., Any], source: dict[str, Any]) -> str | None:
    """The name of the parameter that takes the invocation's context, if there is one."""
    parameters = set(inspect.signature(call).parameters)
    hints = _hints(call)
    trigger, context = source["name"], "context" if "context" in parameters else None
    if trigger not in parameters:
        raise Refusal(f"it has no parameter {trigger!r} for its trigger; add it, or name it in arg_name")
    if unknown := sorted(parameters - {trigger, context}):
        raise Refusal(
            f"no binding names its parameter {unknown[0]!r}; remove it (a context is called 'context')"
        )
    if context and hints.get(context, func.Context) is not func.Context:
        raise Refusal("its parameter 'context' takes a func.Context; annotate it so")
    if trigger in hints:
        _check_annotation(hints[trigger], source)
    return context


def _hints(call: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(call)
    except NameError as error:
        raise Refusal(
            f"its annotations cannot be read ({error}); import that name outside of TYPE_CHECKING"
        ) from error


def _check_annotation(hint: Any, source: dict[str, Any]) -> None:
    if isinstance(hint, types.GenericAlias):
        raise Refusal(
            f"the cloud cannot index {hint} for its parameter {source['name']!r}; "
            "write typing.List[func.ServiceBusMessage]"
        )
    converter = func.get_binding_registry().get(source["type"])
    is_list = typing.get_origin(hint) is list
    fits = (isinstance(hint, type) or is_list) and converter.check_input_type_annotation(hint)
    if not fits or is_list != (source.get("cardinality") == "MANY"):
        raise Refusal(f"its parameter {source['name']!r} is annotated {hint}; write {_expected(source)}")


def _expected(source: dict[str, Any]) -> str:
    if source["type"] == "serviceBusTrigger":
        many = source.get("cardinality") == "MANY"
        return "typing.List[func.ServiceBusMessage]" if many else "func.ServiceBusMessage"
    return {"httpTrigger": "func.HttpRequest", "timerTrigger": "func.TimerRequest"}[source["type"]]


def _shared_addresses(functions: Iterable[HostedFunction[Trigger]]) -> list[str]:
    triggers = [(f.name, f.trigger) for f in functions if isinstance(f.trigger, HttpTrigger)]
    uses = Counter((trigger.route.shape, method) for _, trigger in triggers for method in trigger.methods)
    return [
        f"function {name!r}: another function answers {trigger.route.template!r} too; "
        "change the route or the methods"
        for name, trigger in triggers
        if any(uses[trigger.route.shape, method] > 1 for method in trigger.methods)
    ]
