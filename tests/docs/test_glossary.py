"""The glossary is what the code says, and the code says no word that it avoids."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import DOCS, rows, section
from tests.docs.reasons import modules

PAGE = DOCS / "glossary.md"
MARK = "not yet built"
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
PRODUCT = re.compile(r"service_?bus", re.IGNORECASE)
TERMS = {row[0]: row[1] for row in rows(section(PAGE, "Words"))}
UNBUILT = [term for term, meaning in TERMS.items() if MARK in meaning.lower()]
AVOIDED = {word for row in rows(section(PAGE, "Words to avoid")) for word in (row[0], f"{row[0]}s")}


def words(name: str) -> set[str]:
    """The words of a name, in lower case; the product's name has none."""
    return {word.lower() for word in WORD.findall(PRODUCT.sub("", name))}


@cache
def names() -> list[tuple[str, str]]:
    """(Where, name) of every module, class and function that is deployed."""
    found = []
    for module in modules():
        defined = [
            node.name
            for node in ast.walk(ast.parse(module.read_text("utf-8")))
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        found += [(str(module), name) for name in (module.stem, *defined)]
    return found


@cache
def code() -> str:
    return " ".join(module.read_text("utf-8").lower() for module in modules())


def test_every_word_is_defined_once_and_in_order():
    said = [row[0] for row in rows(section(PAGE, "Words"))]

    assert said == sorted(set(said))


def test_no_word_is_defined_that_is_to_be_avoided():
    assert not AVOIDED & {part for term in TERMS for part in term.split()}


def test_no_name_of_the_code_has_a_word_to_avoid():
    assert [(where, name) for where, name in names() if words(name) & AVOIDED] == []


@pytest.mark.parametrize("name, found", [("DataHelper", True), ("ServiceBus", False), ("sync_all", True)])
def test_a_word_to_avoid_is_seen_inside_a_name(name: str, found: bool):
    assert bool(words(name) & AVOIDED) == found


@pytest.mark.parametrize("term", sorted(TERMS.keys() - set(UNBUILT)))
def test_a_word_is_one_that_the_code_uses(term: str):
    said = re.compile(re.escape(term).replace(r"\ ", r"[ _\n]+").replace(r"\-", "[-_ ]?"))

    assert said.search(code()), f"no word of it in shared/ and functions/: {term}"


@pytest.mark.parametrize("term", UNBUILT)
def test_what_is_marked_as_not_yet_built_has_no_code(term: str):
    """When it is built, the mark goes."""
    assert [(where, name) for where, name in names() if set(term.split()) <= words(name)] == []
