"""Takes the reader's reports into the model: in small bites, and with a new order only as often as the eye needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

from vmconsole.console.fleet import FleetModel
from vmconsole.console.reader import Answer, Complete, Opening, Portion, Report, Trouble, Unanswered
from vmconsole.store.feed import FleetRow, News

DRAIN_FOR = 0.004
"""Seconds of reports taken in at once; the rest waits for its next turn, behind the keys."""
SETTLE_EVERY = 0.5
"""Seconds between two new orders of the list while the fleet changes, at least."""
SETTLE_SHARE = 20
"""Ordering takes at most one part in this many of the time."""


class Intake:
    """Keeps the model up to date.

    Args:
        draw: draws what changed.
        later: calls something after some seconds.
        on_news: told which VMs and operations changed, after the model has them.
        tell: shows a sentence; the second argument is information, warning or error.
    """

    def __init__(
        self,
        model: FleetModel,
        *,
        draw: Callable[[], None],
        later: Callable[[float, Callable[[], None]], object],
        on_news: Callable[[Sequence[FleetRow], Sequence[dict[str, Any]]], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._model = model
        self._draw = draw
        self._later = later
        self._on_news = on_news
        self._tell = tell
        self._reports: SimpleQueue[Report] = SimpleQueue()
        self._settled = self._settle_cost = 0.0
        self._settle_waits = False
        self.trouble = ""
        """Why the store cannot be read; empty while it can."""

    def receive(self, report: Report) -> None:
        """Keep a report for `drain`; may be called in any thread."""
        self._reports.put(report)

    def drain(self) -> bool:
        """Take in reports for a moment; False when some are left."""
        until = time.perf_counter() + DRAIN_FOR
        changed = False
        while not self._reports.empty() and time.perf_counter() < until:
            changed = self._take(self._reports.get()) or changed
        if changed:
            self._show()
        return self._reports.empty()

    def _take(self, report: Report) -> bool:
        """Take in one report; True when the list has to be drawn again."""
        match report:
            case Answer(then, value):
                then(value)
                return False
            case Unanswered(error):
                self._tell(error.message, "error")
                return False
            case Portion(vms, gone):
                self._model.put(vms)
                self._model.take_out(gone)
                self._on_news(vms, ())
            case Complete():
                self._model.end()
            case Opening(news):
                self._model.begin()
                return self._take(news)
            case Trouble(error):
                self.trouble = error.message
            case News():
                self.trouble = ""
                self._model.apply(report)
                self._on_news(report.vms, report.operations)
        return True

    def _show(self) -> None:
        """Draw at once; bring rows into order now, or when the last time is long enough ago."""
        if self._model.stale:
            pause = max(SETTLE_EVERY, SETTLE_SHARE * self._settle_cost)
            wait = pause - (time.monotonic() - self._settled)
            if wait <= 0 or not self._model.order:
                self._settle()
                return
            if not self._settle_waits:
                self._settle_waits = True
                self._later(wait, self._settle)
        self._draw()

    def _settle(self) -> None:
        self._settle_waits = False
        begun = time.perf_counter()
        self._model.settle()
        self._settle_cost = time.perf_counter() - begun
        self._settled = time.monotonic()
        self._draw()
