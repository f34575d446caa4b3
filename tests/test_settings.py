"""Bad settings stop the start, by the variable's name and with what to set; no secret shows in any of it."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from functions.dataverse.connection import connect as dataverse
from functions.erp.connection import connect as erp
from functions.lms.connection import connect as lms
from functions.salesforce.connection import connect as salesforce
from shared.model.errors import IntegrationError, Misconfigured, Unavailable
from shared.settings import Settings
from shared.wiring import Connect, Hub, from_environment

HIDDEN = "s3cr3t"
BUS = f"Endpoint=sb://bus.test/;SharedAccessKeyName=hub;SharedAccessKey={HIDDEN}bus="

SOUND = {
    "CROSSWALK_STORE_URL": "sqlite://",
    "SERVICEBUS": BUS,
    "SALESFORCE_URL": "https://org.my.salesforce.test",
    "SALESFORCE_CLIENT_ID": "crosswalk",
    "SALESFORCE_CLIENT_SECRET": f"{HIDDEN}-crm",
    "LMS_URL": "https://lms.test",
    "LMS_TOKEN": f"{HIDDEN}-lms",
    **{
        f"{system}_{name}": value
        for system in ("CRM", "PARTNER")
        for name, value in {
            "URL": "https://org.crm4.dynamics.test",
            "TENANT": "tenant.test",
            "CLIENT_ID": "crosswalk",
            "CLIENT_SECRET": f"{HIDDEN}-{system}",
        }.items()
    },
    "ERP_DATABASE_URL": f"postgresql+psycopg://hub:{HIDDEN}erp@erp.test/erp",
}

ROOMS: dict[str, Connect] = {"salesforce": salesforce, "lms": lms, "dataverse": dataverse, "erp": erp}

WRONG = [
    ("CROSSWALK_STORE_URL", ""),
    ("CROSSWALK_STORE_URL", HIDDEN),
    ("CROSSWALK_STORE_URL", f"bogus://u:{HIDDEN}@host/name"),
    ("CROSSWALK_STORE_URL", f"mysql://u:{HIDDEN}@host/name"),
    ("CROSSWALK_STORE_URL", f"postgresql+psycopg://u:{HIDDEN}@host:port/name"),
    ("CROSSWALK_STORE_URL", f"postgresql+nothing://u:{HIDDEN}@host/name"),
    ("CROSSWALK_STORE_URL", "sqlite:////no/such/folder/hub.sqlite"),
    ("CROSSWALK_MIGRATE", "perhaps"),
    ("CROSSWALK_FRESHNESS", "soon"),
    ("CROSSWALK_FRESHNESS", "0"),
    ("CROSSWALK_FRESHNESS", "nan"),
    ("CROSSWALK_FRESHNESS", "inf"),
    ("CROSSWALK_PARENT_WAIT", "-1"),
    ("CROSSWALK_CLAIM", "1"),
    ("CROSSWALK_CLAIM", "inf"),
    ("CROSSWALK_LEASE", "1"),
    ("CROSSWALK_RETRY_FIRST", "0"),
    ("CROSSWALK_RETRY_LONGEST", "inf"),
    ("CROSSWALK_RETRY_ATTEMPTS", "0"),
    ("CROSSWALK_RETRY_ATTEMPTS", "2.5"),
    ("SERVICEBUS", ""),
    ("SERVICEBUS", HIDDEN),
    ("SERVICEBUS", f"SharedAccessKeyName=hub;SharedAccessKey={HIDDEN}"),
    ("SERVICEBUS", f"Endpoint=sb://bus.test/;SharedAccessKey={HIDDEN}"),
    ("SALESFORCE_URL", ""),
    ("SALESFORCE_URL", "org.my.salesforce.test"),
    ("SALESFORCE_URL", f"https://u:{HIDDEN}@org.my.salesforce.test"),
    ("SALESFORCE_URL", f"https://org.my.salesforce.test/?secret={HIDDEN}"),
    ("SALESFORCE_CLIENT_ID", ""),
    ("SALESFORCE_API_VERSION", "latest"),
    ("SALESFORCE_PAGE_SIZE", "2001"),
    ("SALESFORCE_BULK_THRESHOLD", "many"),
    ("SALESFORCE_AT_ONCE", "17"),
    ("LMS_URL", "ftp://lms.test"),
    ("LMS_URL", f"https://u:{HIDDEN}@lms.test"),
    ("LMS_TOKEN", ""),
    ("LMS_TOKEN", f"{HIDDEN}\n"),
    ("LMS_TOKEN", f"{HIDDEN} and more"),
    ("LMS_TOKEN", f"{HIDDEN}ü"),
    ("LMS_TOKEN", f"@Microsoft.KeyVault(VaultName=kv;SecretName={HIDDEN})"),
    ("LMS_PAGE_SIZE", "0"),
    ("LMS_OVERLAP", "-1"),
    ("LMS_LAUNCH_KEY", HIDDEN),
    ("LMS_LAUNCH_PATH", "sso?token="),
    ("LMS_LAUNCH_DOMAINS", "crm.example sales.example"),
    ("LMS_LAUNCH_SECONDS", "61"),
    ("CRM_URL", ""),
    ("CRM_URL", f"https://u:{HIDDEN}@org.crm4.dynamics.test"),
    ("CRM_TENANT", f"https://{HIDDEN}"),
    ("CRM_CLIENT_SECRET", ""),
    ("PARTNER_PAGE_SIZE", "5001"),
    ("ERP_DATABASE_URL", HIDDEN),
]


@pytest.fixture
def start() -> Iterator[Callable[..., Hub]]:
    """Starts a hub on sound settings, changed; an empty one is missing."""
    hubs: list[Hub] = []

    def start(**changed: str) -> Hub:
        hubs.append(from_environment(ROOMS, {**SOUND, **changed}))
        return hubs[-1]

    yield start
    for hub in hubs:
        hub.store.close()


@pytest.mark.parametrize(
    "url", ["", HIDDEN, f"mysql://u:{HIDDEN}@host/name", f"postgresql+nothing://u:{HIDDEN}@host/name"]
)
def test_a_wrong_address_of_an_erps_database_is_refused_with_no_secret_in_it(url: str):
    environment = {"ERP_DATABASE_URL": url}

    with pytest.raises(Misconfigured, match="ERP_DATABASE_URL") as raised:
        erp("erp", environment=environment, transport=None, clock=lambda: 0, random=Random(1))

    assert HIDDEN not in "".join(traceback.format_exception(raised.value))


def test_sound_settings_start(start: Callable[..., Hub]):
    assert set(start().connections) == {"salesforce", "lms", "crm", "partner", "erp"}


@pytest.mark.parametrize("name, value", WRONG)
def test_a_wrong_setting_is_refused_by_its_name_with_no_secret_in_it(
    start: Callable[..., Hub], name: str, value: str
):
    with pytest.raises(IntegrationError) as raised:
        start(**{name: value})

    assert name in raised.value.description
    assert isinstance(raised.value, Misconfigured)
    assert HIDDEN not in "".join(traceback.format_exception(raised.value))


def test_all_of_one_system_that_is_wrong_is_said_at_once(start: Callable[..., Hub]):
    with pytest.raises(Misconfigured) as raised:
        start(LMS_URL="", LMS_TOKEN="", LMS_PAGE_SIZE="0")

    said = raised.value.description
    assert [name for name in ("LMS_URL", "LMS_TOKEN", "LMS_PAGE_SIZE") if name in said] == [
        "LMS_URL",
        "LMS_TOKEN",
        "LMS_PAGE_SIZE",
    ]


def test_a_setting_that_has_no_way_to_log_in_says_both_ways(start: Callable[..., Hub]):
    with pytest.raises(Misconfigured, match=r"_CLIENT_SECRET .*, or those ending in _USERNAME"):
        start(SALESFORCE_CLIENT_SECRET="")


def test_a_database_that_does_not_answer_is_no_mistake_of_the_settings(start: Callable[..., Hub]):
    with pytest.raises(Unavailable, match="the store does not answer") as raised:
        start(CROSSWALK_STORE_URL=f"postgresql+psycopg://u:{HIDDEN}@127.0.0.1:1/name")

    assert HIDDEN not in "".join(traceback.format_exception(raised.value))


def test_a_topology_that_is_wrong_stops_the_start_with_its_line(start: Callable[..., Hub], tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("systems: {}\nentities: {}\nflow: []\n", encoding="utf-8")

    with pytest.raises(Misconfigured, match=r"mine\.yaml:3: flow: unknown key; did you mean flows\?"):
        start(CROSSWALK_TOPOLOGY=str(path))


def test_a_system_of_a_kind_that_has_no_room_is_named(start: Callable[..., Hub], tmp_path: Path):
    path = tmp_path / "mine.yaml"
    path.write_text("systems: {books: {kind: paper}}\nentities: {}\nflows: []\n", encoding="utf-8")

    with pytest.raises(
        Misconfigured, match=r"systems\.books\.kind: there is no room 'paper'; there are salesforce"
    ):
        start(CROSSWALK_TOPOLOGY=str(path))


def test_an_identity_in_place_of_a_connection_string_is_enough(start: Callable[..., Hub]):
    start(SERVICEBUS="", SERVICEBUS__fullyQualifiedNamespace="bus.test")


def test_nothing_that_is_printed_of_a_hub_shows_a_secret(start: Callable[..., Hub]):
    hub = start()

    assert HIDDEN not in repr(hub)
    assert HIDDEN not in repr(Settings(store_url=f"postgresql://u:{HIDDEN}@host/name"))
