"""An environment on the desk: the simulated Dataverse behind a client, with a clock that stands still."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import httpx
import orjson

from local.systems.control import Controlled
from local.systems.dataverse import Credentials, Dataverse, Options, Switches
from local.systems.dataverse.multipart import parse_parts
from local.systems.dataverse.oauth import DEFAULT_TENANT
from local.systems.rows import Rows
from local.systems.transport import SyncSystemTransport
from tests.systems.clock import StillClock

HOST = "https://crm.example"
API = "/api/data/v9.2/"
ACCOUNT = "aaaaaaaa-0000-4000-8000-000000000001"
OTHER_ACCOUNT = "aaaaaaaa-0000-4000-8000-000000000002"
CONTACT = "cccccccc-0000-4000-8000-000000000001"
LONG_AGO = "2025-01-01T00:00:00Z"
ANNOTATIONS = {"Prefer": 'odata.include-annotations="*"'}


class Desk:
    def __init__(
        self, rows: Rows | None = None, switches: dict[str, Any] | None = None, **options: Any
    ) -> None:
        self.clock = StillClock(datetime(2026, 3, 1, 9, 0, 30, 999_000, tzinfo=UTC))
        settings = {"credentials": Credentials("client", "secret"), "switches": Switches(**switches or {})}
        chosen = Options(**{**settings, **options})
        self.system = Dataverse(rows or Rows(), self.clock, Random(7), chosen, "crm")
        self.controlled = Controlled(self.system, self.clock, manner=self.system.manner())
        self.client = httpx.Client(transport=SyncSystemTransport(self.controlled), base_url=HOST)

    def token(self, path: str = f"/{DEFAULT_TENANT}/oauth2/v2.0/token", **form: str) -> httpx.Response:
        wanted = {
            "grant_type": "client_credentials",
            "client_id": "client",
            "client_secret": "secret",
            "scope": f"{HOST}/.default",
        }
        return self.client.post(path, data={**wanted, **form})

    def log_in(self) -> None:
        self.client.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request below the version, or at an address that an answer gave."""
        url = path if path.startswith("http") else API + path
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        if body is None:
            return self.client.request(method, url, headers=named)
        return self.client.request(method, url, headers=named, json=body)

    def get(self, path: str, **headers: str) -> dict[str, Any]:
        answer = self.ask("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def names(self, path: str, column: str = "name") -> list[Any]:
        return [row[column] for row in self.get(path)["value"]]

    def row(self, table: str, key: str) -> dict[str, Any]:
        return next(row for row in self.system.records(table) if row[f"{table}id"] == key)

    def batch(self, *parts: bytes, **headers: str) -> httpx.Response:
        named = {"Content-Type": 'multipart/mixed; boundary="b"', **headers}
        return self.client.post(f"{API}$batch", content=multipart("b", parts), headers=named)

    def order_fault(self, **fault: Any) -> None:
        assert self.client.post("/_sim/faults", json=fault).status_code == 201


def stocked(rows: Rows | None = None, switches: dict[str, Any] | None = None, **options: Any) -> Desk:
    """Two accounts and a contact; somebody is logged in."""
    desk = Desk(rows, switches, **options)
    desk.system.load(
        "account",
        [
            {"accountid": ACCOUNT, "name": "Acme", "accountnumber": "A-1", "createdon": LONG_AGO},
            {"accountid": OTHER_ACCOUNT, "name": "Zenith", "revenue": 1000.5, "createdon": LONG_AGO},
        ],
    )
    contact = {
        "contactid": CONTACT,
        "lastname": "Lovelace",
        "fullname": "Ada Lovelace",
        "createdon": LONG_AGO,
    }
    of_account = {"_parentcustomerid_value": ACCOUNT}
    desk.system.load("contact", [contact | of_account])
    desk.log_in()
    return desk


def error(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, code and message of a refusal."""
    body = answer.json()["error"]
    return answer.status_code, body["code"], body["message"]


# Batches


def multipart(boundary: str, parts: tuple[bytes, ...] | list[bytes]) -> bytes:
    opened = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    return opened + f"--{boundary}--\r\n".encode()


def part(method: str, url: str, body: Any = None, content_id: int | None = None, **headers: str) -> bytes:
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary"]
    head += [] if content_id is None else [f"Content-ID: {content_id}"]
    named = {"Content-Type": "application/json; type=entry", **headers}
    lines = [*head, "", f"{method} {url} HTTP/1.1"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in named.items()]
    content = b"" if body is None else orjson.dumps(body)
    return "\r\n".join([*lines, "", ""]).encode() + content


def change_set(*parts: bytes) -> bytes:
    return b'Content-Type: multipart/mixed; boundary="c"\r\n\r\n' + multipart("c", parts)


def parts_of(answer: httpx.Response) -> list[tuple[int, str]]:
    """Status and body of each part; those of a change set in its place."""
    boundary = answer.headers["Content-Type"].partition("boundary=")[2]
    return [each for found in parse_parts(answer.content, boundary) for each in _inner(found)]


def _inner(found: Any) -> list[tuple[int, str]]:
    kind = found.headers["content-type"]
    if kind.startswith("multipart/mixed"):
        nested = parse_parts(found.body, kind.partition("boundary=")[2])
        return [each for one in nested for each in _inner(one)]
    head, _, body = found.body.decode().partition("\r\n\r\n")
    return [(int(head.split()[1]), body.strip())]


def statuses(answer: httpx.Response) -> list[int]:
    return [status for status, _ in parts_of(answer)]
