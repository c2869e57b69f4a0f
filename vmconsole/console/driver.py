"""Textual's driver, drawing on standard output, and surviving a terminal that goes away."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import IO, Any, cast

from textual.drivers.linux_driver import LinuxDriver


class Screenful:
    """A text file that may be closed from the other side. The first failed write asks the process to end."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._lost = False

    def write(self, text: str) -> int:
        self._attempt(lambda: self._file.write(text))
        return len(text)

    def flush(self) -> None:
        self._attempt(self._file.flush)

    def fileno(self) -> int:
        return self._file.fileno()

    def isatty(self) -> bool:
        return self._file.isatty()

    def _attempt(self, act: Callable[[], object]) -> None:
        """The framework's writing thread would die of an error, and everybody who writes wait for it for ever."""
        if self._lost:
            return
        try:
            act()
        except (OSError, ValueError):
            self._lost = True
            os.kill(os.getpid(), signal.SIGHUP)


class StandardOutput(LinuxDriver):
    """The framework draws on standard error, so that ``2>log`` would swallow the screen; ours goes where data goes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        assert sys.__stdout__ is not None
        self._file = cast("Any", Screenful(sys.__stdout__))

    def write(self, data: str) -> None:
        """Draw; while another program has the terminal, what is to be drawn is not: all is drawn anew afterwards."""
        if self._writer_thread is not None:
            super().write(data)
