"""The list of commands: it is read off their files, for to import what they need takes seconds."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

from local.__main__ import COMMANDS, listed, made
from tests.local.running import local


def told(app: typer.Typer, *words: str) -> str:
    return CliRunner().invoke(app, [*words, "--help"]).stdout


def test_the_list_says_of_every_command_what_the_command_says_of_itself():
    assert told(listed()) == told(made(COMMANDS))
    assert all(name in told(listed()) for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_how_it_is_used(name: str):
    assert f"{name} [OPTIONS]" in told(made([name]), name)


def test_a_command_that_is_none_is_refused():
    ended = local("nonsense")
    assert (ended.returncode, "No such command 'nonsense'" in ended.stderr) == (2, True)
