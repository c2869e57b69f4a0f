"""The questions of a template, and the answers to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.templates.errors import UserInputError
from vmconsole.templates.user_inputs import InputType, UserInput, join_answers, parse, resolve, split_answers


def test_a_definition_has_five_parts_of_which_the_last_may_be_missing() -> None:
    assert parse("CPU", "M|range|How many CPUs| 1..8 |2") == UserInput(
        "CPU", True, InputType.RANGE, "How many CPUs", ("1", "8"), "2"
    )
    assert parse("PW", "O | password | Root password") == UserInput("PW", False, InputType.PASSWORD, "Root password")
    assert parse("CMD", "O|text|Command||a | b").default == "a | b"


def test_only_a_password_is_secret() -> None:
    assert parse("A", "M|password|x").secret
    assert not any(parse("A", f"M|{kind}|x|{params}|1").secret for kind, params in (("text", ""), ("number", "")))


@pytest.mark.parametrize(
    ("definition", "answer", "stored"),
    [
        ("M|text|x", "a\nb", "a\nb"),
        ("M|text64|x", "héllo", "aMOpbGxv"),
        ("M|password|x", "s3 cret", "s3 cret"),
        ("M|number|x", "-12", "-12"),
        ("M|number|x", " 12 ", "12"),
        ("M|number-float|x", "1.25", "1.25"),
        ("M|range|x|1..8", "8", "8"),
        ("M|range|x|-8..-1", "-1", "-1"),
        ("M|range-float|x|0.5..1", "0.75", "0.75"),
        ("M|list|x|small, large", " large", "large"),
        ("M|list-multiple|x|a,b,c", "c, a,c", "c,a"),
        ("M|boolean|x", "yes", "YES"),
        ("M|fixed|x||v1", "v1", "v1"),
    ],
)
def test_a_good_answer_is_stored(definition: str, answer: str, stored: str) -> None:
    assert parse("A", definition).validate(answer) == stored


@pytest.mark.parametrize(
    ("definition", "answer"),
    [
        ("M|text|x", "a\x1b"),
        ("M|number|x", "1.5"),
        ("M|number|x", "٣"),
        ("M|number|x", "0x1f"),
        ("M|number|x", "1_0"),
        ("M|number|x", "--1"),
        ("M|number|x", "9" * 400),
        ("M|number-float|x", "nan"),
        ("M|number-float|x", "1e3"),
        ("M|number-float|x", "1."),
        ("M|range|x|1..8", "9"),
        ("M|range|x|1..8", "1.5"),
        ("M|range-float|x|0.5..1", "0.4"),
        ("M|list|x|a,b", "c"),
        ("M|list|x|a,b", "a,b"),
        ("M|list-multiple|x|a,b", "a,"),
        ("M|boolean|x", "maybe"),
        ("M|fixed|x||v1", "v2"),
    ],
)
def test_a_bad_answer_is_refused_by_name(definition: str, answer: str) -> None:
    with pytest.raises(UserInputError, match="user input SIZE: "):
        parse("SIZE", definition).validate(answer)


@pytest.mark.parametrize(
    "definition",
    [
        "",
        "M",
        "X|text|x",
        "M|word|x",
        "M||x",
        "m|text|x",
        "M|list|x",
        "M|list|x|a,,b",
        "M|range|x",
        "M|range|x|5..1",
        "M|range|x|1..2.5",
        "M|range|x|1-5",
        "M|range|x|1..8|9",
        "M|boolean|x||perhaps",
        "M|number|x||many",
        "M|fixed|x",
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(definition: str) -> None:
    with pytest.raises(UserInputError, match="user input A: "):
        parse("A", definition)


INPUTS = {
    name: parse(name, definition)
    for name, definition in {
        "PW": "M|password|Root password",
        "CPU": "M|range|CPUs|1..8|2",
        "NOTE": "O|text|Note",
        "TAG": "O|list|Tag|a,b|b",
        "FLAVOUR": "M|fixed|Flavour||big",
    }.items()
}


def test_defaults_fill_in_and_missing_mandatory_answers_are_named() -> None:
    assert resolve(INPUTS, {"CPU": ""}) == ({"CPU": "2", "TAG": "b", "FLAVOUR": "big"}, ["PW"])


def test_given_answers_win_over_defaults() -> None:
    assert resolve(INPUTS, {"PW": "x", "CPU": "4", "NOTE": "n", "TAG": "a"}) == (
        {"PW": "x", "CPU": "4", "NOTE": "n", "TAG": "a", "FLAVOUR": "big"},
        [],
    )


def test_every_bad_answer_is_listed() -> None:
    with pytest.raises(UserInputError) as caught:
        resolve(INPUTS, {"CPU": "99", "TAG": "z", "WHAT": "1"})
    assert str(caught.value).splitlines() == [
        "there is no user input 'WHAT'",
        "user input CPU: expected a number from 1 to 8",
        "user input TAG: expected one of a, b",
    ]


@given(st.text(max_size=40) | st.text(st.sampled_from("MO|range.1-,text "), max_size=40))
def test_any_definition_is_read_or_refused(definition: str) -> None:
    try:
        question = parse("A", definition)
    except UserInputError:
        return
    assert question.default is None or question.validate(question.default) is not None


def test_answers_on_one_line_keep_the_commas_of_their_values() -> None:
    answers = {"TITLE": "a, b", "EMPTY": "", "SUM": "1+1=2"}
    assert split_answers(join_answers(answers)) == answers
    assert split_answers("A=1,B=2") == {"A": "1", "B": "2"}
    with pytest.raises(UserInputError, match="expected NAME=VALUE"):
        split_answers("A=1,two")
