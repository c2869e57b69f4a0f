"""The demo with its real controller, from the first screen to the last: nothing of it may be left behind."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.term import CURSOR_SHOWN, LEFT, Term
from tests.terminal.test_console import screen
from vmconsole.store.session import open_session

PROGRAM = Path(sys.executable).with_name("vmconsole")
LAST = "\x1b[F"
DEAF = 1.0
"""Seconds after which a question that was painted takes keys, also on a busy machine."""


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Term]:
    """The demo, its throw-away store made below `tmp_path`, with the whole fleet on the screen."""
    with Term([str(PROGRAM), "--demo"], columns=100, rows=45, TMPDIR=str(tmp_path)) as term:
        try:
            term.until("36", seconds=30)
            term.until("api-1")
            yield term
        finally:
            term.close()
            if list(tmp_path.iterdir()):
                os.kill(controller_of(tmp_path), signal.SIGTERM)


def line_of(term: Term, name: str) -> str:
    """The line of the list that shows a VM, after all that was sent."""
    return next(line for line in screen(term, 100, 45) if f" {name} " in line)


def until_state(term: Term, name: str, state: str, seconds: float = 15.0) -> None:
    """Read until the line of a VM shows a state."""
    end = time.monotonic() + seconds
    while state not in line_of(term, name):
        assert time.monotonic() < end, "\n".join(screen(term, 100, 45))
        term.read(0.1)


def controller_of(folder: Path) -> int:
    """The process that holds the lease of the throw-away store."""
    (store,) = folder.glob("vmconsole-demo-*/demo.db")
    with open_session(str(store), create=False, read_only=True) as session:
        ((holder,),) = session.query("SELECT holder FROM lease")
    return int(holder.split(":")[2])


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_vm_is_suspended_and_resumed_and_nothing_is_left_of_the_demo(demo: Term, tmp_path: Path) -> None:
    demo.keys(LAST)
    until_state(demo, "api-1", "runn")
    controller = controller_of(tmp_path)
    demo.keys("Z")
    demo.until("yes, any other key no")
    time.sleep(DEAF)
    demo.keys("y")
    until_state(demo, "api-1", "susp")
    demo.keys("s")
    until_state(demo, "api-1", "runn")
    demo.keys("q")
    assert demo.end() == 0
    assert LEFT in demo.output[-400:]
    assert CURSOR_SHOWN in demo.output[-400:]
    assert list(tmp_path.iterdir()) == []
    assert not is_alive(controller)


def test_a_killed_terminal_leaves_nothing_of_the_demo_either(demo: Term, tmp_path: Path) -> None:
    controller = controller_of(tmp_path)
    demo.hang_up()
    assert demo.end() == 129
    assert list(tmp_path.iterdir()) == []
    assert not is_alive(controller)


def test_many_are_powered_off_after_one_question_that_names_them_all(demo: Term) -> None:
    demo.keys("/web-")
    demo.until("5 shown")
    demo.keys("\r")
    demo.read(0.3)
    demo.keys("\x01D")
    demo.until("5 VMs")
    time.sleep(DEAF)
    asked = "\n".join(screen(demo, 100, 45))
    assert "poweroff --hard" in asked
    assert all(f"web-{number}" in asked for number in range(1, 6))
    demo.keys("\t\r")
    for number in range(1, 6):
        until_state(demo, f"web-{number}", "poff")
    demo.keys("q")
    assert demo.end() == 0
