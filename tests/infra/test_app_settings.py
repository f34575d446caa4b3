"""Every setting of the code is an app setting in the cloud, and each app setting is one that something reads.

Settings of systems are asked for each kind of room, under a name with a hyphen, where names break first.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from infra import catalog
from infra.check.deployment import Deployment, deploy
from infra.check.functions import Later
from shared import settings as hub
from shared.adapters.credentials import variable
from shared.settings import BUS
from tests.docs.reasons import modules
from tests.infra.sandbox import INFRA

KINDS = catalog.kinds()
SYSTEMS = {f"{kind}-one": kind for kind in KINDS}
TOPOLOGY = yaml.safe_dump(
    {
        "systems": {name: {"kind": kind} for name, kind in SYSTEMS.items()},
        "entities": {"account": {"key": ["number"]}},
        "flows": [],
    }
)
HOST = {
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "where the host sends telemetry",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "by which identity it does",
    "AzureWebJobsStorage__accountName": "where the host keeps the locks of its timers",
    "AzureWebJobsStorage__credential": "that it signs in there by identity",
    "AzureWebJobsStorage__clientId": "by which one",
    f"{BUS}__fullyQualifiedNamespace": "where the bus is, for host and hub",
    f"{BUS}__credential": "that the host signs in there by identity",
    f"{BUS}__clientId": "by which one, for host and hub",
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID": "the identity that vouches for the app when people sign in",
}
"""What the host reads, and what for."""


def made(**params: Any) -> Deployment:
    loads = {"topology.yaml": TOPOLOGY}
    return deploy(INFRA, {"environmentName": "test", "location": "here", **params}, loads)


def app_settings(**params: Any) -> dict[str, str]:
    found = [
        each for each in made(**params).of("Microsoft.Web/sites/config") if each.name.endswith("appsettings")
    ]
    (settings,) = found
    values: dict[str, str] = settings.body["properties"]
    return values


def read_by_the_code() -> set[str]:
    of_hub = {variable(hub.PREFIX, field) for field in hub.Settings.model_fields}
    of_systems = {
        variable(name, field)
        for name, kind in SYSTEMS.items()
        for field in catalog.settings_of(kind).model_fields
    }
    triggers = [module for module in modules() if module.name == "triggers.py"]
    named = {name for file in triggers for name in re.findall(r"%(\w+)%", file.read_text("utf-8"))}
    return of_hub | of_systems | named


def secrets(kind: str) -> list[str]:
    return catalog.described(catalog.settings_of(kind))["secrets"]


def test_the_catalogue_is_what_the_code_says():
    assert catalog.FILE.read_text("utf-8") == catalog.written(), "write it anew: python -m infra.catalog"


def test_every_setting_of_the_code_is_an_app_setting_and_every_app_setting_is_read():
    assert set(app_settings()) == read_by_the_code() | set(HOST)


def test_the_hub_starts_on_what_the_templates_tell_it():
    settings = hub.read(
        {name: str(value) for name, value in app_settings(hub={"retry_attempts": 20}).items()}
    )

    assert settings.retry_attempts == 20
    assert settings.store_url.startswith("postgresql+psycopg://id-crosswalk-test-")
    assert settings.store_identity


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_that_must_be_there_is_a_reference_into_the_vault(kind: str):
    values = app_settings()
    model = catalog.settings_of(kind)

    for name in secrets(kind):
        value = values[variable(f"{kind}-one", name)]
        kept = f"SecretName={kind}-one-{name.replace('_', '-')})"
        assert value == "" or (
            value.startswith("@Microsoft.KeyVault(VaultName=kv-xw-") and value.endswith(kept)
        )
        assert bool(value) == model.model_fields[name].is_required()


@pytest.mark.parametrize("kind", [kind for kind in KINDS if secrets(kind)])
def test_a_secret_that_may_be_there_is_a_reference_where_it_is_named(kind: str):
    """A reference to what is not there would reach the code as it stands, and be taken for the secret."""
    values = app_settings(systems={f"{kind}-one": {"secrets": secrets(kind)}})

    assert all(
        values[variable(f"{kind}-one", name)].startswith("@Microsoft.KeyVault(") for name in secrets(kind)
    )


def test_what_is_told_of_a_system_reaches_it():
    values = app_settings(systems={"lms-one": {"url": "https://learn.example.com", "page_size": 50}})

    assert (values["LMS_ONE_URL"], values["LMS_ONE_PAGE_SIZE"]) == ("https://learn.example.com", "50")
    assert values["LMS_ONE_AT_ONCE"] == ""


def test_the_outputs_name_every_secret_that_is_looked_for():
    values = app_settings()
    found = re.findall(r"SecretName=([\w-]+)", " ".join(values.values()))

    assert sorted(made().outputs["CROSSWALK_SECRETS"]) == sorted(found)


def test_no_app_setting_holds_a_key_or_a_password():
    """Addresses come from Azure, secrets by reference; a connection string of telemetry opens nothing."""
    for name, value in app_settings().items():
        assert not re.search(r"(AccountKey|SharedAccessKey|password|sig)=", value, re.IGNORECASE), name
        assert not re.search(r"://[^/@]*:[^/@]*@", value), name
        if isinstance(value, Later):
            assert "key" not in value.lower(), name
