"""What the check knows of Azure is what the named clients say, and each left-out policy says why."""

from __future__ import annotations

import re

import yaml

from infra.check import oracle, types
from tests.infra.sandbox import INFRA

CHECK = INFRA / "check"


def test_the_types_are_of_the_versions_that_are_named():
    text = (CHECK / "oracle-requirements.txt").read_text("utf-8")

    assert types.known()["packages"] == dict(re.findall(r"^([\w-]+)==(\S+)$", text, re.MULTILINE))


def test_a_type_of_resource_is_read_off_its_address():
    topics = "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.ServiceBus/namespaces/{n}/topics/{t}"
    settings = "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.Web/sites/{n}/config/appsettings"

    assert oracle.kind_of(topics) == "Microsoft.ServiceBus/namespaces/topics"
    assert oracle.kind_of(settings) == "Microsoft.Web/sites/config=appsettings"
    assert oracle.kind_of("/subscriptions/{s}/providers/Microsoft.ServiceBus/operations") is None


def test_every_model_that_a_type_names_is_known():
    named = re.findall(r'"model": "([^"]+)"', types.FILE.read_text("utf-8"))

    assert named
    assert [name for name in named if name not in types.known()["models"]] == []


def test_every_policy_that_is_left_out_says_why():
    text = (CHECK / "checkov.yaml").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.strip().startswith("- CKV")]

    assert len(lines) == len(yaml.safe_load(text)["skip-check"])
    assert [line for line in lines if not re.search(r"  # \S.{7,}", line)] == []
