"""An independent way to know when a rule runs: look at the clocks in every single minute and ask whether it fits.

Nothing of the program is used here, and no expression is read: what fits is given as sets of numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Fits = Callable[[datetime], bool]
"""Whether the clocks show a date and time (without a zone) at which something is to run."""


@cache
def clocks(zone: str, begin: datetime, days: int) -> tuple[tuple[int, datetime], ...]:
    """Every minute from `begin` (UTC) on for so many days: the instant, and what the clocks of the zone show then."""
    info = ZoneInfo(zone)
    utc = begin.replace(tzinfo=UTC)
    minutes = (utc + number * MINUTE for number in range(days * 1440))
    return tuple((int(at.timestamp()), at.astimezone(info).replace(tzinfo=None)) for at in minutes)


def every_time(shown: tuple[tuple[int, datetime], ...], fits: Fits) -> list[int]:
    """Every instant at which the clocks show something that fits, both of two equal ones."""
    return [instant for instant, wall in shown if fits(wall)]


def once_each(shown: tuple[tuple[int, datetime], ...], fits: Fits) -> list[int]:
    """For everything that fits, shown or not, the first instant at which the clocks show it or something later."""
    found = set()
    highest = shown[0][1]
    for instant, wall in shown:
        while highest < wall:
            highest += MINUTE
            if fits(highest):
                found.add(instant)
    return sorted(found)


def skipped_once(shown: tuple[tuple[int, datetime], ...], fits: Fits) -> list[int]:
    """What `every_time` finds, and the first instant after each skipped time that fits."""
    return sorted({*every_time(shown, fits), *once_each(shown, fits)})
