"""The console in a real pseudo-terminal: what is sent, and that the terminal is left as it was found."""

from __future__ import annotations

import re
import signal
import subprocess
from pathlib import Path

import pyte
import pytest

from tests.console.fleet import insert_hosts, insert_vms, vm
from tests.terminal.term import CURSOR_SHOWN, LEFT, ROOT, Term, command
from vmconsole.lifecycle import states as at
from vmconsole.store.session import open_session

DOWN = "\x1b[B"
ENQUIRY = re.compile(rb"\x1b\[[?>=<][0-9;]*\$?[a-gi-km-z]")
"""What the framework asks the terminal at the start; the emulator would draw it."""


def screen(term: Term, columns: int = 80, rows: int = 24) -> list[str]:
    """What a terminal shows after all that was sent."""
    emulator = pyte.Screen(columns, rows)
    stream = pyte.ByteStream(emulator)
    stream.feed(ENQUIRY.sub(b"", bytes(term.output)))
    return list(emulator.display)


def test_it_starts_shows_the_fleet_obeys_keys_and_leaves_the_terminal_clean(url: str) -> None:
    with Term(command(url)) as term:
        term.until("web-1")
        assert any("web-1" in line and "runn" in line for line in screen(term))
        term.keys("/stag")
        term.until("1 shown")
        term.keys("\r")
        term.read(0.3)
        assert not any("web-1" in line for line in screen(term))
        term.keys("q")
        assert term.end() == 0
        assert LEFT in term.output[-400:]
        assert CURSOR_SHOWN in term.output[-400:]


def test_it_follows_the_size_of_the_terminal(url: str) -> None:
    with Term(command(url)) as term:
        term.until("web-1")
        start = len(term.output)
        term.resize(160, 40)
        term.until("Snapshots", start=start)
        for columns, rows in ((1, 1), (300, 90), (2, 50), (80, 2), (80, 24)):
            term.resize(columns, rows)
            term.read(0.1)
        start = len(term.output)
        term.resize(81, 24)
        term.until("web-1", start=start)
        term.keys("q")
        assert term.end() == 0


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131), (signal.SIGINT, 130)]
)
def test_a_signal_ends_it_with_its_status_and_a_clean_terminal(url: str, number: signal.Signals, status: int) -> None:
    with Term(command(url)) as term:
        term.until("web-1")
        term.signal(number)
        assert term.end() == status
        assert LEFT in term.output[-400:]
        assert CURSOR_SHOWN in term.output[-400:]


def test_a_signal_while_a_question_is_open_ends_it_as_well(url: str) -> None:
    with Term(command(url)) as term:
        term.until("web-1")
        term.keys("\x1b[FX")
        term.until("type web-1")
        term.signal(signal.SIGTERM)
        assert term.end() == 143
        assert LEFT in term.output[-400:]


@pytest.mark.parametrize("pause", [0.0, 0.02, 0.3])
def test_a_closed_terminal_ends_it(url: str, pause: float) -> None:
    """Also in the middle of a paint, when the writer meets the closed side before the signal does its work."""
    with Term(command(url)) as term:
        term.until("web-1")
        term.read(pause)
        term.hang_up()
        assert term.end() == 129


@pytest.mark.parametrize("kind", ["dumb", ""])
def test_a_terminal_that_cannot_be_drawn_on_is_refused_with_a_hint(url: str, kind: str) -> None:
    with Term(command(url), TERM=kind) as term:
        assert term.end() == 2
        assert "--batch" in term.text()
        assert b"\x1b" not in term.output


def test_without_a_terminal_it_is_refused_with_a_hint(url: str) -> None:
    refused = subprocess.run(
        command(url), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "--batch" in refused.stderr
    assert refused.stdout == ""


def test_errors_sent_elsewhere_do_not_take_the_screen_along(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = ["/bin/sh", "-c", 'exec "$@" 2>"$0"', str(log), *command(url)]
    with Term(words) as term:
        term.until("web-1")
        term.keys("q")
        assert term.end() == 0
    assert log.read_bytes() == b""


def test_hostile_names_never_reach_the_terminal_raw(tmp_path: Path) -> None:
    url = str(tmp_path / "hostile.db")
    evil = "a\x1b]0;owned\x07\x1b[31m\u202e\x9bz"
    with open_session(url, create=True) as session, session.write():
        insert_hosts(session)
        insert_vms(session, iter([vm(0, evil, at.RUNNING, 0)]))
        session.execute("UPDATE host SET message = ?, state = 3", (evil,))
        session.execute("UPDATE vm SET message = ?, user_template = ?", (evil, '{"NOTE": "\\u001b]0;owned\\u0007"}'))
    with Term(command(url), columns=200, rows=50) as term:
        term.until("owned")
        for keys in ("\r", "X", "\x1b", "m", "\x1b", "y", "\x1b", ":suspend a", "\t", "\x1b"):
            term.keys(keys)
            term.read(0.3)
        term.keys("q")
        term.read(0.3)
    assert b"\x1b]0;owned" not in term.output
    assert b"\x1b[31m" not in term.output
    assert "\u202e".encode() not in term.output
    assert b"\xc2\x9b" not in term.output


def test_no_color_sends_greys_only(url: str) -> None:
    with Term(command(url), NO_COLOR="1") as term:
        term.until("web-1")
        term.keys("q")
        term.end()
    colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", bytes(term.output))
    assert colours
    assert all(max(map(int, each)) - min(map(int, each)) <= 1 for each in colours)


def test_a_cursor_key_costs_few_bytes(url: str) -> None:
    with Term(command(url)) as term:
        term.until("web-1")
        term.read(1.5)
        sent = 0
        for _ in range(10):
            term.keys(DOWN)
            sent += len(term.read(0.08))
        assert sent / 10 <= 3000
        term.keys("q")
        term.end()


@pytest.mark.parametrize("kind", ["xterm-256color", "linux", "screen", "vt100"])
def test_common_terminals_are_drawn_on(url: str, kind: str) -> None:
    with Term(command(url), TERM=kind, LANG="C") as term:
        term.until("web-1")
        term.keys("q")
        assert term.end() == 0
        assert LEFT in term.output[-400:]


def test_e_hands_the_terminal_to_the_editor_and_takes_it_back(url: str, tmp_path: Path) -> None:
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho "the editor has the screen"\nsleep 0.3\necho "PURPOSE = tests" >> "$1"\n')
    editor.chmod(0o700)
    with Term(command(url), EDITOR=str(editor), VISUAL="") as term:
        term.until("web-1")
        start = len(term.output)
        term.keys("\x1b[Fe")
        term.until("the editor has the screen", start=start)
        assert LEFT in term.output[start:]
        term.until("vmconsole update 0", start=start)
        assert any("web-1" in line and "runn" in line for line in screen(term))
        term.keys("q")
        assert term.end() == 0
    with open_session(url, create=False) as session:
        ((command_name, arguments),) = session.query("SELECT command, arguments FROM operation WHERE vm_id = 0")
    assert command_name == "update"
    assert "PURPOSE" in arguments


def test_an_editor_that_fails_changes_nothing(url: str) -> None:
    with Term(command(url), EDITOR="false", VISUAL="") as term:
        term.until("web-1")
        term.keys("\x1b[Fe")
        term.until("nothing was changed")
        term.keys("q")
        assert term.end() == 0
    with open_session(url, create=False) as session:
        assert session.query("SELECT 1 FROM operation WHERE vm_id = 0") == []


def test_a_form_is_filled_in_without_colours_and_escape_leaves_it(url: str) -> None:
    with Term(command(url), NO_COLOR="1") as term:
        term.until("web-1")
        term.keys("\x1b[Fz")
        term.until("CPU share")
        term.keys("0.5\t2\t")
        term.until("vmconsole resize 0 --cpu 0.5 --vcpu 2")
        lines = screen(term)
        assert any(line.lstrip("│ ").startswith(">--memory") for line in lines)
        assert any("$ vmconsole resize 0 --cpu 0.5 --vcpu 2" in line for line in lines)
        colours = re.findall(rb"[34]8;2;(\d+);(\d+);(\d+)", bytes(term.output))
        assert colours
        assert all(red == green == blue for red, green, blue in colours)
        start = len(term.output)
        term.keys("\x1b")
        term.until("web-1", start=start)
        term.keys("q")
        assert term.end() == 0
