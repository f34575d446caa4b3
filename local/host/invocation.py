"""One invocation: the function is called where it belongs, in its time, and one log line says how it went.

`async def` runs on the event loop and `def` in a thread of its own. A thread gets no copy of the caller's
context variables: the cloud's worker gives none either, and code that leans on them should fail here first.
"""

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import azure.functions as func

from local.host.functions import HostedFunction, Trigger


@dataclass(frozen=True, slots=True)
class Outcome:
    succeeded: bool
    value: Any = None


FAILED = Outcome(succeeded=False)


class TraceContext:
    """The W3C trace context of an invocation; `attributes` is the cloud's, and empty here."""

    def __init__(self, trace_parent: str, trace_state: str) -> None:
        self.trace_parent = trace_parent
        self.trace_state = trace_state
        self.attributes: dict[str, str] = {}


class Context(func.Context):
    def __init__(self, name: str, folder: Path, invocation_id: str, trace: TraceContext) -> None:
        self._name = name
        self._folder = folder
        self._invocation_id = invocation_id
        self._trace = trace
        self._local = threading.local()

    @property
    def invocation_id(self) -> str:
        return self._invocation_id

    @property
    def thread_local_storage(self) -> Any:
        return self._local

    @property
    def function_name(self) -> str:
        return self._name

    @property
    def function_directory(self) -> str:
        return str(self._folder)

    @property
    def trace_context(self) -> Any:
        return self._trace

    @property
    def retry_context(self) -> Any:
        return None


class Invoker:
    def __init__(
        self,
        *,
        folder: Path,
        threads: ThreadPoolExecutor,
        ids: Callable[[], UUID],
        stopwatch: Callable[[], float],
        timeout: float | None,
    ) -> None:
        self._folder = folder
        self._threads = threads
        self._ids = ids
        self._stopwatch = stopwatch
        self._timeout = timeout

    async def invoke(
        self,
        function: HostedFunction[Trigger],
        value: Any,
        reason: str,
        headers: Mapping[str, str] | None = None,
    ) -> Outcome:
        """What came of it; nothing that the function raises comes through, for it is in the log."""
        invocation_id = str(self._ids())
        line = _Line(function.name, invocation_id, reason, self._stopwatch)
        context = Context(function.name, self._folder, invocation_id, self._trace(headers or {}))
        try:
            async with asyncio.timeout(self._timeout):
                result = await self._call(function, _arguments(function, value, context))
        except asyncio.CancelledError:
            line.write(logging.WARNING, "cancelled")
            raise
        except Exception as error:  # noqa: BLE001 - a function's bug is its own, the host lives on
            line.write(logging.ERROR, "failed", error)
            return FAILED
        line.write(logging.INFO, "succeeded")
        return Outcome(succeeded=True, value=result)

    async def _call(self, function: HostedFunction[Trigger], arguments: dict[str, Any]) -> Any:
        if function.is_async:
            return await function.call(**arguments)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: function.call(**arguments))

    def _trace(self, headers: Mapping[str, str]) -> TraceContext:
        """A span of our own, in the caller's trace where there is one."""
        parts = headers.get("traceparent", "").split("-")
        trace_id = parts[1] if len(parts) == 4 else self._ids().hex
        return TraceContext(f"00-{trace_id}-{self._ids().hex[:16]}-01", headers.get("tracestate", ""))


def _arguments(function: HostedFunction[Trigger], value: Any, context: Context) -> dict[str, Any]:
    arguments = {function.parameter: value}
    if function.context_parameter:
        arguments[function.context_parameter] = context
    return arguments


class _Line:
    """The one line of an invocation. Of an error it holds type and place; its message may quote a record, so
    that and the traceback are written at the level Debug only.
    """

    def __init__(self, name: str, invocation_id: str, reason: str, stopwatch: Callable[[], float]) -> None:
        self._logger = logging.getLogger(f"Function.{name}")
        self._facts = {"action": "invoked", "function": name, "reason": reason, "invocation": invocation_id}
        self._stopwatch = stopwatch
        self._started = stopwatch()

    def write(self, level: int, outcome: str, error: Exception | None = None) -> None:
        milliseconds = round((self._stopwatch() - self._started) * 1000, 1)
        facts: dict[str, Any] = {**self._facts, "outcome": outcome, "milliseconds": milliseconds}
        if error is not None:
            facts |= {"error": type(error).__name__, "at": _place(error)}
        self._logger.log(level, outcome, extra={"facts": facts})
        if error is not None:
            self._logger.debug("the error in full", exc_info=error)


def _place(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "unknown"
