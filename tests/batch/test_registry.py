"""The registry: every command is there once, and means what the life-cycle means by it."""

from __future__ import annotations

import importlib

import pytest

from tests.batch.conftest import Program
from vmconsole.commands import registry
from vmconsole.commands.declaration import Command
from vmconsole.errors import Usage
from vmconsole.lifecycle import actions, aliases

EVERY = [*registry.every(), *(command for command in registry.of_module(registry.VM) if command.replaced_by)]


@pytest.mark.parametrize("command", EVERY, ids=lambda command: command.words)
def test_a_command_is_either_read_or_prepared_by_a_function_that_exists(command: Command) -> None:
    assert bool(command.reader) != bool(command.preparer)
    module, _, function = (command.reader or command.preparer).partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_no_two_commands_share_their_words() -> None:
    words = [command.words for command in EVERY] + [alias for command in EVERY for alias in command.aliases]
    assert len(words) == len(set(words))


def test_every_action_of_the_life_cycle_has_a_command_and_every_such_command_an_action() -> None:
    assert {command.words for command in EVERY if command.action} == {action.command for action in actions.ACTIONS}


def test_every_variant_of_an_action_is_a_switch_of_its_command_and_the_other_way_round() -> None:
    flags = {(action.command, action.flag) for action in actions.ACTIONS if action.flag}
    switches = {
        (command.words, option.long)
        for command in EVERY
        if command.action
        for option in command.options
        if option.kind == "variant"
    }
    assert switches == flags


@pytest.mark.parametrize("words", ["list", "vm list", "template list", "vnet list", "op list", "instantiate"])
def test_a_command_is_found_by_its_words_its_synonyms_and_without_its_noun(words: str) -> None:
    command, rest = registry.find([*words.split(), "x"])
    assert command.words in ("list", "template list", "network list", "operation list", "template instantiate")
    assert rest == ["x"]


@pytest.mark.parametrize("name", aliases.NAMES)
def test_an_old_name_stands_for_the_command_of_today_and_a_notice_says_so(name: str) -> None:
    old, _, flag = name.partition(" ")
    line, notice = registry.modern([old, "0", *([flag] if flag else [])])
    command, rest = registry.find(line)
    meant = aliases.modern(name)
    assert meant is not None
    action = actions.action(meant)
    assert (command.replaced_by or command.words) == action.command
    assert rest == ([action.flag, "0"] if action.flag else ["0"])
    assert f"`{action.title}`" in notice


def test_a_name_of_today_gets_no_notice() -> None:
    assert registry.modern(["poweroff", "0", "--hard"]) == (["poweroff", "0", "--hard"], "")


@pytest.mark.parametrize("words", [[], ["no-such-command"], ["host"], ["host", "paint"], ["vm", "paint"]])
def test_what_is_no_command_is_a_usage_error_with_a_hint(words: list[str]) -> None:
    with pytest.raises(Usage) as refused:
        registry.find(words)
    assert refused.value.hint


def test_a_near_miss_is_pointed_out() -> None:
    with pytest.raises(Usage) as refused:
        registry.find(["supend", "0"])
    assert "suspend" in refused.value.hint


def test_the_notice_goes_to_standard_error_in_one_line(program: Program) -> None:
    done = program("cancel", "0")
    notice, error = done.stderr.splitlines()
    assert notice == "vmconsole: cancel is the old name of `terminate --hard`"
    assert error.startswith("vmconsole: error[NO_VM]: ")
    assert (done.returncode, done.stdout) == (4, "")
