"""What can be done to VMs where they are, and for what cannot, why: the content of the action menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmconsole.commands import registry
from vmconsole.console.fleet import position
from vmconsole.console.keys import COMMAND_KEYS, CommandKey
from vmconsole.console.screens.menu import Choice
from vmconsole.errors import Usage
from vmconsole.lifecycle import actions
from vmconsole.presentation import fit
from vmconsole.store.feed import FleetRow

if TYPE_CHECKING:
    from vmconsole.commands.declaration import Command

_TITLE_WIDTH = 24


def vm_list(rows: Sequence[FleetRow]) -> str:
    """The VMs as a command line names them: `0,3..7`."""
    numbers = sorted(row.id for row in rows)
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}..{run[-1]}" if len(run) > 2 else ",".join(str(number) for number in run) for run in runs)


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
    """The command line a command begins with on these VMs; ends in a blank when more words are needed."""
    wanted = [argument for argument in command.arguments if not argument.optional]
    words = command.words
    if wanted and wanted[0].kind in ("vm", "vms") and rows:
        words = f"{words} {vm_list(rows)}"
        del wanted[0]
    return f"{words} " if wanted else words


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
    return possible + refused


def _more_words(action: actions.Action) -> bool | None:
    """Whether the action's command wants more than the VMs; None when there is no such command."""
    try:
        command, _ = registry.find([action.command])
    except Usage:
        return None
    return any(not argument.optional for argument in command.arguments[1:])
