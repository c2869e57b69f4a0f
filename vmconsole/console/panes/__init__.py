"""The panes beside the list, each a function from what is known of a VM to lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from vmconsole.console.line_view import Line
from vmconsole.console.panes import graphs, history, lifecycle, schedules, show, snapshots
from vmconsole.store.detail import Detail

Render = Callable[[Detail, float, int], list[Line]]
"""From a VM's detail, the time (Unix seconds) and the width in cells to lines."""
Rows = Callable[[Detail, float, int], list[snapshots.Row]]


class Pane(NamedTuple):
    """One pane: the key that opens it, its name and what it shows."""

    key: str
    name: str
    render: Render
    rows: Rows | None = None
    """Of a pane with a cursor: the same lines, each with what it stands for."""


PANES = (
    Pane("2", "Show", show.lines),
    Pane("3", "Snapshots", snapshots.lines, snapshots.rows),
    Pane("4", "Schedules", schedules.lines),
    Pane("5", "Graphs", graphs.lines),
    Pane("6", "History", history.lines),
    Pane("7", "Life", lifecycle.lines),
)
