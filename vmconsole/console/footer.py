"""The last line: the keys that do something now, or for a moment what there is to tell."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Sequence
from typing import NamedTuple

from vmconsole.console import key_bar
from vmconsole.console.line_view import Line, LineView
from vmconsole.presentation import safe
from vmconsole.store.feed import FleetRow

MOST_LINES = 3
SHOWN_FOR = {"information": 4.0, "warning": 8.0, "error": 12.0}
"""Seconds a sentence stays, by severity."""
_SIGNS = {"information": ("»", "key"), "warning": ("?", "unknown"), "error": ("!", "alarm")}


class Message(NamedTuple):
    """A sentence, and until when (monotonic seconds) it is shown."""

    sentence: str
    severity: str
    until: float


class Footer(LineView):
    """Shows keys, and sentences in their place, so that the list does not move for a sentence."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._messages: list[Message] = []
        self._keys: list[Line] = []

    def show_keys(self, targets: Sequence[FleetRow], *, in_pane: bool) -> None:
        """Show the keys for these VMs, once there is nothing to tell; see `key_bar.lines`."""
        self._keys = key_bar.lines(targets, self.size.width, in_pane=in_pane)
        self._draw()

    def tell(self, sentence: str, severity: str) -> None:
        """Show a sentence for a while; news takes the place of older news, trouble stays beside it.

        Args:
            severity: information, warning or error.
        """
        kept = [message for message in self._messages if message.severity != "information"]
        self._messages = [*kept, Message(sentence, severity, time.monotonic() + SHOWN_FOR[severity])]
        self.set_timer(SHOWN_FOR[severity] + 0.05, self._draw)
        self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        self._messages = [message for message in self._messages if message.until > now]
        told = [line for message in self._messages for line in self._wrapped(message)]
        self.fill(told[-MOST_LINES:] or self._keys)

    def _wrapped(self, message: Message) -> list[Line]:
        sign, role = _SIGNS[message.severity]
        rows = textwrap.wrap(safe(message.sentence), max(self.size.width - 4, 8), max_lines=2, placeholder=" …")
        text = "text" if message.severity == "information" else "strong"
        return [
            [(f" {' ' if index else sign} ", role if not index else "text"), (row, text)]
            for index, row in enumerate(rows)
        ]
