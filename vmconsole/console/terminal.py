"""Whether there is a terminal to draw on, and leaving it clean when the process is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable

from vmconsole.errors import Usage

_TOO_POOR = frozenset(("dumb", "unknown", ""))
_HINT = "vmconsole --batch list prints without a screen"

ENDINGS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT)


def require_terminal() -> None:
    """Raise Usage where no full screen can be drawn."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Usage("the console needs a terminal on standard input and output", code="USAGE_TERMINAL", hint=_HINT)
    kind = os.environ.get("TERM", "")
    if kind in _TOO_POOR:
        raise Usage(f"the console cannot draw on a terminal of type {kind!r}", code="USAGE_TERMINAL", hint=_HINT)


def terminal_size() -> tuple[int, int]:
    """Columns and rows of the terminal on standard output."""
    assert sys.__stdout__ is not None
    return os.get_terminal_size(sys.__stdout__.fileno())


def on_ending(leave: Callable[[int], None]) -> None:
    """Have `leave` called with the exit status when a signal asks the process to end; called in the event loop."""
    loop = asyncio.get_running_loop()
    for number in ENDINGS:
        loop.add_signal_handler(number, leave, 128 + number)
