"""Several requests in one: /composite, whose parts may refer to each other's answers, and /composite/batch,
whose parts may not.

Either counts as one call. A reference is `@{refId.path}`, the path leading into that answer's body:
`@{new.id}`, `@{found.records[0].Id}`. It may stand in the url and in any text of the body.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from local.systems.salesforce.call import Answer, Call
from local.systems.salesforce.errors import ApiError, parser_error
from local.systems.salesforce.org import Org
from local.systems.system import Row

LARGEST: Final = 25
Dispatch = Callable[[Call], Answer]
"""Answers a call, refusals included."""

_REFERENCE: Final = re.compile(r"@\{([\w-]+)((?:\.\w+|\[\d+\])*)\}")
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]")
_HALTED: Final = "The transaction was rolled back since another operation in the same transaction failed."


class Composite:
    def __init__(self, org: Org, dispatch: Dispatch) -> None:
        self._org = org
        self._dispatch = dispatch

    def composite(self, call: Call) -> Answer:
        body = call.json_object()
        parts = _parts(body, "compositeRequest")
        with self._org.transaction() as transaction:
            answers = self._in_order(call, parts, halting=body.get("allOrNone") is True)
            failed = any(answer.status >= 400 for answer in answers.values())
            if failed and body.get("allOrNone") is True:
                transaction.roll_back()
                answers = {ref: _rolled_back(answer) for ref, answer in answers.items()}
        shown = [_composite_result(ref, answer) for ref, answer in answers.items()]
        return Answer(
            200, {"compositeResponse": shown}, records=_records(answers.values()), write=_wrote(parts)
        )

    def _in_order(self, call: Call, parts: list[Row], *, halting: bool) -> dict[str, Answer]:
        answers: dict[str, Answer] = {}
        for part in parts:
            stopped = halting and any(answer.status >= 400 for answer in answers.values())
            answers[str(part["referenceId"])] = (
                _halted(_HALTED) if stopped else self._one(call, part, answers)
            )
        return answers

    def _one(self, call: Call, part: Row, answers: dict[str, Answer]) -> Answer:
        try:
            url, body = _filled(part.get("url", ""), answers), _filled(part.get("body"), answers)
            return self._dispatch(call.within(part.get("method", ""), url, body))
        except _NoValueError as error:
            return _halted(f"Invalid reference specified. No value for {error} found")
        except ApiError as error:
            return Answer(error.status, error.body)

    def batch(self, call: Call) -> Answer:
        body = call.json_object()
        parts, halting = _parts(body, "batchRequests"), body.get("haltOnError") is True
        answers: list[Answer] = []
        for part in parts:
            if halting and any(answer.status >= 400 for answer in answers):
                answers.append(
                    Answer(412, _error("BATCH_PROCESSING_HALTED", "Batch processing halted per request"))
                )
            else:
                inner = {
                    "method": part.get("method"),
                    "url": f"/{part.get('url', '')}",
                    "body": part.get("richInput"),
                }
                answers.append(self._one(call, inner, {}))
        results = [{"statusCode": answer.status, "result": answer.body} for answer in answers]
        has_errors = any(answer.status >= 400 for answer in answers)
        shown = {"hasErrors": has_errors, "results": results}
        return Answer(200, shown, records=_records(answers), write=_wrote(parts))


class _NoValueError(Exception):
    """A reference leads nowhere."""


def _parts(body: Row, name: str) -> list[Row]:
    parts = body.get(name)
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise parser_error(f"{name} has to be an array of objects at [line:1, column:1]")
    if len(parts) > LARGEST:
        raise ApiError(
            400, "LIMIT_EXCEEDED", f"The request holds {len(parts)} subrequests; the limit is {LARGEST}"
        )
    if name == "compositeRequest":
        _check_references(parts)
    return parts


def _check_references(parts: list[Row]) -> None:
    references = [part.get("referenceId") for part in parts]
    if not all(isinstance(each, str) and each for each in references):
        raise ApiError(400, "MISSING_ARGUMENT", "Every subrequest needs a referenceId")
    if len(set(references)) < len(references):
        raise ApiError(400, "INVALID_INPUT", "A referenceId may be used once only")


def _filled(value: Any, answers: dict[str, Answer]) -> Any:
    """The value with every reference replaced by what it refers to."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: _referred(match, answers), value)
    if isinstance(value, list):
        return [_filled(each, answers) for each in value]
    if isinstance(value, dict):
        return {key: _filled(each, answers) for key, each in value.items()}
    return value


def _referred(match: re.Match[str], answers: dict[str, Answer]) -> str:
    answer = answers.get(match[1])
    found: Any = None if answer is None or answer.status >= 400 else answer.body
    for name, index in _STEP.findall(match[2]):
        found = _step_into(found, name, index)
    if found is None:
        raise _NoValueError(f"{match[1]}{match[2]}")
    return str(found)


def _step_into(value: Any, name: str, index: str) -> Any:
    if name:
        return value.get(name) if isinstance(value, dict) else None
    return value[int(index)] if isinstance(value, list) and int(index) < len(value) else None


def _composite_result(reference: str, answer: Answer) -> Row:
    return {
        "body": answer.body,
        "httpHeaders": answer.headers,
        "httpStatusCode": answer.status,
        "referenceId": reference,
    }


def _error(code: str, message: str) -> list[Row]:
    return [{"errorCode": code, "message": message}]


def _halted(message: str) -> Answer:
    return Answer(400, _error("PROCESSING_HALTED", message))


def _rolled_back(answer: Answer) -> Answer:
    return answer if answer.status >= 400 else _halted(_HALTED)


def _records(answers: Any) -> int:
    return sum(answer.records for answer in answers)


def _wrote(parts: list[Row]) -> bool:
    return any(str(part.get("method", "")).upper() != "GET" for part in parts)
