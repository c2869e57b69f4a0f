"""What can be done to VMs where they are, and for what cannot, why: the content of the action menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmconsole.commands import registry
from vmconsole.console.fleet import position, vm_list
from vmconsole.console.forms.opening import wants_more
from vmconsole.console.keys import COMMAND_KEYS, CommandKey
from vmconsole.console.line_view import Line
from vmconsole.console.screens.menu import Choice
from vmconsole.errors import Usage
from vmconsole.lifecycle import actions
from vmconsole.presentation import fit
from vmconsole.store.feed import FleetRow

if TYPE_CHECKING:
    from vmconsole.commands.declaration import Command

_TITLE_WIDTH = 24


def is_legal(action: actions.Action, row: FleetRow) -> bool:
    """Whether the life-cycle allows the action on the VM as it is shown."""
    return actions.legal(action, position(row), paused=bool(row.paused)) is not None


def action_of(line: str) -> actions.Action | None:
    """The life-cycle action a command line asks for, None for another command."""
    words = line.split()
    for flag in (*(word for word in words[1:] if word.startswith("--")), ""):
        try:
            return actions.of_command(words[0], flag)
        except KeyError:
            continue
    return None


def line_for(key: CommandKey, rows: Sequence[FleetRow]) -> str:
    """The command line a key stands for on these VMs: the first of its lines that is legal on one of them."""
    line = next((line for line in key.lines if _legal_on_one(line, rows)), key.lines[0])
    return line.replace("{vm}", vm_list(rows))


def _legal_on_one(line: str, rows: Sequence[FleetRow]) -> bool:
    action = action_of(line)
    return action is None or any(is_legal(action, row) for row in rows)


def line_of(command: Command, rows: Sequence[FleetRow]) -> str:
    """The command line a command begins with on these VMs; ends in a blank when it has more to be told."""
    words, given = command.words, 0
    if command.arguments and command.arguments[0].kind in ("vm", "vms") and rows and not command.arguments[0].optional:
        words, given = f"{words} {vm_list(rows)}", 1
    return f"{words} " if wants_more(command, given) else words


def choices(rows: Sequence[FleetRow]) -> list[Choice]:
    """Every action, those possible on at least one of `rows` first; values are command lines."""
    vms = vm_list(rows)
    keys = {key.lines[0].replace(" {vm}", "").strip(): key.shown for key in COMMAND_KEYS}
    possible, refused = [], []
    for action in actions.ACTIONS:
        legal = [row for row in rows if is_legal(action, row)]
        line = f"{action.title} {vms}"
        asks = _more_words(action)
        if legal and asks is not None:
            count = f"{len(legal)} of {len(rows)}  " if len(legal) < len(rows) else ""
            possible.append(
                Choice(
                    f"{line} " if asks else line,
                    [
                        (f"{keys.get(action.title, ''):>2} ", "key"),
                        (fit(action.title, _TITLE_WIDTH), "strong"),
                        (count, "unknown"),
                        (action.help, "dim"),
                    ],
                )
            )
        else:
            reason = (
                "is not built yet"
                if asks is None
                else actions.refusal(action, position(rows[0]), paused=bool(rows[0].paused))
            )
            refused.append(
                Choice(line, [("   ", "dim"), (fit(action.title, _TITLE_WIDTH), "dim"), (reason, "dim")], False)
            )
    return [*possible, _scheduling(vms), *refused]


def _scheduling(vms: str) -> Choice:
    """Having any of the actions done later, which no state forbids (ON-163)."""
    line: Line = [
        (" w ", "key"),
        (fit("schedule", _TITLE_WIDTH), "strong"),
        ("have an action done later, or again and again", "dim"),
    ]
    return Choice(f"schedule create {vms} ", line)


def _more_words(action: actions.Action) -> bool | None:
    """Whether the action's command has more to be told than the VMs; None when there is no such command."""
    try:
        command, _ = registry.find(["vm", action.command])
    except Usage:
        return None
    return wants_more(command, 1)
