"""The help, and the document made from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.batch.conftest import Program
from vmconsole.batch.helping import helped, reference
from vmconsole.commands import registry
from vmconsole.commands.declaration import Command
from vmconsole.errors import Usage

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


@pytest.mark.parametrize("command", registry.every(), ids=lambda command: command.words)
def test_the_help_of_a_command_tells_its_usage_and_every_option(command: Command) -> None:
    told = helped(command.words.split())
    assert told.startswith(f"vmconsole {command.usage}\n\n  {command.help}\n")
    assert all(f"{option.long} " in told and option.help in told for option in command.options)


def test_the_help_lists_every_command() -> None:
    lines = helped([]).splitlines()
    assert [
        command.words for command in registry.every() if not any(f"  {command.words} " in line for line in lines)
    ] == []


@pytest.mark.parametrize("noun", [*registry.NOUNS, *registry.NOUN_ALIASES])
def test_the_help_of_a_noun_lists_its_verbs(noun: str) -> None:
    module = registry.NOUNS[registry.NOUN_ALIASES.get(noun, noun)]
    name = registry.NOUN_ALIASES.get(noun, noun)
    told = [line for line in helped([noun]).splitlines() if line.startswith(f"  {name} ")]
    words = [command.words for command in registry.of_module(module)]
    assert [next(each for each in words if f"  {each} " in line) for line in told] == words


@pytest.mark.parametrize("line", ["help top", "top --help", "help controller", "controller --help", "help help"])
def test_the_ways_to_run_the_program_have_help_as_well(program: Program, line: str) -> None:
    done = program(*line.split())
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"vmconsole {line.replace('help', '', 1).replace('--', '').split()[0]}")


def test_help_on_what_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(Usage):
        helped(["frobnicate"])


@pytest.mark.parametrize("line", ["help hold", "hold --help", "hold -h", "--help hold 0", "put-on-hold --help"])
def test_help_is_asked_for_in_every_usual_way(program: Program, line: str) -> None:
    done = program(*line.split())
    if "put-on-hold" in line:
        assert done.returncode == 2
    else:
        assert (done.returncode, done.stdout) == (0, helped(["hold"]))
    assert not program.store.exists()


def test_the_document_of_the_commands_is_up_to_date() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == reference(), "python -m vmconsole.batch.helping > docs/commands.md"
