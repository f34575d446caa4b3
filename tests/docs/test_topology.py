"""The page of topology.yaml has every key, with the default that the models have; its example loads."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from shared import topology
from shared.priority import Budget, Priority
from shared.terms import Mode
from shared.topology import Guard
from shared.topology_file import TopologyError, parse
from tests.docs.pages import DOCS, blocks, code, rows, section
from tests.docs.tables import shown

PAGE = DOCS / "topology.md"
MODELS: dict[str, type[BaseModel]] = {
    "The file": topology.Topology,
    "A system": topology.System,
    "A budget": Budget,
    "An entity": topology.EntityPolicy,
    "A field": topology.FieldPolicy,
    "A flow": topology.Flow,
    "An envelope": topology.Envelope,
}


def defaults(model: type[BaseModel]) -> dict[str, str]:
    """Key, as it is written in the file → its default, as the page says it."""
    told = {}
    for name, info in model.model_fields.items():
        default = info.get_default(call_default_factory=True, validated_data={})
        said = "none" if default in (None, (), {}) else shown(default)
        told[info.alias or name] = "required" if info.is_required() else said
    return told


@pytest.mark.parametrize("heading", MODELS)
def test_every_key_is_explained_with_its_default(heading: str):
    said = {code(row[0]): row[1] for row in rows(section(PAGE, heading))}

    assert said == defaults(MODELS[heading])


@pytest.mark.parametrize("policy", [topology.Delete, topology.MissingParent, Priority, Guard, Mode])
def test_every_policy_is_explained(policy: type[topology.Delete]):
    said = section(PAGE, "A flow")

    assert [each for each in policy if f"`{each.value}`" not in said] == []


def test_the_example_is_taken():
    (block,) = blocks("yaml", page=PAGE)

    assert len(parse(block.text).flows) == 3


def test_the_example_would_be_refused_without_its_guards():
    (block,) = blocks("yaml", page=PAGE)

    with pytest.raises(TopologyError) as refused:
        parse(block.text.replace(", guard: read", ""))

    assert str(refused.value).count("contact.phone") == 2
