"""What stands below the fields of a form: help, candidates, firings, what is wrong, and the line that will be run."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from vmconsole.console.line_view import Line, LineView
from vmconsole.console.orders import PROGRAM
from vmconsole.presentation import safe

MOST_ROWS = 3
"""Rows that the command line may take."""


class Footing(Vertical):
    """The parts in their order, each as high as it has lines."""

    DEFAULT_CSS = """
    Footing { height: auto; background: $panel;
        & > LineView { height: 0; background: $panel; }
    }
    """
    PARTS = ("help", "candidates", "firings", "problem", "line")

    def compose(self) -> ComposeResult:
        for part in self.PARTS:
            view = LineView(id=part)
            view.can_focus = False
            yield view

    def draw(self, *, help: str, candidates: Sequence[Line], firings: Sequence[Line], problem: str, line: str) -> int:
        """Show all of it; returns how many lines it takes."""
        shown: list[Sequence[Line]] = [
            [[(f" {help}", "dim")]] if help else [],
            candidates,
            firings,
            [[(" ! ", "failure"), (problem, "text")]] if problem else [],
            self._wrapped(f"{PROGRAM} {line}"),
        ]
        for part, lines in zip(self.PARTS, shown, strict=True):
            self.query_one(f"#{part}", LineView).fill(list(lines))
        return sum(map(len, shown))

    def _wrapped(self, line: str) -> list[Line]:
        rows = textwrap.wrap(safe(line), max(self.size.width - 4, 20), max_lines=MOST_ROWS, placeholder=" …")
        return [[("   " if index else " $ ", "key"), (row, "strong")] for index, row in enumerate(rows)]
