"""From words to values, by a declaration alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.batch.run import COMMON
from vmconsole.commands import registry
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.parsing import parse
from vmconsole.errors import Usage

MOVE = Command(
    "move",
    "move things",
    (Argument("things", "vms"), Argument("place", "host", optional=True)),
    (
        Option("--fast", "at once", short="-F"),
        Option("--count", "how many", short="-n", metavar="N", kind="count"),
        Option("--wait", "how long", metavar="S", kind="seconds"),
        Option("--way", "which way", metavar="WAY", choices=("up", "down")),
        Option("--tag", "a tag", short="-t", metavar="TAG", repeats=True),
    ),
)


def test_switches_values_and_words_stand_in_any_order() -> None:
    values = parse(MOVE, ["--count", "3", "a", "-F", "--tag=x", "b", "-ty"])
    assert values == {
        "things": "a", "place": "b", "fast": True, "count": 3, "wait": None, "way": None, "tag": ["x", "y"],
    }  # fmt: skip


def test_short_switches_may_be_joined_and_a_short_value_attached() -> None:
    values = parse(MOVE, ["a", "-Fn12"])
    assert (values["fast"], values["count"]) == (True, 12)


def test_behind_two_dashes_everything_is_a_word() -> None:
    assert parse(MOVE, ["--", "-F"])["things"] == "-F"


def test_a_negative_number_is_a_word_and_no_option() -> None:
    assert parse(MOVE, ["-1"])["things"] == "-1"


def test_an_option_of_the_command_wins_over_the_common_one_of_its_name() -> None:
    command, rest = registry.find(["host", "create", "test:///default", "--timeout", "3"])
    values = parse(command, rest, common=COMMON)
    assert (values["connect_timeout"], values["timeout"]) == (3.0, None)


@pytest.mark.parametrize(
    "words",
    [
        [], ["a", "b", "c"], ["a", "--unknown"], ["a", "-z"], ["a", "--fast=1"], ["a", "--count"],
        ["a", "--count", "x"],
        ["a", "--count", "\u0663"], ["a", "--count", "1" * 10], ["a", "--wait", "0"], ["a", "--wait", "nan"],
        ["a", "--wait", "-1"], ["a", "--way", "left"],
    ],
)  # fmt: skip
def test_what_does_not_fit_the_declaration_is_a_usage_error(words: list[str]) -> None:
    with pytest.raises(Usage) as refused:
        parse(MOVE, words)
    assert refused.value.exit == 2
    assert refused.value.message.startswith("move: ")


@given(st.sampled_from(registry.every()), st.lists(st.text(max_size=6) | st.sampled_from(["--", "-", "--json", "0"])))
def test_any_line_of_any_command_is_understood_or_a_usage_error(command: Command, words: list[str]) -> None:
    try:
        values = parse(command, words, common=COMMON)
    except Usage:
        return
    assert values.keys() >= {argument.name for argument in command.arguments}
