"""The footer: the keys that do something now."""

from __future__ import annotations

from collections.abc import Sequence

from vmconsole.console.action_menu import action_of, is_legal
from vmconsole.console.keys import CommandKey, in_footer
from vmconsole.console.line_view import Line
from vmconsole.presentation import cells
from vmconsole.store.feed import FleetRow


def lines(targets: Sequence[FleetRow], width: int, *, in_pane: bool) -> list[Line]:
    """One line of keys and labels; a command that is not legal on any of `targets` is dimmed.

    Args:
        in_pane: whether a pane covers the list or has the focus.
    """
    line: Line = []
    taken = 0
    shown = [("esc", "back", True), ("[ ]", "panes", True)] if in_pane else []
    shown += [(key.shown, key.label, not isinstance(key, CommandKey) or _possible(key, targets)) for key in in_footer()]
    for written, label, possible in shown:
        wide = cells(written) + cells(label) + 3
        if taken + wide > width:
            continue
        line += [(f" {written}", "key" if possible else "dim"), (f" {label} ", "text" if possible else "dim")]
        taken += wide
    return [line]


def _possible(key: CommandKey, targets: Sequence[FleetRow]) -> bool:
    if "{vm}" not in key.lines[0]:
        return True
    return any(
        action is None or any(is_legal(action, row) for row in targets[:50]) for action in map(action_of, key.lines)
    )
