"""Expressions are worked out as Bicep says: precedence, texts, loops, lambdas, what is not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.check.deployment import deploy
from infra.check.faults import NotBicepError

WORTH: list[tuple[str, Any]] = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("-2 + 3", 1),
    ("7 / 2 % 2", 1),
    ("1 < 2 && 2 <= 2 || false", True),
    ("!true || true", True),
    ("'A' =~ 'a' && 'A' != 'a'", True),
    ("true ? 'yes' : false ? 'no' : 'never'", "yes"),
    ("null ?? 'other'", "other"),
    (r"'it\'s \${not} one\n'", "it's ${not} one\n"),
    ("'a${1 + 1}b${'c${true ? 'd' : '}'}'}'", "a2bcd"),
    ("'''\nas it ${is}\n'''", "as it ${is}\n"),
    ("'${['x', 1, true]}'", '["x",1,true]'),
    ("{ 'a-b': 1, c: { d: [ 2 ] } }.c.d[0]", 2),
    ("{ a: 1 }['a']", 1),
    ("{ a: 1 }.?b ?? { a: 1 }[?'c'] ?? 3", 3),
    ("{ a: 1 }.?b.c.d ?? 'nothing'", "nothing"),
    ("[for n in [1, 2]: n * 2]", [2, 4]),
    ("[for (n, i) in ['x', 'y']: '${n}${i}']", ["x0", "y1"]),
    ("map(filter(range(0, 5), n => n % 2 == 1), n => { n: n })", [{"n": 1}, {"n": 3}]),
    ("reduce([1, 2, 3], 0, (sum, n) => sum + n)", 6),
    ("map([1, 2], n => map([10], m => n + m))", [[11], [12]]),
    ("union(['b', 'a'], ['a', 'c'])", ["b", "a", "c"]),
    ("union({ a: { b: 1, c: 1 } }, { a: { c: 2 } })", {"a": {"b": 1, "c": 2}}),
    ("items({ b: 2, a: 1 })", [{"key": "a", "value": 1}, {"key": "b", "value": 2}]),
    ("toObject(['a'], n => toUpper(n), n => length(n))", {"A": 1}),
    ("string(true)", "True"),
    ("string(20)", "20"),
    ("empty('') && empty([]) && empty({}) && !empty('a')", True),
    ("[\n  1\n  2,\n  3 // three\n]", [1, 2, 3]),
]


def worked_out(folder: Path, text: str) -> Any:
    (folder / "main.bicep").write_text(text, "utf-8")
    return deploy(folder, {}).outputs["worth"]


@pytest.mark.parametrize("said, worth", WORTH, ids=[said for said, _ in WORTH])
def test_an_expression_is_worth_what_the_language_says(tmp_path: Path, said: str, worth: Any):
    assert worked_out(tmp_path, f"output worth object = {said}\n") == worth


def test_names_stand_for_each_other_in_whatever_order(tmp_path: Path):
    text = "var second = '${first}!'\nparam first string = 'one'\noutput worth string = second\n"

    assert worked_out(tmp_path, text) == "one!"


def test_the_second_side_is_left_alone_where_the_first_decides(tmp_path: Path):
    text = "var none = {}\noutput worth bool = empty(none) || none.missing\n"

    assert worked_out(tmp_path, text) is True


@pytest.mark.parametrize("said", ["{}.missing", "[1][1]"])
def test_what_is_not_there_is_refused_with_its_line(tmp_path: Path, said: str):
    with pytest.raises(NotBicepError, match=r"main\.bicep:1: there is no"):
        worked_out(tmp_path, f"output worth int = {said}\n")
