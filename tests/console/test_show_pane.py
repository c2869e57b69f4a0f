"""The Show pane of the console says of a VM what `show` says."""

from __future__ import annotations

import re

import pytest

from tests.batch import rows
from tests.batch.rows import NOW, ROOT
from vmconsole.batch import tables
from vmconsole.batch.run import COMMON
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.parsing import parse
from vmconsole.commands.results import Sheet
from vmconsole.console.line_view import plain
from vmconsole.console.panes import show
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.states import Position
from vmconsole.store.detail import read_detail
from vmconsole.store.session import Session


def printed(session: Session) -> str:
    """What `show` prints of VM 7."""
    command, rest = registry.find(["show", "7"])
    answer = command.read(Context(session, ROOT, "batch", lambda: NOW), parse(command, rest, common=COMMON))
    assert isinstance(answer, Sheet)
    return tables.sheet(answer, colour=False)


def panel(session: Session) -> str:
    """What the console shows of VM 7 beside the list."""
    detail = read_detail(session, ROOT, 7)
    assert detail is not None
    return "\n".join(plain(line) for line in show.lines(detail, NOW, 80))


@pytest.mark.covers("ON-029")
@pytest.mark.parametrize(
    ("position", "state", "lcm_state"),
    [
        (at.RUNNING, "ACTIVE", "RUNNING"),
        (at.HOTPLUG, "ACTIVE", "HOTPLUG"),
        (at.BOOT_FAILURE, "ACTIVE", "BOOT_FAILURE"),
        (at.POWEROFF, "POWEROFF", "LCM_INIT"),
        (at.DONE, "DONE", "LCM_INIT"),
    ],
    ids=str,
)
def test_both_variables_of_the_state_are_shown(
    session: Session, position: Position, state: str, lcm_state: str
) -> None:
    rows.vm(session, 7, "web", position)
    text = printed(session)
    assert re.search(rf"^STATE +: {state}$", text, re.MULTILINE)
    assert re.search(rf"^LCM_STATE +: {lcm_state}$", text, re.MULTILINE)
    side = panel(session)
    assert re.search(rf"^ state .* {state}$", side, re.MULTILINE)
    assert re.search(rf"^ lcm state +{lcm_state}$", side, re.MULTILINE)
