"""How text, times and sizes are shown to a person: the one sanitiser of screen and text output, and cell widths.

Every text that came from a host, a guest, a file or another user passes through `safe` before it reaches a terminal.
Read commands of the batch face import this module, so it imports nothing heavy.
"""

from __future__ import annotations

import unicodedata

MAX_MARKS = 4
"""Combining marks kept on one base character; more of them would paint over the neighbouring lines."""

_CARRIER = "\N{DOTTED CIRCLE}"
"""Carries a combining mark that has no base, which would otherwise land on the cell before it."""

_UNSEEN = frozenset(
    (
        0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0,
        *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400), *range(0xE0100, 0xE01F0),
    )
)  # fmt: skip
"""Printable by their category, but invisible, or of a width on which terminals differ: joiners, fillers, variation
selectors, skin tones."""


def safe(text: str, limit: int | None = None) -> str:
    r"""`text` as it may be sent to a terminal.

    Control characters (C0, C1, DEL), line and paragraph separators, bidirectional, zero-width and tag characters, lone
    surrogates and unusual blanks are shown as ``\u{9b}``. The rest is NFC, with at most 4 combining marks on a base.
    Doing it twice changes nothing.

    Args:
        limit: characters of the result; a longer one is cut and ends in ``…``.
    """
    if not (text.isascii() and text.isprintable()):
        text = _escaped(unicodedata.normalize("NFC", text))
    if limit is not None and len(text) > limit:
        return text[: max(limit - 1, 0)] + "…"
    return text


def _escaped(text: str) -> str:
    shown: list[str] = []
    marks = MAX_MARKS + 1
    for char in text:
        code = ord(char)
        if 0x20 <= code < 0x7F:
            marks = 0
            shown.append(char)
        elif not char.isprintable() or code in _UNSEEN:
            marks = 0
            shown.append(f"\\u{{{code:x}}}")
        elif unicodedata.category(char)[0] == "M":
            if marks > MAX_MARKS:
                shown.append(_CARRIER)
                marks = 0
            marks += 1
            if marks <= MAX_MARKS:
                shown.append(char)
            else:
                marks = MAX_MARKS
        else:
            marks = 0
            shown.append(char)
    return "".join(shown)


def cells(text: str) -> int:
    """How many terminal cells a safe text takes."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me") or "\u1160" <= char <= "\u11ff" or "\ud7b0" <= char <= "\ud7ff":
        return 0  # marks, and the vowels and finals that are drawn into the Hangul syllable before them
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def fit(text: str, width: int, right: bool = False, *, more: str = "") -> str:
    """`text` made safe and exactly `width` cells wide: cut or padded, wide characters counted as two.

    Args:
        right: pad on the left side.
        more: what a cut text ends in, such as ``…``.
    """
    text = safe(text)
    taken = cells(text)
    if taken > width:
        text, taken = _cut(text, max(width - cells(more), 0))
        if taken + cells(more) <= width:
            text, taken = text + more, taken + cells(more)
    blanks = " " * (width - taken)
    return blanks + text if right else text + blanks


def _cut(text: str, width: int) -> tuple[str, int]:
    """The longest beginning of `text` in at most `width` cells, with the marks of its last character; and its width."""
    if text.isascii():
        return text[:width], min(width, len(text))
    taken = 0
    for index, char in enumerate(text):
        wide = _width(char)
        if taken + wide > width:
            return text[:index], taken
        taken += wide
    return text, taken


def running_time(seconds: float) -> str:
    """The TIME column of lists: `  1d 23h11`, days, hours and minutes cut to ten characters (ON-050)."""
    minutes = max(int(seconds), 0) // 60
    return f"{minutes // 1440:3d}d {minutes // 60 % 24:02d}h{minutes % 60:02d}m"[:10]


def age(seconds: float) -> str:
    """A span of time in its largest unit, for freshness: `7s`, `3m`, `5h`, `12d`."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    return f"{whole // 3600}h" if whole < 86400 else f"{whole // 86400}d"


def moment(at: float | None) -> str:
    """A point in time in the reader's own zone, `2026-11-20 14:05:09`; empty for None."""
    import time

    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def day_time(at: float, now: float) -> str:
    """A point in time in the reader's own zone, as short as can be: today `14:05:09`, else `2026-11-20 14:05`."""
    import time

    then = time.localtime(at)
    return time.strftime("%H:%M:%S" if then[:3] == time.localtime(now)[:3] else "%Y-%m-%d %H:%M", then)
