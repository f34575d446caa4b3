"""The language of rules, by examples and against SQLite."""

import sqlite3
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.servicebus.engine.errors import FilterError, RuleSyntaxError
from local.servicebus.engine.message import Message, Value
from local.servicebus.engine.sql import MAX_DEPTH, compile_action, compile_condition

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MESSAGE = Message(
    message_id="m1",
    subject="order",
    application_properties={
        "n": 5,
        "x": 2.5,
        "text": "it's 100%_sure",
        "flag": True,
        "at": NOON,
        "price": Decimal("9.90"),
        "id": UUID(int=1),
        "odd name": 1,
        "a]b": 1,
    },
)


def holds(expression: str, message: Message = MESSAGE, **parameters: Value) -> bool:
    return compile_condition(expression, parameters)(message)


@pytest.mark.parametrize(
    "expression",
    [
        "n = 5",
        "n <> 4 AND n != 4",
        "n > 4 and n >= 5 And n < 6 AND n <= 5",
        "sys.Label = 'order' AND sys.subject = 'order' AND SYS.MESSAGEID = 'm1'",
        "user.n = 5",
        "text = 'it''s 100%_sure'",
        '[odd name] = 1 AND "odd name" = 1 AND user.[odd name] = 1',
        "[a]]b] = 1",
        "flag = TRUE AND NOT flag = false",
        "n IN (1, 2 + 3)",
        "n NOT IN (1, 2)",
        "text LIKE '%100!%!_s%' ESCAPE '!'",
        "text LIKE 'it_s%'",
        "sys.Label NOT LIKE 'x%'",
        "missing IS NULL AND n IS NOT NULL",
        "EXISTS(n) AND NOT EXISTS(missing) AND EXISTS(sys.Label)",
        "n + 1 * 2 = 7 AND (n + 1) * 2 = 12",
        "7 / 2 = 3 AND -7 / 2 = -3 AND 7.0 / 2 = 3.5",
        "7 % 3 = 1 AND -7 % 3 = -1",
        "-n = -5 AND +n = 5 AND - -n = 5",
        "x = 2.5 AND x = 25E-1 AND .5 < 1.",
        "price = 9.90 OR price > 9",
        "n = 5.0",
        "'a' + 'b' = 'ab'",
        "n = 1 OR n = 5 AND n = 5",
        "NOT n = 1 AND n = 5",
        "((n = 5))",
        "p('n') = 5 AND property('n') = 5",
        "newid() <> newid()",
    ],
)
def test_holds(expression: str):
    assert holds(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "missing = 1",
        "NOT missing = 1",
        "missing <> 1",
        "missing NOT IN (1)",
        "n NOT IN (1, missing)",
        "missing LIKE '%'",
        "missing + 1 > 0",
        "n = '5'",
        "n <> '5'",
        "flag = 1",
        "flag > FALSE",
        "n LIKE '5'",
        "missing = 1 AND n = 5",
        "NOT (missing = 1 OR n = 4)",
        "n = NULL",
        "N = 5",
    ],
)
def test_what_is_unknown_or_false_does_not_hold(expression: str):
    assert not holds(expression)


def test_true_or_unknown_is_true_and_false_and_unknown_is_false():
    assert holds("missing = 1 OR n = 5")
    assert holds("n = 5 OR missing = 1")
    assert holds("NOT (missing = 1 AND n = 4)")
    assert holds("NOT (n = 4 AND missing = 1)")


def test_parameters_stand_for_values_of_any_type():
    assert holds("at = @at AND id = @id AND n = @N", at=NOON, id=UUID(int=1), n=5)
    assert holds("at > @at", at=NOON.replace(hour=11))


@pytest.mark.parametrize(
    "expression,says",
    [
        ("", "expected a value, found the end at character 1"),
        ("n =", "expected a value, found the end at character 4"),
        ("n = 1 1", "expected the end, found '1' at character 7"),
        ("n", "expected a comparison before this, found the end at character 2"),
        ("n = 1 + (a = 1)", "expected a value instead of a condition"),
        ("(n = 1", "expected ), found the end"),
        ("n = 'a", 'cannot read "\'a" at character 5'),
        ("n ! 1", "cannot read '! 1' at character 3"),
        ("n NOT 1", "expected IN or LIKE, found '1'"),
        ("n IS 1", "expected NULL, found '1'"),
        ("n IN 1", "expected (, found '1'"),
        ("and = 1", "expected a value, found 'and'"),
        ("sys.Nothing = 1", "there is no system property Nothing"),
        ("other.n = 1", "a property is of sys or of user, not of other"),
        ("len(n) = 1", "there is no function len (at character 1)"),
        ("n = @p", "expected a value, found 'p'"),
        ("n = " + "1" * 1025, "at most 1024 characters"),
        ("(" * (MAX_DEPTH + 1) + "n = 1", "nested at most"),
        ("NOT " * (MAX_DEPTH + 1) + "n = 1", "nested at most"),
        ("n = " + "-" * (MAX_DEPTH + 1) + "1", "nested at most"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(expression: str, says: str):
    with pytest.raises(RuleSyntaxError) as refused:
        holds(expression)
    assert says in str(refused.value)


def test_a_computation_that_has_no_result_is_an_error_not_an_answer():
    for expression in ("1 / 0 = 1", "1 % 0 = 1", "text LIKE 'a' ESCAPE 'ab'", "p(n) = 1"):
        with pytest.raises(FilterError):
            holds(expression)


def changed(expression: str, **parameters: Value) -> Message:
    return compile_action(expression, parameters)(MESSAGE)


def test_an_action_sets_and_removes_step_by_step():
    message = changed("SET n = n + 1; SET [new one] = n * 2; REMOVE text; SET sys.To = 'x' + 'y';")
    assert message.application_properties["n"] == 6
    assert message.application_properties["new one"] == 12
    assert "text" not in message.application_properties
    assert message.to == "xy"
    assert MESSAGE.application_properties["n"] == 5


def test_an_action_that_removes_nothing_changes_nothing():
    assert changed("REMOVE missing") is MESSAGE


@pytest.mark.parametrize("expression", ["", "n = 1", "SET n", "SET 1 = 1", "SET n = 1 SET m = 2", "REMOVE"])
def test_an_action_that_cannot_be_read_is_refused(expression: str):
    with pytest.raises(RuleSyntaxError):
        changed(expression)


def test_an_action_has_at_most_32_statements():
    with pytest.raises(RuleSyntaxError):
        changed("SET n = 1;" * 33)


def test_the_session_of_a_message_cannot_be_changed_by_a_rule():
    with pytest.raises(FilterError):
        changed("SET sys.SessionId = 'x'")


# -- against SQLite, where both grammars mean the same: columns of one type each, unknown as NULL ------

NUMBERS = st.none() | st.integers(-20, 20)
TEXTS = st.none() | st.text("ab%_", max_size=4)
ROWS = st.fixed_dictionaries({"n": NUMBERS, "m": NUMBERS, "s": TEXTS, "t": TEXTS})


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def joined(parts: st.SearchStrategy[str], signs: list[str]) -> st.SearchStrategy[str]:
    return st.tuples(parts, st.sampled_from(signs), parts).map(lambda made: f"({' '.join(made)})")


numbers = st.recursive(
    st.sampled_from(["n", "m"]) | st.integers(0, 20).map(str),
    lambda inner: joined(inner, ["+", "-", "*"]) | inner.map(lambda made: f"(- {made})"),
    max_leaves=4,
)
texts = st.sampled_from(["s", "t"]) | st.text("ab%_", max_size=3).map(quoted)
comparisons = (
    joined(numbers, ["=", "<>", "!=", "<", "<=", ">", ">="])
    | joined(texts, ["=", "<>"])
    | st.tuples(numbers, st.lists(numbers, min_size=1, max_size=3)).map(
        lambda made: f"{made[0]} IN ({', '.join(made[1])})"
    )
    | st.tuples(numbers, st.lists(numbers, min_size=1, max_size=3)).map(
        lambda made: f"{made[0]} NOT IN ({', '.join(made[1])})"
    )
    | st.tuples(texts, texts).map(lambda made: f"{made[0]} LIKE {made[1]} ESCAPE '!'")
    | (numbers | texts).map(lambda made: f"{made} IS NULL")
    | (numbers | texts).map(lambda made: f"{made} IS NOT NULL")
)
conditions = st.recursive(
    comparisons,
    lambda inner: joined(inner, ["AND", "OR"]) | inner.map(lambda made: f"(NOT {made})"),
    max_leaves=6,
)


@given(condition=conditions, row=ROWS)
def test_a_condition_means_what_it_means_to_sqlite(condition: str, row: dict[str, Value]):
    with sqlite3.connect(":memory:") as database:
        database.execute("PRAGMA case_sensitive_like = ON")
        query = f"SELECT {condition} FROM (SELECT :n AS n, :m AS m, :s AS s, :t AS t)"
        [(answer,)] = database.execute(query, row).fetchall()
    database.close()
    properties = {name: value for name, value in row.items() if value is not None}
    assert holds(condition, Message(application_properties=properties)) is bool(answer)


@given(st.text(max_size=60))
def test_any_text_is_either_read_or_refused(expression: str):
    try:
        compile_condition(expression, {})
    except RuleSyntaxError:
        return


@given(
    st.lists(
        st.sampled_from(
            [
                "n",
                "=",
                "1",
                "(",
                ")",
                "AND",
                "OR",
                "NOT",
                "IN",
                ",",
                "LIKE",
                "'a'",
                "-",
                "+",
                "*",
                "/",
                "IS",
                "NULL",
                "EXISTS",
                "@p",
                ".",
            ]
        ),
        max_size=15,
    )
)
def test_any_row_of_words_is_either_read_or_refused(words: list[str]):
    try:
        condition = compile_condition(" ".join(words), {})
    except RuleSyntaxError:
        return
    condition(MESSAGE)
