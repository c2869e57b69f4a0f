"""A real pseudo-terminal with the console in it. Standard library only."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[2]

CONSOLE = """
import sys
from vmconsole.commands import submission
from vmconsole.errors import VmconsoleError
submission.summon = lambda *words, **options: None  # these stores name hosts that do not exist
from vmconsole.console.run import main
try:
    sys.exit(main(sys.argv[1], demo=False))
except VmconsoleError as error:
    print(f"{error.message} ({error.hint})", file=sys.stderr)
    sys.exit(error.exit)
"""

_ESCAPES = re.compile(rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[\[?>=][0-9;:?$]*[ -/]*[@-~]|\x1b[@-Z\\-_=>]")
LEFT = b"\x1b[?1049l"
"""What leaves the alternate screen."""
CURSOR_SHOWN = b"\x1b[?25h"


def command(url: str) -> list[str]:
    """The words that start the console on a store."""
    return [sys.executable, "-c", CONSOLE, url]


class Term:
    """Runs a program in a terminal of its own; collects all it writes."""

    def __init__(self, words: list[str], *, columns: int = 80, rows: int = 24, **environ: str) -> None:
        self.output = bytearray()
        """Every byte the program has written."""
        self.status: int | None = None
        """Exit status; negative for a signal that ended it; None while it runs."""
        self.pid, self._descriptor = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(ROOT)
                os.environ.pop("NO_COLOR", None)
                os.environ.update(
                    {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT), **environ}
                )
                os.execv(words[0], words)
            finally:
                os._exit(127)
        self.resize(columns, rows)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def keys(self, text: str) -> None:
        os.write(self._descriptor, text.encode())

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def read(self, seconds: float) -> bytes:
        """What the program writes within some seconds, or until it is silent at its end."""
        found = bytearray()
        if self._descriptor < 0:
            time.sleep(seconds)
            return b""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if not select.select([self._descriptor], [], [], left)[0]:
                break
            try:
                data = os.read(self._descriptor, 65536)
            except OSError:  # the other side is closed
                break
            if not data:
                break
            found += data
        self.output += found
        return bytes(found)

    def until(self, text: str | bytes, *, seconds: float = 15.0, start: int = 0) -> int:
        """Read until `text` was written behind `start`; returns the length of the output then."""
        wanted = text.encode() if isinstance(text, str) else text
        end = time.monotonic() + seconds
        while wanted not in self.output[start:] and wanted not in _ESCAPES.sub(b"", bytes(self.output[start:])):
            if time.monotonic() > end:
                raise AssertionError(f"{wanted!r} was not written; the end of it all: {self.text()[-2000:]}")
            self.read(0.02)
        return len(self.output)

    def hang_up(self) -> None:
        """Close the terminal under the program."""
        os.close(self._descriptor)
        self._descriptor = -1

    def text(self) -> str:
        """All output without escape sequences."""
        return _ESCAPES.sub(b"", bytes(self.output)).decode("utf-8", "replace")

    def end(self, *, seconds: float = 10.0) -> int:
        """Wait for the end; returns the exit status."""
        until = time.monotonic() + seconds
        while self.status is None:
            self.read(0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > until:
                raise AssertionError(f"it did not end; the end of it all: {self.text()[-2000:]}")
        self.read(0.1)
        return self.status

    def close(self) -> None:
        """End the program if it still runs, and give the terminal back; doing it twice is allowed."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        if self._descriptor >= 0:
            self.hang_up()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
