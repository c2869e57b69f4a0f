"""The console's process: themes, the reader and what it reports, and the screens."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual import events
from textual.app import App
from textual.geometry import Size
from textual.message import Message
from textual.widgets import Input

from vmconsole.console import jobs, palette
from vmconsole.console.conductor import Conductor
from vmconsole.console.fleet import FleetModel
from vmconsole.console.freshness import Freshness
from vmconsole.console.intake import Intake
from vmconsole.console.reader import Reader, Report
from vmconsole.console.screens.confirm import Question
from vmconsole.console.screens.fleet import FleetScreen
from vmconsole.console.screens.palette import Commands
from vmconsole.console.terminal import on_ending, terminal_size

if TYPE_CHECKING:
    from textual.driver import Driver

    from vmconsole.store.feed import FleetRow
    from vmconsole.store.users import User

TOLD_ONE_BY_ONE = 3
"""Operations that end together are told of one by one up to this many."""


class Console(App[int]):
    """The full-screen console.

    Args:
        url: the store.
        user: who is at the keyboard.
        sweep_period: seconds between two looks at a host, by which freshness is judged.
        notice: what was chosen for the user at the start, shown in the header.
        clock: Unix seconds now.
    """

    CSS_PATH = "console.tcss"
    TITLE = "vmconsole"
    COMMANDS = {Commands}
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (24, "-narrow"), (120, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (6, "-low"), (16, "-high")]

    class Arrived(Message):
        """The reader has reports."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Console.Arrived)

    def __init__(
        self,
        url: str,
        user: User,
        *,
        sweep_period: float,
        notice: str = "",
        clock: Callable[[], float] = time.time,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(driver_class=driver_class)
        self.animation_level = "none"
        self.model = FleetModel()
        self._reader = Reader(url, user, self._report)
        self._conductor = Conductor(self, url, self.model, self.tell, self._reader.stir)
        self.fleet = FleetScreen(
            self.model,
            self._conductor,
            self._reader,
            url=url,
            freshness=Freshness(sweep_period),
            clock=clock,
            notice=notice,
        )
        self._intake = Intake(self.model, draw=self._draw, later=self.set_timer, on_news=self._took, tell=self.tell)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        theme = self.current_theme
        return palette.ANSI if theme.ansi else palette.DARK if theme.dark else palette.LIGHT

    def get_default_screen(self) -> FleetScreen:
        return self.fleet

    def on_mount(self) -> None:
        self.register_theme(palette.CALM_DARK)
        self.register_theme(palette.CALM_LIGHT)
        self.theme = palette.CALM_DARK.name
        if not self.is_headless:
            on_ending(self.exit)
            self.set_interval(1.0, self._check_size)
        self._reader.start()

    def _check_size(self) -> None:
        """Follow the terminal's size where the framework lost a change: it may when one comes while it starts."""
        size = Size(*terminal_size())
        if size not in (self.size, Size(0, 0)):
            self.post_message(events.Resize(size, size))
        elif self.screen.size != self.size:
            self.screen.post_message(events.Resize(self.size, self.size))

    def on_unmount(self) -> None:
        self._reader.close()

    async def on_event(self, event: events.Event) -> None:
        """Keys and clicks from before a question was seen do not answer it."""
        if not (isinstance(event, events.InputEvent) and self._is_too_early(event)):
            await super().on_event(event)

    def _is_too_early(self, event: events.InputEvent) -> bool:
        return isinstance(self.screen, Question) and event.time < self.screen.deaf_until

    def on_key(self, event: events.Key) -> None:
        """A letter that was typed right behind the key that opened a line belongs on that line.

        The framework hands a key to the widget that has the focus when it comes in; of `/web` sent at once all was the
        list's. A line stops its own letters, so one that arrives here while a line has the focus was meant for it.
        """
        line = self.focused
        if isinstance(line, Input) and event.is_printable and event.character is not None:
            event.stop()
            event.prevent_default()
            line.insert_text_at_cursor(event.character)

    def tell(self, sentence: str, severity: str) -> None:
        """Show a sentence for a while; severity is information, warning or error."""
        self.fleet.tell(sentence, severity)

    # What the reader reports

    def _report(self, report: Report) -> None:
        """Called in the reader's thread."""
        self._intake.receive(report)
        self.post_message(self.Arrived())

    def on_console_arrived(self) -> None:
        if not self._intake.drain():
            self.post_message(self.Arrived())

    def _draw(self) -> None:
        self.fleet.bars.trouble = self._intake.trouble
        self.fleet.draw()

    def _took(self, vms: Sequence[FleetRow], operations: Sequence[dict[str, Any]]) -> None:
        self.fleet.took(vms, operations)
        self._tell_ended()

    def _tell_ended(self) -> None:
        """Tell of operations asked for here; what others do is in the history."""
        submitted = self._conductor.submitted
        ended = [job for job in self.model.work.take_ended() if job["id"] in submitted]
        submitted.difference_update(job["id"] for job in ended)
        failed = any(job["state"] != "done" for job in ended)
        if len(ended) > TOLD_ONE_BY_ONE:
            self.tell(jobs.summary(ended), "error" if failed else "information")
        else:
            for job in ended:
                self.tell(*jobs.ending(self.model, job))
        if failed:
            self.bell()
