"""What reaches the two outputs, also when they are broken."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.batch.conftest import DEADLINE, Program
from vmconsole.batch.outcome import combined
from vmconsole.batch.output import MAX_LINE, line, wants_json
from vmconsole.errors import Conflict


@given(st.text(), st.text())
def test_an_error_is_one_printable_line_of_at_most_300_characters(message: str, hint: str) -> None:
    told = line(Conflict(message, hint=hint))
    assert told.startswith("vmconsole: error[VM_STATE]: ")
    assert told.isprintable()
    assert len(told) <= MAX_LINE


def test_a_long_message_is_cut_and_the_hint_is_kept() -> None:
    told = line(Conflict("x" * 1000, hint="vmconsole list"))
    assert told.endswith("… \N{EN DASH} vmconsole list")


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [([], 0), ([0, 0], 0), ([5, 5], 5), ([0, 5], 3), ([5, 0, 77], 3), ([5, 77], 1), ([6], 6)],
)
def test_the_statuses_of_several_targets_are_combined(statuses: list[int], expected: int) -> None:
    assert combined(statuses) == expected


def test_json_is_wanted_only_where_an_option_says_so() -> None:
    assert wants_json(["frobnicate", "--json"])
    assert wants_json(["-j", "list"])
    assert not wants_json(["hold", "--", "--json"])


def into(program: Program, stdout: int, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        program.command(*words),
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=DEADLINE,
        env=program.environ,
    )


@pytest.mark.parametrize("words", [("config", "list"), ("help",), ("list", "--json"), ("top",)])
def test_a_reader_that_went_away_ends_a_read_command_without_a_word(program: Program, words: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = into(program, writing, *words)
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("words", [("config", "list"), ("help",), ("--version",), ("frobnicate", "--json")])
def test_a_full_device_is_told_in_one_line(program: Program, words: tuple[str, ...]) -> None:
    with open("/dev/full", "wb") as full:
        done = into(program, full.fileno(), *words)
    assert done.returncode == (2 if "frobnicate" in words else 74)
    assert len(done.stderr.splitlines()) == 1
    assert b"Traceback" not in done.stderr


def run_with_closed(program: Program, number: int, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run with one of the three standard descriptors closed, as ``>&-`` does in a shell."""
    shell = f'exec "$@" {number}{"<" if number == 0 else ">"}&-'
    return subprocess.run(
        ["sh", "-c", shell, "sh", *program.command(*words)],
        check=False,
        capture_output=True,
        timeout=DEADLINE,
        env=program.environ,
    )


def test_a_closed_standard_output_loses_an_answer_with_status_74(program: Program) -> None:
    done = run_with_closed(program, 1, "config", "list")
    assert done.returncode == 74
    assert done.stderr.startswith(b"vmconsole: error[OUTPUT_CLOSED]: ")


def test_a_change_is_made_although_its_report_is_lost(program: Program) -> None:
    done = run_with_closed(program, 1, "config", "set", "sweep_period", "7", "--json")
    assert done.returncode == 74
    settings = {each["id"]: each["value"] for each in program.json("config", "list")}
    assert settings["sweep_period"] == 7.0
    with open("/dev/full", "wb") as full:
        assert into(program, full.fileno(), "config", "set", "sweep_period", "8", "--json").returncode == 74
    assert {each["id"]: each["value"] for each in program.json("config", "list")}["sweep_period"] == 8.0


@pytest.mark.parametrize("number", [0, 2])
def test_a_closed_standard_input_or_error_hurts_nobody(program: Program, number: int) -> None:
    done = run_with_closed(program, number, "list", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert run_with_closed(program, number, "frobnicate").returncode == 2


def test_an_encoding_that_lacks_a_character_still_gets_the_answer(program: Program) -> None:
    done = program("help", PYTHONIOENCODING="ascii:strict")
    assert done.returncode == 0
    assert "\\u2026" in done.stdout


def test_no_colour_without_a_terminal(program: Program) -> None:
    assert "\x1b" not in program("list").stdout
