"""Parameter descriptions: what is read, what is refused, and that shown values are read back."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.core.errors import ParameterError
from cnn_studio.core.lists import Connections, Integers
from cnn_studio.core.params import Choice, Flag, Integer, Pair, Param, Real, Sides, parse_values
from cnn_studio.graph.registry import all_specs
from tests.helpers.strategies import value_of

ALL = [pytest.param(p, id=f"{spec.id}.{p.key}") for spec in all_specs() for p in spec.params]

INTEGER = Integer("n", "Number", "Help.", 3, minimum=1, maximum=5000)
REAL = Real("r", "Rate", "Help.", 0.5, minimum=0.0, maximum=2.0, above_minimum=True)
FLAG = Flag("f", "Flag", "Help.", True)
CHOICE = Choice("c", "Choice", "Help.", "a", options=(("a", "The first"), ("b", "B")))
PAIR = Pair("p", "Pair", "Help.", (2, 2), minimum=1, maximum=9)
INTEGERS = Integers("i", "Order", "Help.", (1, 2, 0), minimum=-1, maximum=9, least=2, most=4)
TABLE = Connections("t", "Table", "Help.", ((0, 1), (2,)), max_rows=3, maximum=9)
SIDES = Sides("s", "Sides", "Help.", (0, 0, 0, 0), maximum=9, allows_same=True)


@pytest.mark.parametrize("param", ALL)
def test_every_value_survives_text_and_json(param: Param) -> None:
    @given(value_of(param, 1000))
    def check(value: Any) -> None:
        assert param.parse(value) == value
        assert param.parse(param.text(value)) == value
        stored = json.loads(json.dumps(list(value) if isinstance(value, tuple) else value))
        assert param.parse(stored) == value
        assert type(param.parse(stored)) is type(value)

    check()


@pytest.mark.parametrize("param", ALL)
def test_defaults_are_legal_and_descriptions_complete(param: Param) -> None:
    assert param.parse(param.default) == param.default
    assert type(param.parse(param.default)) is type(param.default)
    assert param.title
    assert param.help.endswith(".")
    assert json.loads(json.dumps(param.describe()))["range"] == param.range_text


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)


@given(st.sampled_from([INTEGER, REAL, FLAG, CHOICE, PAIR, SIDES, INTEGERS, TABLE]), ANYTHING)
def test_anything_is_read_or_refused_in_a_sentence(param: Param, raw: object) -> None:
    try:
        value = param.parse(raw)
    except ParameterError as error:
        assert param.title in str(error)
        assert len(str(error)) < 300
        return
    assert param.parse(value) == value
    assert hash(value) is not None


@pytest.mark.parametrize(
    ("param", "raw", "value"),
    [
        (INTEGER, "12", 12),
        (INTEGER, " 1,024 ", 1024),
        (INTEGER, 7.0, 7),
        (INTEGER, "+5", 5),
        (REAL, "1e-3", 0.001),
        (REAL, 2, 2.0),
        (FLAG, "Yes", True),
        (FLAG, "false", False),
        (CHOICE, "the FIRST", "a"),
        (CHOICE, "b", "b"),
        (PAIR, 3, (3, 3)),
        (PAIR, "5 × 4", (5, 4)),
        (PAIR, "5x4", (5, 4)),
        (PAIR, [2], (2, 2)),
        (SIDES, "same", "same"),
        (SIDES, " SAME ", "same"),
        (SIDES, "1, 2", (1, 1, 2, 2)),
        (SIDES, "0 1 2 3", (0, 1, 2, 3)),
        (SIDES, [4], (4, 4, 4, 4)),
    ],
)
def test_what_is_read(param: Param, raw: object, value: object) -> None:
    assert param.parse(raw) == value


@pytest.mark.parametrize(
    ("param", "raw"),
    [(INTEGER, bad) for bad in (0, 5001, -1, 1.5, True, None, "", "x", "1 2", "٣", "9" * 30, math.inf, [3])]
    + [(REAL, bad) for bad in (0, 0.0, -1, 2.1, math.nan, math.inf, "nan", True, None, "", 10**400)]
    + [(FLAG, bad) for bad in (0, 1, "maybe", None, [])]
    + [(CHOICE, bad) for bad in ("c", "", 0, None, ["a"])]
    + [(PAIR, bad) for bad in (0, 10, [1, 2, 3], [], "", "same", [1, None], [[1], [2]], True)]
    + [(SIDES, bad) for bad in (-1, 10, [1, 2, 3], [1] * 5, "", "other", [True, 1])],
)
def test_what_is_refused(param: Param, raw: object) -> None:
    with pytest.raises(ParameterError) as caught:
        param.parse(raw)
    assert param.range_text in str(caught.value)
    assert str(caught.value).startswith(f"{param.title} ({param.key}) must be ")


def test_same_is_a_word_only_where_it_is_allowed() -> None:
    with pytest.raises(ParameterError):
        Sides("s", "Sides", "Help.", (0, 0, 0, 0)).parse("same")


def test_huge_whole_numbers_are_refused_not_printed_in_full() -> None:
    with pytest.raises(ParameterError) as caught:
        INTEGER.parse(10**5000)
    assert len(str(caught.value)) < 200


def test_missing_values_take_defaults_and_unknown_keys_are_named() -> None:
    params = (INTEGER, FLAG)
    assert parse_values(params, {"n": "4"}, "layer x") == {"n": 4, "f": True}
    with pytest.raises(ParameterError, match="layer x: there is no parameter 'q'; the parameters are f, n"):
        parse_values(params, {"q": 1}, "layer x")
    with pytest.raises(ParameterError, match="layer x: Number"):
        parse_values(params, {"n": 0}, "layer x")


@pytest.mark.parametrize(
    ("param", "raw", "value"),
    [
        (INTEGERS, "1, 2, 0", (1, 2, 0)),
        (INTEGERS, "8 × -1", (8, -1)),
        (INTEGERS, [4, 4.0], (4, 4)),
        (TABLE, "1 0; 2", ((0, 1), (2,))),
        (TABLE, "0,1;2;", ((0, 1), (2,))),
        (TABLE, "3\n4 5", ((3,), (4, 5))),
        (TABLE, [[2, 1], 0], ((1, 2), (0,))),
    ],
)
def test_lists_are_read_as_people_write_them(param: Param, raw: object, value: object) -> None:
    assert param.parse(raw) == value


@pytest.mark.parametrize(
    ("param", "raw"),
    [
        *((INTEGERS, raw) for raw in ("", "1", "1 2 3 4 5", "1, 10", "1, -2", "1.5 2", [[1], 2], None)),
        *(
            (TABLE, raw)
            for raw in ("", ";", "0 0", "0; ;1", "0; 10", "-1", "0;1;2;3", "a", [], [[]], [[0, 0.5]])
        ),
        (Connections("t", "Table", "Help.", ((0,),)), [list(range(60_000))] * 2),
    ],
)
def test_lists_refuse_what_is_none(param: Param, raw: object) -> None:
    with pytest.raises(ParameterError, match=re.escape(f"({param.key}) must be")):
        param.parse(raw)
