"""The serial console of a guest, read at its pseudo terminal: no libvirt in between, and one client at a time."""

from __future__ import annotations

import os
import select
import time
import tty
from pathlib import Path
from typing import Self

from .command import LabError

PROMPT = "guest# "
"""PS1 of data/guest/root/init."""


class Serial:
    """An open serial console; `with Serial(path) as serial: serial.wait_for("login:", timeout=10)`."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        tty.setraw(self._file)
        self._text = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._file)

    def say(self, lines: str, timeout: float = 60) -> None:
        """Type lines at the prompt of the guest's shell: what is typed before there is one is lost.

        Raises LabError when no prompt came in `timeout` seconds, each with another Enter.
        """
        deadline = time.monotonic() + timeout
        while True:
            os.write(self._file, b"\r")
            try:
                self.wait_for(PROMPT, timeout=2)
                break
            except LabError:
                if time.monotonic() > deadline:
                    raise
        os.write(self._file, f"{lines}\r".replace("\n", "\r").encode())

    def wait_for(self, text: str, timeout: float) -> str:
        """Read on until `text` came, and return everything up to its end; the rest is kept for the next call.

        Raises LabError, with what did come, after `timeout` seconds or when the guest has gone.
        """
        deadline = time.monotonic() + timeout
        while text not in self._text:
            left = deadline - time.monotonic()
            if left <= 0:
                raise LabError(f"no {text!r} on the serial console within {timeout} s, only {self._text[-2000:]!r}")
            if select.select([self._file], [], [], left)[0]:
                self._text += self._read()
        seen, self._text = self._text.split(text, 1)
        return seen + text

    def _read(self) -> str:
        try:
            return os.read(self._file, 65536).decode(errors="replace").replace("\r", "")
        except OSError as error:
            raise LabError(f"the guest has gone, after {self._text[-2000:]!r}") from error
