"""`top`: the list of VMs again and again, until interrupted."""

from __future__ import annotations

import os
import sys
import time

from vmconsole.batch import output, tables
from vmconsole.commands import registry, submission
from vmconsole.commands.context import Context
from vmconsole.commands.declaration import Option
from vmconsole.commands.parsing import parse
from vmconsole.store.session import open_session
from vmconsole.store.users import current_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

DELAY = Option("--delay", "seconds between two lists", short="-d", metavar="S", kind="seconds")
COUNT = Option("--count", "end after so many lists", metavar="N", kind="count")
NUDGE_EVERY = 30.0
"""Seconds between two signs of life to the controller, which would end for want of work."""

HOME_AND_CLEAR = "\x1b[H\x1b[2J"


def top(url: str, words: Sequence[str]) -> int:
    """Print the list every so many seconds, on a cleared screen if there is one (ON-052)."""
    command, _ = registry.find(["list"])
    values = parse(command, words, common=(DELAY, COUNT, Option("--no-color", "no colours")))
    delay = values["delay"] or 1.0
    left = values["count"]
    nudged = -NUDGE_EVERY
    with open_session(url, create=True) as session:
        user = current_user(session, os.environ)
        context = Context(session, user, "batch", time.time)
        try:
            while True:
                if time.monotonic() - nudged >= NUDGE_EVERY:
                    nudged = time.monotonic()
                    submission.summon(url)
                _print(context, command, values)
                left = None if left is None else left - 1
                if left == 0:
                    return 0
                time.sleep(delay)
        except KeyboardInterrupt:
            return 0


def _print(context: Context, command: object, values: dict[str, object]) -> None:
    listing = command.read(context, values)  # type: ignore[attr-defined]
    cells = os.get_terminal_size(1).columns if output.terminal() else None
    colour = output.colour_wanted() and not values["no_color"]
    text = tables.listing(listing, values, colour=colour, cells=cells)
    if output.terminal():
        rows = os.get_terminal_size(1).lines
        text = HOME_AND_CLEAR + "\n".join(text.splitlines()[: rows - 1]) + "\n"
    output.data(text)
    sys.stdout.flush()
