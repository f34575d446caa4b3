"""Links lead somewhere, commands exist, and blocks of code run."""

from __future__ import annotations

import asyncio
import inspect
import pydoc
import re
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main

from local.__main__ import COMMANDS, made
from local.systems.faults import FaultOrder
from local.up.report import COUNTED, SELDOM
from local.up.screen import TITLES
from shared.topology_file import parse
from tests.docs.pages import DOCS, HEADING, PROJECT, Block, blocks, pages, prose
from tests.flows.office import Office
from tests.flows.office import office as opened

LINK = re.compile(r"\]\(([^)\s]+)\)")
COMMAND = re.compile(r"python -m local\b([^`|\n]*)")
MODULE = re.compile(r"python -m ((?:benchmarks|tests)[\w.]*)")
TARGET = re.compile(r"^make (\w+)$", re.MULTILINE)
PATH = re.compile(r"`((?:shared|functions|local|tests|docs|benchmarks)/(?!.*NNNN)[\w/.-]*)`")
DOTTED = re.compile(r"`((?:shared|functions|local)\.[\w.]+)`")
FAULT = re.compile(r"localhost:(\d+)/_sim/faults -d '([^']*)'")
PLAYED = {"8081": "salesforce", "8082": "lms"}
DECISIONS = sorted((DOCS / "decisions").glob("0*.md"))
EVERY = pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(PROJECT)))


def slug(heading: str) -> str:
    """A heading's anchor, as the page is shown."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w -]", "", plain.lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    return {slug(found[2]) for found in HEADING.finditer(prose(page))}


@EVERY
def test_every_link_leads_somewhere(page: Path):
    assert list(broken(page)) == []


def broken(page: Path) -> Iterator[str]:
    for link in LINK.findall(prose(page)):
        name, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


@EVERY
def test_every_path_and_name_of_the_code_exists(page: Path):
    text = page.read_text("utf-8")
    missing = [path for path in PATH.findall(text) if not (PROJECT / path).exists()]
    missing += [name for name in DOTTED.findall(text) if pydoc.locate(name) is None]

    assert missing == []


def test_every_command_exists_with_its_options():
    commands = typer.main.get_command(made(COMMANDS)).commands  # type: ignore[attr-defined] # a group, by its commands
    known = {
        name: {each for option in command.params for each in option.opts}
        for name, command in commands.items()
    }
    known[""] = set()
    wrong = []
    for page in pages():
        for said in COMMAND.findall(page.read_text("utf-8")):
            words = said.rstrip(".").split()
            name = words[0] if words and not words[0].startswith("-") else ""
            options = {word.strip(".,;:)") for word in words if word.startswith("--")} - {"--help"}
            if name not in known or not options <= known[name]:
                wrong.append(f"{page.name}: {said}")

    assert wrong == []


def test_every_target_of_make_and_every_module_exists():
    made = (PROJECT / "Makefile").read_text("utf-8")
    text = "\n".join(page.read_text("utf-8") for page in pages())

    assert [name for name in TARGET.findall(text) if f"\n{name}:" not in made] == []
    assert [name for name in MODULE.findall(text) if find_spec(name.rstrip(".")) is None] == []


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_every_topology_is_taken(block: Block):
    assert parse(block.text).flows


@pytest.mark.parametrize(
    "page", sorted({block.page for block in blocks("python")}), ids=lambda page: page.name
)
def test_every_block_of_python_runs(page: Path):
    names: dict[str, Any] = {}
    for block in blocks("python", page=page):
        exec(compile(block.text, str(block), "exec"), names)
    for test in [each for name, each in names.items() if name.startswith("test_")]:
        assert inspect.iscoroutinefunction(test)
        asyncio.run(_in_an_office(test))


async def _in_an_office(test: Any) -> None:
    office: Office = opened()
    try:
        await test(office)
    finally:
        await office.world.close()


def test_every_fault_is_one_that_the_system_can_play():
    office = opened()
    orders = [found for page in pages() for found in FAULT.findall(page.read_text("utf-8"))]

    for port, order in orders:
        answer = office.world.control(
            PLAYED[port], "POST", "faults", FaultOrder.model_validate_json(order).model_dump()
        )
        assert answer.status_code == 201, answer.text

    assert len(orders) >= 4


def test_the_table_in_the_readme_has_the_columns_that_people_see():
    columns = [TITLES.get(name, name) for name in COUNTED if name not in SELDOM]
    head = " ".join(["entity", "from", "to", *columns, "seconds"])

    assert head in " ".join((PROJECT / "README.md").read_text("utf-8").split())


def test_the_changelog_knows_the_version():
    version = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert f"\n## {version}\n" in (PROJECT / "CHANGELOG.md").read_text("utf-8")


def test_each_decision_has_a_number_of_its_own_and_is_listed():
    numbers = [int(page.name[:4]) for page in DECISIONS]
    listed = LINK.findall((DOCS / "decisions" / "README.md").read_text("utf-8"))

    assert len(set(numbers)) == len(numbers)
    assert [page.name for page in DECISIONS if page.name not in listed] == []


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_names_its_question_its_choice_and_its_losers(page: Path):
    lines = page.read_text("utf-8").splitlines()
    headings = {line.removeprefix("## ") for line in lines if line.startswith("## ")}

    assert lines[0].startswith(f"# {int(page.name[:4])}. ")
    assert {"The question", "What we chose", "What we did not choose"} <= headings
