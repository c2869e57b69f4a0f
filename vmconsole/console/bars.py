"""What frames the list: the header above it, the operations under way and the footer below it."""

from __future__ import annotations

from vmconsole.console import header, jobs
from vmconsole.console.fleet import FleetModel
from vmconsole.console.footer import Footer
from vmconsole.console.freshness import Freshness
from vmconsole.console.line_view import LineView

JOB_LINES, HEADER_LINES = 5, 5


class Bars:
    """The three bars. They are drawn for a time (Unix seconds) and a width in cells.

    Args:
        notice: what was chosen for the user at the start, shown in the header.
    """

    def __init__(self, model: FleetModel, freshness: Freshness, notice: str) -> None:
        self.header, self.jobs, self.footer = LineView(id="header"), LineView(id="jobs"), Footer(id="keys")
        for bar in (self.header, self.jobs, self.footer):
            bar.can_focus = False
        self.trouble = ""
        """Why the store cannot be read; shown in the header."""
        self._model = model
        self._freshness = freshness
        self._notice = notice

    def draw(self, now: float, width: int, *, in_pane: bool) -> None:
        """Bring all three up to date."""
        self.draw_times(now, width)
        self.jobs.fill(jobs.lines(self._model, now, width, JOB_LINES))
        self.draw_keys(in_pane=in_pane)

    def draw_times(self, now: float, width: int) -> None:
        """What changes by itself while time goes by."""
        found = header.lines(self._model, self._freshness, now, width, notice=self._notice, trouble=self.trouble)
        self.header.fill(found[:HEADER_LINES])
        if self._model.work.operations:
            self.jobs.fill(jobs.lines(self._model, now, width, JOB_LINES))

    def draw_keys(self, *, in_pane: bool) -> None:
        """The keys for the VMs a command would act on now."""
        self.footer.show_keys(self._model.targets(), in_pane=in_pane)
