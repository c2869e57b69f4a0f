"""Which host is best: arithmetic over host attributes."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.templates.errors import RankError
from vmconsole.templates.expressions import Attributes
from vmconsole.templates.rank import parse

HOST: Attributes = {
    "RUNNING_VMS": "3",
    "FREE_CPU": 120.0,
    "FREE_MEMORY": 2048,
    "NAME": "kvm7",
    "WEIRD": "nan",
    "TAGS": ["1"],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0),
        ("RUNNING_VMS", 3),
        ("- RUNNING_VMS", -3),
        ("-RUNNING_VMS", -3),
        ("free_cpu", 120),
        ("FREE_CPU * 2 + RUNNING_VMS", 243),
        ("FREE_CPU * (2 + RUNNING_VMS)", 600),
        ("10 - 3 - 2", 5),
        ("24 / 4 / 2", 3),
        ("2 - -2", 4),
        ("1.5*2", 3),
        ("MISSING + 1", 1),
        ("NAME + TAGS + WEIRD + 1", 1),
        ("1 / MISSING", 0),
        ("9" * 300 + "*" + "9" * 300, 0),
    ],
)
def test_the_value_is_that_of_the_formula(text: str, value: float) -> None:
    assert parse(text).value(HOST) == value


@pytest.mark.parametrize(
    ("text", "position"),
    [("1 +", 4), ("* 2", 1), ("(1", 3), ("1)", 2), ("1 2", 3), ('"a"', 1), ("a = 1", 3), ("a.b", 2), ("-" * 99, 52)],
)
def test_what_cannot_be_read_is_refused_with_its_position(text: str, position: int) -> None:
    with pytest.raises(RankError) as caught:
        parse(text)
    assert caught.value.position == position


@given(st.text(max_size=30) | st.text(st.sampled_from("AB19.+-*/() "), max_size=40))
def test_any_text_is_refused_or_gives_a_finite_number(text: str) -> None:
    try:
        rank = parse(text)
    except RankError:
        return
    assert math.isfinite(rank.value({"A": 1e308, "B": "-1e308"}))
