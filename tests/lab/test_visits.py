"""Visits to a running guest from the list, in a real terminal: its serial console and the ways to its display."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator

import pytest

from tests.terminal.term import CURSOR_SHOWN, LEFT, Term

from .guests import GuestFiles
from .hosts import Lab
from .product import BARE, GUEST, Product, known
from .vms import booted, running

pytestmark = pytest.mark.lab

PATIENCE = 60.0


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    host = session_lab.hosts[0]
    try:
        with Product(tmp_path_factory.mktemp("visits")) as product:
            product.settings(sweep_period=1, placement_period=1)
            product.run("host", "create", known(session_lab, host), "--name", host.name)
            product.run("image", "create", "--name", "guest", "--path", guest.image, "--type", "os")
            product.add_template("seen", GUEST.format(image="guest") + 'GRAPHICS = [ TYPE = "vnc" ]\n')
            product.add_template("bare", BARE)
            yield product
    finally:
        session_lab.reset()


@pytest.mark.covers("ON-176")
def test_a_guest_is_visited_at_its_serial_console_and_its_display_is_found(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "seen", "--name", "visited")
    running(product, session_lab, "bare", "--name", "blind")
    booted(host, number)
    port = 5900 + int(host.virsh("vncdisplay", f"one-{number}").strip().rpartition(":")[2])
    words = [sys.executable, "-m", "vmconsole"]
    with Term(words, columns=120, rows=40, VMCONSOLE_DB=str(product.store), HOME=os.environ["HOME"]) as term:
        term.until("visited", seconds=PATIENCE)
        term.keys("/visited\r")
        term.until("1 shown", seconds=PATIENCE)

        start = len(term.output)
        term.keys("c")
        term.until("connected; ctrl+] leaves", start=start, seconds=PATIENCE)
        assert LEFT in term.output[start:]
        term.keys("\r")
        term.until("guest# ", start=start, seconds=PATIENCE)
        term.keys("printf 'a\\033]0;owned\\007b\\033[31mred\\n'; echo $((40 + 2))\r")
        start = term.until("42\r\n", start=start, seconds=PATIENCE)
        assert b"ab\x1b[31mred" in term.output
        assert b"\x1b]0;owned" not in term.output
        term.keys("\x1d")
        start = term.until("visited: left the console", start=start, seconds=PATIENCE)

        term.keys("v")
        start = term.until(f"ssh -N -L 127.0.0.1:{port}:127.0.0.1:{port}", start=start, seconds=PATIENCE)
        start = term.until(f"remote-viewer vnc://127.0.0.1:{port}", start=start - 4000, seconds=PATIENCE)
        for _ in ("the ways", "the filter"):
            term.keys("\x1b")
            term.read(0.5)

        term.keys("\x1b[Av")
        start = term.until("blind has neither a VNC nor a SPICE display", start=start, seconds=PATIENCE)
        product.run("poweroff", "--hard", str(number))
        term.keys("\x1b[B")
        term.until("poff", start=start, seconds=PATIENCE)
        term.keys("v")
        term.until("does not run: there is nothing to look at", start=start, seconds=PATIENCE)
        term.keys("c")
        term.until("does not run: nobody is at its console", start=start, seconds=PATIENCE)

        term.keys("\x1b[Ac")
        term.until("connected; ctrl+] leaves", start=len(term.output), seconds=PATIENCE)
        term.signal(signal.SIGTERM)
        assert term.end(seconds=PATIENCE) == 143
        assert CURSOR_SHOWN in term.output[-400:]
