"""The simulated systems as one process holds them: built over a data directory, filled at their first start.

What has been filled once is never filled again: a later start goes on from what is there.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

import httpx

from local.systems.control import Controlled
from local.systems.credentials import Secrets, kept_secrets, make_secrets
from local.systems.dataverse import Credentials as Registration
from local.systems.dataverse import Dataverse
from local.systems.dataverse import Options as Environment
from local.systems.dataverse.oauth import DEFAULT_TENANT
from local.systems.garbage import uncollected
from local.systems.lms import Lms
from local.systems.lms.launching import AUDIENCE, ISSUER, STAFF, trust_in
from local.systems.lms.push import LmsManner
from local.systems.reports import Report, read_reports
from local.systems.rows import Rows
from local.systems.salesforce import Credentials, Options, Salesforce
from local.systems.sample import Sample, make_sample
from local.systems.sample.customers import make_customers
from local.systems.sample.quotes import make_quotes
from local.systems.staff import Staff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from local.systems.erp.database import Erp
    from local.systems.system import Clock, Row, System

_SETUP, _FILLED = "setup", "filled"


@dataclass(frozen=True)
class Content:
    """What systems are filled with: a sample, or reports in its place."""

    records: int = 1000
    seed: int = 1
    accounts: Path | None = None
    contacts: Path | None = None
    customers: int | None = None
    """Of the company that works in Dataverse and the ERP; as many as `records` where nothing is said."""

    @property
    def company(self) -> int:
        return self.records if self.customers is None else self.customers

    @property
    def is_reports(self) -> bool:
        return self.accounts is not None or self.contacts is not None

    def __str__(self) -> str:
        if self.is_reports:
            return "reports " + ", ".join(str(path) for path in (self.accounts, self.contacts) if path)
        return f"a sample of {self.records} records, seed {self.seed}"


class NobodyToSell(Exception):
    """Salespeople were asked for where there is nothing that they could work in."""


class Desk:
    """`directory` is None for systems that live in memory only."""

    def __init__(
        self, directory: Path | None, clock: Clock, random: Random, calls_a_minute: int = 600
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._random = random
        self._calls_a_minute = calls_a_minute
        self.secrets = self._secrets()
        self.systems: dict[str, Controlled] = {}
        self.erps: dict[str, Erp] = {}
        self.staff = Staff()
        self._made: Sample | None = None
        self.told: list[str] = []
        """What people should know about the start: where the rows come from, lines that were not loaded."""

    def open(self, kinds: Mapping[str, str], content: Content, sales: Sequence[str] = ()) -> None:
        """Builds these systems, each of its kind, and fills those that are new; in some of them are `sales`.

        BadSheet where a report cannot be read.
        """
        builders = {"salesforce": self._salesforce, "lms": self._lms, "dataverse": self._dataverse}
        with uncollected():
            for name, kind in kinds.items():
                self.systems[name] = builders[kind](name, content)
            self._made = None
        self.staff.inside = [self._environment(name).salespeople for name in sales]

    def open_erps(self, directory: Path, names: Sequence[str], content: Content) -> None:
        """Opens these ERPs, each with an accounting desk at work in it."""
        from local.systems.erp import office  # noqa: PLC0415 - whoever serves no ERP is spared SQLAlchemy

        for name in names:
            if not office.path_in(directory, name).exists():
                self.told.append(f"{name}: filled with a company of {content.company} records")
            self.erps[name] = office.opened(directory, name, content.company, content.seed)
        self.staff.outside = [office.on_a_desk(erp, name) for name, erp in self.erps.items()]

    def endpoints(self, urls: dict[str, str]) -> dict[str, dict[str, str]]:
        """What a caller needs for each system."""
        served = {
            name: {"url": url, **self._shown(self.systems[name].system, url)} for name, url in urls.items()
        }
        return served | {name: {"database_url": erp.url} for name, erp in self.erps.items()}

    def _environment(self, name: str) -> Dataverse:
        system = self.systems[name].system if name in self.systems else None
        if not isinstance(system, Dataverse):
            raise NobodyToSell(f"{name} is no Dataverse environment: nobody sells anything there")
        return system

    def _shown(self, system: System, url: str) -> dict[str, str]:
        secrets = self.secrets
        if isinstance(system, Salesforce):
            return {"client_id": secrets.client_id, "client_secret": secrets.client_secret}
        if isinstance(system, Dataverse):
            registered = {"client_id": secrets.application_id, "client_secret": secrets.application_secret}
            return {"authority": url, "tenant": DEFAULT_TENANT, **registered}
        launching = {"launch_key": secrets.launch_key, "launch_issuer": ISSUER, "launch_audience": AUDIENCE}
        return {"token": secrets.token, **launching}

    async def push(self, stopped: asyncio.Event) -> None:
        """What systems have to tell whoever subscribed, until it is stopped."""
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.TaskGroup() as tasks:
            for system in self.systems.values():
                if system.courier:
                    tasks.create_task(system.courier.run(client, stopped))

    def close(self) -> None:
        for controlled in self.systems.values():
            controlled.system.rows.close()
        for erp in self.erps.values():
            erp.close()

    def _secrets(self) -> Secrets:
        if self._directory is None:
            return make_secrets(self._random)
        return kept_secrets(self._directory / "secrets.json", self._random)

    def _rows(self, name: str) -> Rows:
        return Rows(None if self._directory is None else self._directory / f"{name}.sqlite")

    def _salesforce(self, name: str, content: Content) -> Controlled:
        secrets, rows = self.secrets, self._rows(name)
        credentials = Credentials(secrets.client_id, secrets.client_secret)
        org = Salesforce(rows, self._clock, self._random, Options(credentials))
        if self._is_new(name, rows, str(content)):
            for each, loaded in self._salesforce_rows(org, content).items():
                org.load(each, loaded)
            _mark(rows, str(content))
        return Controlled(org, self._clock, self.staff, org.manner())

    def _lms(self, name: str, content: Content) -> Controlled:
        rows = self._rows(name)
        lms = Lms(rows, self._clock, self.secrets.token, self._calls_a_minute)
        lms.sign_on(trust_in(self.secrets.launch_key), self._random, STAFF)
        filling = "nothing, for no report is of the LMS" if content.is_reports else str(content)
        if self._is_new(name, rows, filling):
            for each, loaded in self._lms_rows(content).items():
                lms.load(each, loaded)
            _mark(rows, filling)
        return Controlled(lms, self._clock, self.staff, LmsManner(self._word))

    def _dataverse(self, name: str, content: Content) -> Controlled:
        secrets, rows = self.secrets, self._rows(name)
        registered = Registration(secrets.application_id, secrets.application_secret)
        environment = Dataverse(rows, self._clock, self._random, Environment(registered), name)
        filling = f"{name}'s own sample of {content.company} records, seed {content.seed}"
        if self._is_new(name, rows, filling):
            sample = make_customers(name, content.company, content.seed, self._clock())
            for each, loaded in sample.tables.items():
                environment.load(each, loaded)
            environment.load("quote", make_quotes(name, sample, content.seed, self._clock()))
            _mark(rows, filling)
        return Controlled(environment, self._clock, self.staff, environment.manner())

    def _word(self) -> str:
        """No two are the same."""
        return f"{self._random.getrandbits(128):032x}"

    def _lms_rows(self, content: Content) -> dict[str, list[Row]]:
        return {} if content.is_reports else self._sample(content).lms

    def _salesforce_rows(self, org: Salesforce, content: Content) -> dict[str, list[Row]]:
        if not content.is_reports:
            return self._sample(content).salesforce

        def check(name: str, row: Row) -> str | None:
            refusal = org.loader.check(name, row)
            return None if refusal is None else refusal.message

        reports = read_reports(content.accounts, content.contacts, check)
        self.told += [line for report in reports for line in _told(report)]
        return {report.name: report.rows for report in reports}

    def _sample(self, content: Content) -> Sample:
        """Made once, though both systems take their part of it."""
        if self._made is None:
            self._made = make_sample(content.records, content.seed, self._clock())
        return self._made

    def _is_new(self, name: str, rows: Rows, filling: str) -> bool:
        before: Row | None = rows.table(_SETUP).get(_FILLED)
        if before is None:
            self.told.append(f"{name}: filled with {filling}")
        elif before["with"] != filling:
            self.told.append(f"{name}: goes on from {before['with']}; --fresh starts over with {filling}")
        return before is None


def _mark(rows: Rows, filling: str) -> None:
    """In the transaction of what was filled in, or behind it: half a filling is done again."""
    rows.put(_SETUP, _FILLED, {"with": filling})
    rows.commit()


def _told(report: Report) -> list[str]:
    return [f"{report.path}: {len(report.lines)} rows loaded into {report.name}", *report.told()]
