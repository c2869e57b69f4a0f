"""Textual's driver, drawing on standard output."""

from __future__ import annotations

import sys
from typing import Any

from textual.drivers.linux_driver import LinuxDriver


class StandardOutput(LinuxDriver):
    """The framework draws on standard error, so that ``2>log`` would swallow the screen; ours goes where data goes."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        assert sys.__stdout__ is not None
        self._file = sys.__stdout__
