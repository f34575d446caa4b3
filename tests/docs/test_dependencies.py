"""Every package that is required is explained, and every one that is explained is required."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import DOCS, PROJECT, rows, section

PAGE = DOCS / "dependencies.md"
FILES = {"Deployed": "requirements.txt", "On the desk only": "requirements-dev.txt"}


def required(file: str) -> list[str]:
    lines = (PROJECT / file).read_text("utf-8").splitlines()
    named = [re.match(r"[A-Za-z0-9_.-]+", line) for line in lines if not line.startswith(("#", "-"))]
    return [found[0] for found in named if found]


@pytest.mark.parametrize("heading", FILES)
def test_every_requirement_has_its_line_and_no_line_lacks_its_requirement(heading: str):
    assert [row[0] for row in rows(section(PAGE, heading))] == required(FILES[heading])


@pytest.mark.parametrize("heading", FILES)
def test_every_line_says_something(heading: str):
    assert all(row[1].endswith(".") for row in rows(section(PAGE, heading)))
