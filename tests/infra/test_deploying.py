"""What azd, the page and the templates say of each other is so."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from infra import package
from infra.check import parser
from infra.check.deployment import deploy
from infra.check.tree import Param
from tests.docs.pages import DOCS, code, rows, section
from tests.infra.sandbox import INFRA, PROJECT
from tests.infra.test_app_settings import HOST

AZD: dict[str, Any] = yaml.safe_load((PROJECT / "azure.yaml").read_text("utf-8"))


def test_azd_finds_the_app_by_the_tag_that_the_templates_give_it():
    made = deploy(INFRA, {"environmentName": "test", "location": "here"})

    assert list(AZD["services"]) == [made.one("Microsoft.Web/sites").body["tags"]["azd-service-name"]]
    assert AZD["services"]["hub"]["host"] == "function"


def test_azd_deploys_what_the_package_command_builds():
    assert AZD["services"]["hub"]["project"] == "build/package"
    assert {hook["run"] for hook in AZD["hooks"].values()} == {f"python3 -m {package.__name__}"}
    assert (PROJECT / AZD["infra"]["path"] / f"{AZD['infra']['module']}.bicep").is_file()


def test_the_resource_group_has_the_tag_that_azd_looks_for():
    made = deploy(INFRA, {"environmentName": "test", "location": "here"})

    assert made.one("Microsoft.Resources/resourceGroups").body["tags"]["azd-env-name"] == "test"


def test_every_parameter_is_explained_and_no_other():
    main = INFRA / "main.bicep"
    params = {each.name for each in parser.read(main, main).declarations if isinstance(each, Param)}
    cells = [row[0] for row in rows(section(DOCS / "deploy.md", "Say what you want"))]

    assert {code(name.strip()) for cell in cells for name in cell.split(",")} == params


def test_every_number_of_a_size_is_explained_with_its_values():
    text = section(DOCS / "scaling.md", "Sizes")
    main = INFRA / "main.bicep"
    numbers = re.findall(
        r"^    (\w+):", main.read_text("utf-8").partition("  small: {")[2].partition("}")[0], re.MULTILINE
    )

    assert numbers
    assert [name for name in numbers if f"`{name}`" not in text] == []


def test_every_variable_of_the_host_is_explained():
    text = (DOCS / "settings.md").read_text("utf-8")

    assert [name for name in HOST if f"`{name}`" not in text] == []


def test_every_output_that_the_page_names_is_one():
    made = deploy(INFRA, {"environmentName": "test", "location": "here"})
    said = set(re.findall(r"CROSSWALK_[A-Z_]+|AZURE_RESOURCE_GROUP", (DOCS / "deploy.md").read_text("utf-8")))
    others = set(re.findall(r"CROSSWALK_[A-Z_]+", json.dumps([main_parameters(), [*HOST]])))

    assert said - others - {"CROSSWALK_MIGRATE"} <= set(made.outputs)


def main_parameters() -> str:
    return (INFRA / "main.parameters.json").read_text("utf-8")
