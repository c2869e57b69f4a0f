"""The lines of a pane; where they stand for something, a cursor moves over them and keys act on what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.binding import Binding
from textual.message import Message

from vmconsole.console.keys import SNAPSHOT_KEYS
from vmconsole.console.line_view import Line, LineView, plain
from vmconsole.console.panes.snapshots import Place, Row, line_for
from vmconsole.presentation import fit


class PaneView(LineView, can_focus=True):
    """Shows what a pane renders."""

    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("space", "mark", "Mark", show=False),
        *(Binding(key.key, f"press({index})", key.label, show=False) for index, key in enumerate(SNAPSHOT_KEYS)),
    ]

    class Asked(Message):
        """A key stands for this command line."""

        def __init__(self, line: str) -> None:
            super().__init__()
            self.line = line

    class Refused(Message):
        """A key does nothing where the cursor is, for this reason."""

        def __init__(self, reason: str) -> None:
            super().__init__()
            self.reason = reason

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._rows: list[Row] = []
        self._at: Place | None = None
        self._marked: Place | None = None

    def show_rows(self, rows: Sequence[Row], *, top: bool = False) -> None:
        """Show lines with a place each, on which the cursor stays; without any place, lines only."""
        self._rows = list(rows)
        places = [place for _, place in rows if place is not None]
        if self._at not in places:
            self._at = next((place for place in places if place.snapshot is not None), next(iter(places), None))
        if self._marked not in places:
            self._marked = None
        self.show([self._line(line, place) for line, place in rows], top=top)

    def _line(self, line: Line, place: Place | None) -> Line:
        if place is None:
            return line
        if place == self._at and self.has_focus:
            return [(fit(plain(line), self.size.width), "chosen")]
        return [("*", "key"), *line[1:]] if place == self._marked and line else line

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is nothing to act on, the keys are the screen's."""
        return self._at is not None if action in ("press", "mark") else True

    def action_move(self, by: int) -> None:
        """To the next place; without any, scroll."""
        places = [(index, place) for index, (_, place) in enumerate(self._rows) if place is not None]
        if not places:
            self.scroll_relative(y=by, animate=False)
            return
        now = next((number for number, (_, place) in enumerate(places) if place == self._at), 0)
        line, self._at = places[max(0, min(now + by, len(places) - 1))]
        self.show_rows(self._rows)
        top, height = self.scroll_offset.y, self.size.height
        if not top <= line < top + height:
            self.scroll_to(y=max(line - height // 2, 0), animate=False, force=True)

    def action_mark(self) -> None:
        """Mark the snapshot to compare another one with, or take the mark away."""
        marked = self._at if self._at is not None and self._at.snapshot is not None else None
        self._marked = None if marked == self._marked else marked
        self.show_rows(self._rows)

    def action_press(self, index: int) -> None:
        """Ask for the command that a key stands for."""
        assert self._at is not None
        line = line_for(SNAPSHOT_KEYS[index], self._at, self._marked)
        if line:
            self.post_message(self.Asked(line))
        else:
            where = "a snapshot" if self._at.snapshot is None else "a snapshot of a disk"
            self.post_message(self.Refused(f"{SNAPSHOT_KEYS[index].label}: choose {where}"))

    def on_focus(self) -> None:
        self.show_rows(self._rows)

    def on_blur(self) -> None:
        self.show_rows(self._rows)

    def on_click(self, event: events.Click) -> None:
        line = self.scroll_offset.y + event.y
        if line < len(self._rows) and (place := self._rows[line][1]) is not None:
            self._at = place
            self.show_rows(self._rows)
