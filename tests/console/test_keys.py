"""The key map is one table, and what it says can be typed."""

from __future__ import annotations

from collections import Counter

import pytest

from vmconsole.commands import registry
from vmconsole.console.empty import what_to_type
from vmconsole.console.fleet import FleetModel
from vmconsole.console.keys import COMMAND_KEYS, LIST_KEYS, SCREEN_KEYS, CommandKey
from vmconsole.console.line_view import plain
from vmconsole.console.orders import understand
from vmconsole.console.screens import help as help_page
from vmconsole.console.screens.fleet import FleetScreen
from vmconsole.console.vm_table import VmTable
from vmconsole.store.feed import HostRow

ARGUMENTS = {
    "migrate --live {vm} ": "h1",
    "migrate {vm} ": "h1",
    "template instantiate ": "web",
    "schedule create {vm} ": "stop --schedule now",
}


@pytest.mark.parametrize("key", COMMAND_KEYS, ids=lambda key: key.key)
def test_each_command_key_stands_for_a_command_there_is(key: CommandKey) -> None:
    for line in key.lines:
        understand(line.replace("{vm}", "0") + ARGUMENTS.get(line, ""))


def test_no_key_has_two_meanings() -> None:
    keys = [single for key in (*COMMAND_KEYS, *SCREEN_KEYS, *LIST_KEYS) for single in key.key.split(",")]
    assert [key for key, count in Counter(keys).items() if count > 1] == []


def test_every_screen_key_has_its_action() -> None:
    for key in SCREEN_KEYS:
        name = key.action.partition("(")[0]
        if not name.startswith("app."):
            assert hasattr(FleetScreen, f"action_{name}"), key
    for key in LIST_KEYS:
        assert hasattr(VmTable, f"action_{key.action.partition('(')[0]}"), key


def test_the_help_names_every_key() -> None:
    page = " ".join(" ".join(map(plain, help_page.lines())).split())
    for key in (*COMMAND_KEYS, *SCREEN_KEYS, *LIST_KEYS):
        assert key.help in page


def test_d_does_no_harm() -> None:
    assert next(key for key in SCREEN_KEYS if "d" in key.key.split(",")).action == "pane(0)"


def test_an_empty_console_suggests_commands_there_are() -> None:
    model = FleetModel()
    model.complete = True
    hints = what_to_type(model)
    model.hosts = {0: HostRow(0, "h1", "test:///default", 2, 1, 1, 0.0, 0, 0, None, "", 0)}
    hints += what_to_type(model)
    model.wild = {0: 2}
    hints += what_to_type(model)
    lines = [hint.partition("   ")[0][1:] for hint in hints if hint.startswith(":")]
    assert len(lines) == 6
    for line in lines:
        registry.find(line.split())
        understand(line)
