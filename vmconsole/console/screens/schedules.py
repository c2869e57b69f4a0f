"""The schedules of the fleet: time line, calendar, and a list from which each can be run, paused, changed, dropped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.worker import Worker

from vmconsole.console import orders
from vmconsole.console.agenda import agenda, drawing
from vmconsole.console.agenda.agenda import Agenda, Entry
from vmconsole.console.forms.opening import update_line
from vmconsole.console.line_view import Line, LineView
from vmconsole.console.screens.menu import Choice, Choices, Menu
from vmconsole.store.session import open_session

READ_EVERY = 5.0
"""Seconds between two looks into the store while the screen is open."""
REST = 20
"""How many times as long as reading took it is not done again."""
DRY_RUN = "schedule preview"


class Schedules(ModalScreen[str | None]):
    """Dismisses with a command line to begin with, None when the person left.

    Args:
        url: the store.
        clock: Unix seconds now.
    """

    DEFAULT_CSS = """
    Schedules { align: center middle; background: $background 60%;
        & > Vertical {
            width: 100%; max-width: 150; height: 100%; padding: 0 1;
            border: round $border; border-title-color: $primary; border-title-style: bold;
            border-subtitle-color: $role-dim; background: $panel;
        }
        #overview { height: 0; background: $panel; }
        #about { height: 0; background: $panel; }
        Choices { height: 1fr; background: $panel; }
    }
    """
    BINDINGS = [
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("d", f"dismiss('{DRY_RUN}')", "Dry run"),
        Binding("w", "dismiss('schedule create ')", "New"),
    ]

    def __init__(self, url: str, clock: Callable[[], float]) -> None:
        super().__init__()
        self._url = url
        self._clock = clock
        self._agenda: Agenda | None = None
        self._rest_until = 0.0

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Schedules of the fleet"
            box.border_subtitle = "enter act on one  w new  d dry run of 30 days  esc back"
            overview = LineView(id="overview")
            overview.can_focus = False
            yield overview
            yield Choices([])
            about = LineView(id="about")
            about.can_focus = False
            yield about

    def on_mount(self) -> None:
        self.query_one(Choices).focus()
        self.set_interval(READ_EVERY, self._read)
        self._read()

    def _read(self) -> None:
        _: Worker[None] = self.run_worker(self._take, group="agenda", exclusive=True, exit_on_error=False)

    async def _take(self) -> None:
        if self._agenda is None or time.monotonic() >= self._rest_until:
            self._agenda = await asyncio.to_thread(self._now)
        self._draw()

    def _now(self) -> Agenda:
        """The agenda; that of a large fleet takes its time, and is not asked for again at once."""
        begun = time.monotonic()
        with open_session(self._url, create=False, read_only=True) as session:
            found = agenda.read(orders.context(session, clock=self._clock))
        self._rest_until = time.monotonic() + REST * (time.monotonic() - begun)
        return found

    def _draw(self) -> None:
        found, now, width = self._agenda, self._clock(), self.size.width - 4
        if found is None:
            return
        self.query_one("#overview", LineView).fill([*drawing.overview(found, now, min(width, 146)), []])
        choices = [
            Choice(f"{entry.vm} {entry.document['id']}", drawing.line(entry, now, width)) for entry in found.entries
        ]
        nothing: Line = [(" none yet; w makes one", "dim")]
        self.query_one(Choices).put(choices or [Choice("", nothing, False)])

    def on_resize(self) -> None:
        self._draw()

    def on_choices_moved(self, event: Choices.Moved) -> None:
        """Say more of the schedule under the cursor than its line has room for."""
        event.stop()
        entry = self._entry(event.value)
        lines = [] if entry is None else drawing.about(entry, self._clock(), self.size.width - 4)
        self.query_one("#about", LineView).fill(lines)

    def _entry(self, value: str) -> Entry | None:
        entries = self._agenda.entries if self._agenda is not None else ()
        return next((each for each in entries if f"{each.vm} {each.document['id']}" == value), None)

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        event.stop()
        entry = self._entry(event.value)
        if entry is not None:
            title = f"{entry.action} on {entry.name}"
            self.app.push_screen(Menu(title, _actions(entry), have_forms=True), self._chosen)

    def _chosen(self, line: str | None) -> None:
        if line:
            self.dismiss(line)


def _actions(entry: Entry) -> list[Choice]:
    """What can be done to a schedule; values are command lines."""
    place = f"{entry.vm} {entry.document['id']}"
    enabled = entry.document["enabled"]
    found = (
        ("show", f"schedule show {place}", "its rule and what became of each occurrence", True),
        ("change", update_line(place, entry.document), "when it fires, in a form", True),
        ("run now", f"schedule run-now {place}", "do it at once; its next time stays", True),
        ("pause", f"schedule pause {place}", "keep it from firing", enabled),
        ("resume", f"schedule resume {place}", "let it fire again", not enabled),
        ("delete", f"schedule delete {place}", "drop it", True),
    )
    return [
        Choice(line, [(f" {title:10}", "strong" if possible else "dim"), (about, "dim")], possible)
        for title, line, about, possible in found
    ]
