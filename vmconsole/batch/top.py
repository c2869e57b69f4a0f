"""`top`: the list of VMs again and again, until interrupted."""

from __future__ import annotations

import os
import time

from vmconsole.batch import output, tables
from vmconsole.commands import submission
from vmconsole.commands.context import Context
from vmconsole.commands.declaration import Command, Option
from vmconsole.commands.listing import OWNER, VM_LIST_OPTIONS
from vmconsole.commands.parsing import parse
from vmconsole.commands.results import Listing, Text
from vmconsole.commands.schedule_reading import unattended
from vmconsole.store.session import open_session
from vmconsole.store.users import current_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

COMMAND = Command(
    "top",
    "list VMs again and again, until interrupted",
    (OWNER,),
    (
        Option("--delay", "seconds between two lists", short="-d", metavar="S", kind="seconds"),
        Option("--count", "end after so many lists", metavar="N", kind="count"),
        *VM_LIST_OPTIONS,
    ),
    reader="vmconsole.commands.vm_list:list_vms",
)
NUDGE_EVERY = 30.0
"""Seconds between two signs of life to the controller, which would end for want of work."""

HOME_AND_CLEAR = "\x1b[H\x1b[2J"


def top(url: str, words: Sequence[str], config_path: str | None) -> int:
    """Print the list every so many seconds, on a cleared screen if there is one, until interrupted (ON-052)."""
    values = parse(COMMAND, words)
    delay, left = values["delay"] or 1.0, values["count"]
    nudged = -NUDGE_EVERY
    with open_session(url, create=True) as session:
        context = Context(session, current_user(session, os.environ), "batch", time.time)
        remark = unattended(context)
        try:
            while left is None or left > 0:
                if time.monotonic() - nudged >= NUDGE_EVERY:
                    nudged = time.monotonic()
                    submission.summon(url, config_path)
                found = COMMAND.read(context, values)
                if not isinstance(found, Listing):  # the columns were to be described
                    assert isinstance(found, Text)
                    return output.answer(found.text)
                status = output.answer(_screen(found, values))
                left = None if left is None else left - 1
                if status or left == 0:
                    return status
                time.sleep(delay)
        except KeyboardInterrupt:
            pass
        finally:
            if remark:  # only now, for each list clears the screen
                output.words(f"vmconsole: {remark}")
    return 0


def _screen(found: Listing, values: dict[str, Any]) -> str:
    text = tables.listing(found, values, colour=output.colour_wanted(), cells=output.columns())
    if not output.terminal():
        return text
    rows = os.get_terminal_size(1).lines
    return HOME_AND_CLEAR + "\n".join(text.splitlines()[: rows - 1]) + "\n"
