"""No secret stands in any file that is kept, in what is deployed, or in what the commands print.

Tests play with made-up secrets, and the local cloud has some that open nothing; these two are not looked
at. The rest is, and planted secrets show that the look finds them.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from pathlib import Path

import pytest

from infra import package
from infra.check import environments, secrets
from infra.check.__main__ import main
from infra.check.deployment import deploy
from tests.infra.sandbox import INFRA, PROJECT

PLAYED = ("tests/", "local/")
PARTS = ("eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJjcm9zc3dhbGsifQ", "c2lnbmF0dXJlLW9mLW5vdGhpbmc")
PLANTED = {
    "storage": "DefaultEndpointsProtocol=https;AccountName=st;AccountKey=" + "Ab3+" * 21 + "==",
    "bus": "Endpoint=sb://hub/;SharedAccessKeyName=Root;SharedAccessKey=" + "x9Yz" * 10 + "=",
    "password in an address": "postgresql+psycopg://hub:" + "correct7horse" + "@server/crosswalk",
    "private key": "-----BEGIN " + "PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
    "private key in one line": "-----BEGIN RSA " + "PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC",
    "token": ".".join(PARTS),
    "signature": "https://st.blob.core.windows.net/p?sv=2024&" + "sig=" + "a1B2" * 8 + "%3D",
    "application's secret": "Abc8Q~" + "d4" * 18,
    "consumer key": "3MVG9" + "lKcPoNINVB" * 5,
    "parameter": '"client_secret": "' + "k3y" * 8 + '"',
    "setting": "LMS_TOKEN = '" + "t0ken" * 5 + "'",
}
HARMLESS = [
    "LMS_TOKEN=...",
    "mssql+pyodbc://user:password@host/database",
    "SharedAccessKey=<key>",
    "postgresql+psycopg://user@host/database",
    "postgresql+psycopg://${identityName}@${storeAddress}/crosswalk",
    "'@Microsoft.KeyVault(VaultName=kv;SecretName=lms-token)'",
    'client_secret: SecretStr = Field(description="a client secret of the app registration")',
    "--hash=sha256:f53dcd26694f148f738edc052b5a69234833e739f10f4c3287bdfd8ec0f7b326",
    "var secretsUser = '4633458b-17de-408a-b874-0445c86b69e6'",
]


def kept() -> list[Path]:
    """Every file of the project, but for those that play."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = [name for name in listed.stdout.splitlines() if not name.startswith(PLAYED)]
    return [PROJECT / name for name in names if (PROJECT / name).is_file()]


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found_in_its_line_and_not_repeated(kind: str):
    found = secrets.found(f"one\n{PLANTED[kind]}\nthree")

    assert [line for line, _ in found] == [2]
    assert PLANTED[kind] not in str(found)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_stands_for_a_secret_is_none(text: str):
    assert secrets.found(text) == []


def test_no_file_that_is_kept_holds_a_secret():
    texts = [(file, file.read_text("utf-8", errors="replace")) for file in kept()]

    assert [f"{file}:{line}: {what}" for file, text in texts for line, what in secrets.found(text)] == []


def test_nothing_that_is_deployed_holds_a_secret():
    texts = {name: file.read_text("utf-8") for name, file in package.contents().items()}

    assert [(name, secrets.found(text)) for name, text in texts.items() if secrets.found(text)] == []


@pytest.mark.parametrize("name", sorted(environments.named(INFRA)))
def test_nothing_that_an_environment_makes_or_puts_out_holds_a_secret(name: str):
    deployment = deploy(INFRA, environments.named(INFRA)[name])
    text = json.dumps([each.body for each in deployment.made] + [deployment.outputs], indent=1)

    assert secrets.found(text) == []


def test_the_check_prints_none():
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        assert main([]) == 0

    assert "sound" in printed.getvalue()
    assert secrets.found(printed.getvalue()) == []
