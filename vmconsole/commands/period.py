"""A stretch of time that a report is about."""

from __future__ import annotations

from vmconsole.commands.declaration import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values

PERIOD_OPTIONS = (
    Option("--start", "from when: 2026-11-20, 2026-11-20T08:30 or Unix seconds", metavar="T"),
    Option("--end", "until when, else now", metavar="T"),
)


def period(context: Context, values: Values) -> tuple[int, int]:
    """First and last second of the period, Unix seconds; without options everything up to now.

    Raises:
        BadInput: a time cannot be read, or the end is before the start.
    """
    from vmconsole.errors import BadInput

    start = _instant("--start", values["start"]) if values["start"] else 0
    end = _instant("--end", values["end"]) if values["end"] else int(context.clock())
    if end < start:
        raise BadInput("the period ends before it starts", code="INPUT_TIME")
    return start, end


def _instant(option: str, text: str) -> int:
    """A date, or date and time, of this machine's zone unless it names one; or Unix seconds."""
    from datetime import datetime

    from vmconsole.errors import BadInput

    if text.isascii() and text.isdigit() and len(text) > 8:
        return int(text[:12])
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{option}: {text!r} is no time", code="INPUT_TIME", hint="2026-11-20T08:30") from error
