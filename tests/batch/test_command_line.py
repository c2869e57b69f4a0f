"""Options of the program and of the command, wherever they stand on the line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.conftest import Program
from vmconsole.__main__ import read
from vmconsole.errors import Usage


@pytest.mark.parametrize(
    "line", ["--db /s list m", "list m --db /s", "list --db=/s m", "--batch --db /s list m", "list m --db /s --batch"]
)
def test_the_options_of_the_program_stand_before_or_after_the_command(line: str) -> None:
    invocation = read(line.split())
    assert (invocation.db, invocation.words) == ("/s", ["list", "m"])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--json list", ["list", "--json"]),
        ("-v --dry-run hold 0", ["hold", "0", "-v", "--dry-run"]),
        ("--timeout 3 hold 0", ["hold", "0", "--timeout=3"]),
        ("--timeout=3 hold 0", ["hold", "0", "--timeout=3"]),
        ("--json hold -- -x", ["hold", "--json", "--", "-x"]),
        ("--help", ["--help"]),
    ],
)
def test_options_of_the_command_may_stand_before_it(line: str, words: list[str]) -> None:
    assert read(line.split()).words == words


def test_the_f_of_a_script_stands_before_the_command_and_that_of_a_command_behind_it() -> None:
    assert read(["--batch", "-f", "script"]).script == "script"
    behind = read(["list", "-f", "STAT=runn"])
    assert (behind.script, behind.words) == (None, ["list", "-f", "STAT=runn"])


@pytest.mark.parametrize("option", ["--db", "--config", "-f", "--timeout"])
def test_an_option_without_its_value_is_refused(option: str) -> None:
    with pytest.raises(Usage):
        read([option])


@given(st.lists(st.text(max_size=4) | st.sampled_from(["--db", "--", "-f", "--json", "list", "-", "--db="])))
def test_any_words_are_read_or_refused_as_usage(words: list[str]) -> None:
    try:
        read(words)
    except Usage:
        pass


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_the_version_is_told_without_a_store(flag: str, program: Program) -> None:
    done = program(flag)
    assert (done.returncode, done.stdout.split()[0]) == (0, "vmconsole")
    assert not program.store.exists()


def test_the_store_of_the_option_wins_over_that_of_the_environment(program: Program) -> None:
    other = program.store.with_name("other.db")
    assert program("list", "--db", other).returncode == 0
    assert other.exists()
    assert not program.store.exists()


def test_batch_command_is_the_same_as_command(program: Program) -> None:
    assert program("--batch", "config", "list").stdout == program("config", "list").stdout != ""


def test_no_command_prints_the_help(program: Program) -> None:
    assert program("--batch").stdout == program("help").stdout
