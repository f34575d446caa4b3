from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.systems.salesforce.soql.lexer import SoqlError
from local.systems.salesforce.soql.parser import KEYWORDS, parse
from local.systems.salesforce.soql.syntax import (
    All,
    Comparison,
    Condition,
    Literal,
    Membership,
    Negation,
    Ordering,
    Path,
    Query,
    Some,
)

NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9]{0,8}(__c)?", fullmatch=True).filter(
    lambda name: name.upper() not in KEYWORDS and name.upper() != "COUNT"
)
PATHS = st.builds(Path, st.one_of(NAMES, st.builds("{}.{}".format, NAMES, NAMES)))
STRINGS = st.builds(Literal, st.just("string"), st.text(st.characters(exclude_categories=["Cs"])))
VALUES = st.one_of(
    STRINGS,
    st.builds(Literal, st.just("number"), st.integers(-(10**9), 10**9)),
    st.builds(Literal, st.just("boolean"), st.booleans()),
    st.just(Literal("null", None)),
    st.datetimes().map(
        lambda at: Literal("datetime", at.strftime("%Y-%m-%dT%H:%M:%S.000+0000").rjust(28, "0"))
    ),
    st.dates().map(lambda day: Literal("date", day.isoformat())),
)
TESTS = st.one_of(
    st.builds(Comparison, PATHS, st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), VALUES),
    st.builds(Membership, PATHS, st.lists(VALUES, min_size=1, max_size=4).map(tuple), st.booleans()),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(Negation, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Some(tuple(parts))),
    ),
    max_leaves=8,
)
QUERIES = st.builds(
    Query,
    st.just(""),
    st.lists(PATHS, min_size=1, max_size=4).map(tuple),
    st.just(value=False),
    st.builds(Path, NAMES),
    st.none() | CONDITIONS,
    st.lists(st.builds(Ordering, PATHS, st.booleans(), st.booleans()), max_size=2).map(tuple),
    st.none() | st.integers(0, 10**6),
    st.integers(0, 2000),
)


def written(query: Query) -> str:
    """A query as a person would type it."""
    text = f"SELECT {', '.join(path.text for path in query.select)} FROM {query.source.text}"
    if query.where is not None:
        text += f" WHERE {_condition(query.where)}"
    if query.order:
        text += " ORDER BY " + ", ".join(map(_ordering, query.order))
    if query.limit is not None:
        text += f" LIMIT {query.limit}"
    return text + (f" OFFSET {query.offset}" if query.offset else "")


def _ordering(ordering: Ordering) -> str:
    direction = "DESC" if ordering.descending else "asc"
    return f"{ordering.path.text} {direction}{' NULLS LAST' * ordering.nulls_last}"


def _condition(condition: Condition) -> str:
    if isinstance(condition, Comparison):
        return f"{condition.path.text} {condition.operator} {_literal(condition.literal)}"
    if isinstance(condition, Membership):
        listed = ", ".join(map(_literal, condition.literals))
        return f"{condition.path.text} {'NOT ' * condition.negated}IN ({listed})"
    if isinstance(condition, Negation):
        return f"NOT ({_condition(condition.condition)})"
    word = " AND " if isinstance(condition, All) else " OR "
    return word.join(f"({_condition(each)})" for each in condition.conditions)


def _literal(literal: Literal) -> str:
    if literal.kind == "string":
        escaped = literal.value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
        return f"'{escaped}'"
    return (
        {None: "null", True: "true", False: "FALSE"}[literal.value]
        if literal.kind in _WORDS
        else str(literal.value)
    )


_WORDS = {"null", "boolean"}


@settings(deadline=None)
@given(QUERIES)
def test_what_is_written_is_read_back(query):
    assert parse(written(query)) == query


@settings(deadline=None)
@given(st.text(), st.integers(0, 60))
def test_nonsense_is_refused_and_never_breaks_the_parser(noise, place):
    text = "SELECT Id FROM Contact WHERE Email = 'a@b.c' ORDER BY Id LIMIT 1"
    message = refusal(text[:place] + noise + text[place:])
    assert message is None or "^\nERROR at Row:" in message


def refusal(text: str) -> str | None:
    try:
        parse(text)
    except SoqlError as refused:
        return refused.message(text)
    return None


@pytest.mark.parametrize(
    "text, reason",
    [
        ("", "unexpected token: '<EOF>'"),
        ("SELECT FROM Contact", "unexpected token: 'FROM'"),
        ("SELECT Id FROM", "unexpected token: '<EOF>'"),
        ("SELECT Id Name FROM Contact", "unexpected token: 'Name'"),
        ("SELECT * FROM Contact", "unexpected character: '*'"),
        ("SELECT Id FROM Contact WHERE", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Contact WHERE Email = 'open", "unterminated string literal"),
        ('SELECT Id FROM Contact WHERE Email = "x"', "unexpected character: '\"'"),
        ("SELECT Id FROM Contact WHERE Email == 'x'", "unexpected token: '='"),
        ("SELECT Id FROM Contact WHERE Id IN ()", "unexpected token: ')'"),
        ("SELECT Id FROM Contact WHERE A = 1 AND B = 2 OR C = 3", "unexpected token: 'OR'"),
        ("SELECT Id FROM Contact WHERE (A = 1", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Contact LIMIT 1.5", "unexpected token: '1.5'"),
        ("SELECT Id FROM Contact LIMIT 1 WHERE A = 1", "unexpected token: 'WHERE'"),
        ("SELECT Id FROM Contact WHERE A = 2025-02-30", "Invalid date: 2025-02-30"),
        ("SELECT Id FROM Contact WHERE A = 'x\\q'", "Illegal escape sequence '\\q'"),
    ],
)
def test_a_malformed_query_is_refused_with_what_was_not_expected(text, reason):
    with pytest.raises(SoqlError) as refused:
        parse(text)
    assert (refused.value.code, refused.value.reason) == ("MALFORMED_QUERY", reason)


def test_the_caret_points_at_the_place():
    text = "SELECT Id,\nFoo Bar FROM Contact"
    with pytest.raises(SoqlError) as refused:
        parse(text)
    assert (
        refused.value.message(text)
        == "\nFoo Bar FROM Contact\n    ^\nERROR at Row:2:Column:5\nunexpected token: 'Bar'"
    )


def test_conditions_nested_beyond_reason_are_refused():
    text = f"SELECT Id FROM Contact WHERE {'(' * 500}Id = null{')' * 500}"
    with pytest.raises(SoqlError) as refused:
        parse(text)
    assert refused.value.code == "QUERY_TOO_COMPLICATED"


def test_escapes_stand_for_what_they_say():
    query = parse(r"SELECT Id FROM Contact WHERE Name = 'O\'Neil\n\\\u00e9'")
    assert query.where == Comparison(Path("Name"), "=", Literal("string", "O'Neil\n\\é"))
