"""What a guest may send to the terminal of whoever looks at its serial console. Pure.

A terminal answers questions, moves its window, sets its title and writes the clipboard when it is told to, and what a
guest prints is the guest's choice. What only draws is let through; everything else is dropped.
"""

from __future__ import annotations

import codecs
import re

_CONTROLS = frozenset("\a\b\t\n\v\f\r\x0e\x0f")
_ESCAPES = frozenset("78DEHM=>")
"""Save and restore the cursor, index, next line, tab stop, reverse index, keypad."""
_CHARSETS = frozenset("()*+")
_DRAWING = re.compile(r"(?:[0-9;:]*[@A-HJ-MPSTXZ`abdefghlmr]|[0-9;]*[su]|[0-3]?[gJK]|[0-9]* q|!p)\Z")
"""Moving, erasing, inserting, colours, margins, tab stops. Not: reports (c n x), window (t), printer (i), soft keys."""
_PRIVATE = re.compile(r"\?(?:[0-9;]+[hl]|[0-3]?[JK])\Z")
_PRIVATE_MODES = frozenset({"1", "5", "6", "7", "12", "25", "47", "1047", "1048", "1049"})
"""Of the modes: how keys of the cursor and the screen look. Not: the mouse, focus, pasting."""
_LONGEST = 64
"""Characters of a control sequence; a longer one is none."""


class Allowing:
    """Lets through what draws, however the bytes are cut into pieces."""

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._pending = ""
        self._in_string = False

    def __call__(self, data: bytes) -> bytes:
        """What of the next bytes may be sent to a terminal."""
        return "".join(filter(None, map(self._next, self._decode(data)))).encode()

    def _next(self, char: str) -> str:
        if self._in_string:
            self._skip(char)
            return ""
        if self._pending:
            return self._go_on(char)
        if char == "\x1b":
            self._pending = char
            return ""
        # C1 as characters: some terminals take U+009B for the beginning of a sequence.
        return char if char in _CONTROLS or not ("\x00" <= char < "\x20" or "\x7f" <= char < "\xa0") else ""

    def _skip(self, char: str) -> None:
        """In a string, such as a title: up to its end, or to what cannot stand in one."""
        ended = char in "\a\n\x18\x1a" or (self._pending == "\x1b" and char == "\\")
        self._pending = char if char == "\x1b" else ""
        self._in_string = not ended

    def _go_on(self, char: str) -> str:
        """One more character of what began with an escape."""
        if char in "\x18\x1a\x1b" or len(self._pending) >= _LONGEST:
            self._pending = "\x1b" if char == "\x1b" else ""
            return ""
        self._pending += char
        begun = self._pending
        if len(begun) == 2:
            return self._second(char)
        if begun[1] in _CHARSETS:
            return self._ended(char in "0AB")
        if "\x40" <= char <= "\x7e":
            return self._ended(_is_drawing(begun[2:]))
        return ""

    def _second(self, char: str) -> str:
        if char == "[" or char in _CHARSETS:
            return ""
        if char in "]PX^_":
            self._pending, self._in_string = "", True
            return ""
        return self._ended(char in _ESCAPES)

    def _ended(self, allowed: bool) -> str:
        sequence, self._pending = self._pending, ""
        return sequence if allowed else ""


def _is_drawing(sequence: str) -> bool:
    """Whether a control sequence, without what introduces it, only draws."""
    if sequence.startswith("?"):
        modes = sequence[1:-1].split(";")
        return bool(_PRIVATE.match(sequence)) and (sequence[-1] in "JK" or _PRIVATE_MODES.issuperset(modes))
    return bool(_DRAWING.match(sequence))
