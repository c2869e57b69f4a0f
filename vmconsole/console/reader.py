"""The thread that reads the store for the screen. It has its own session; the screen never waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

from vmconsole.errors import Internal, VmconsoleError
from vmconsole.store.feed import Feed, FleetRow, News
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import User

log = logging.getLogger(__name__)

POLL_EVERY = 0.1
"""Seconds between two looks whether anything was written, while things happen."""
POLL_QUIET = 0.25
"""The same once nothing has happened for `QUIET_AFTER` seconds: what costs is waking up."""
QUIET_AFTER = 2.0
FIRST_ROWS = 200
"""VMs read before the first paint: more than any screen has lines."""
REST = 0.01
"""Seconds between two portions of news: reading holds the interpreter, and keys must not wait for all of it."""
MAX_BACKOFF = 10.0

T = TypeVar("T")


class Portion(NamedTuple):
    """Further VMs of what was reported before."""

    vms: list[FleetRow]
    gone: list[int] = []


class Opening(NamedTuple):
    """Everything is read from the start, the first time or again; what is not reported until `Complete` is gone."""

    news: News


class Complete(NamedTuple):
    """All VMs have been read."""


class Trouble(NamedTuple):
    """The store could not be read; the reader goes on trying."""

    error: VmconsoleError


class Answer(NamedTuple):
    """What a question gave, for the one who asked."""

    then: Callable[[Any], None]
    value: Any


class Unanswered(NamedTuple):
    """A question failed."""

    error: VmconsoleError


Report = Opening | News | Portion | Complete | Trouble | Answer | Unanswered


class Reader(threading.Thread):
    """Follows the store and answers questions about it.

    Args:
        url: the store.
        user: whose eyes it reads with.
        report: called in this thread with each piece of news, in order; must not block.
    """

    def __init__(self, url: str, user: User, report: Callable[[Report], None]) -> None:
        super().__init__(name="reader", daemon=True)
        self._url = url
        self._user = user
        self._report = report
        self._questions: SimpleQueue[tuple[Callable[[Session, User], Any], Callable[[Any], None]]] = SimpleQueue()
        self._wake = threading.Event()
        self._stop = self._again = False

    def ask(self, question: Callable[[Session, User], T], then: Callable[[T], None]) -> None:
        """Have `question` read from the store; `then` gets the result by way of an `Answer`."""
        self._questions.put((question, then))
        self._wake.set()

    def stir(self) -> None:
        """Look at once, and often for a while: something was asked for."""
        self._wake.set()

    def read_again(self) -> None:
        """Read everything from the start."""
        self._again = True
        self._wake.set()

    def close(self) -> None:
        self._stop = True
        self._wake.set()

    def run(self) -> None:
        failures = 0
        while not self._stop:
            try:
                with open_session(self._url, create=False, read_only=True) as session:
                    self._follow(session)
                failures = 0
            except Exception as error:  # noqa: BLE001  # a dead reader would leave a list that looks alive
                self._report(Trouble(_told(error)))
                failures += 1
                self._wake.wait(min(MAX_BACKOFF, 0.5 * 2**failures))
                self._wake.clear()

    def _follow(self, session: Session) -> None:
        self._again = False
        feed = Feed(session, self._user)
        opening = feed.opening(FIRST_ROWS)
        self._report(Opening(opening))
        if opening.vms:
            for portion in feed.rest(opening.vms[-1].id):
                if self._stop:
                    return
                self._answer(session)
                self._report(Portion(portion))
        self._report(Complete())
        stirred = time.monotonic()
        while not (self._stop or self._again):
            self._answer(session)
            news = feed.news()
            now = time.monotonic()
            if news is not None:
                stirred = now
                self._report(news)
                for vms, gone in feed.more_news():
                    time.sleep(REST)
                    self._report(Portion(vms, gone))
            if self._wake.wait(POLL_EVERY if now - stirred < QUIET_AFTER else POLL_QUIET):
                self._wake.clear()
                stirred = now

    def _answer(self, session: Session) -> None:
        while not self._questions.empty():
            question, then = self._questions.get()
            try:
                self._report(Answer(then, question(session, self._user)))
            except Exception as error:  # noqa: BLE001  # one question without an answer is no reason to stop following the store
                self._report(Unanswered(_told(error)))


def _told(error: Exception) -> VmconsoleError:
    """The error as it may be shown; what we did not foresee also goes to the log."""
    if isinstance(error, VmconsoleError):
        return error
    log.error("reading the store", exc_info=error)
    return Internal(f"a bug, {type(error).__name__}: {error}")
