"""Days and times of day on which something recurs, in the plain arithmetic of a clock that is never changed.

A day is counted from 1 January 1970; days and times come in order, and every one of them is asked for anew.
"""

from __future__ import annotations

from bisect import bisect_left
from calendar import isleap, monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count

from vmconsole.schedules.zones import DAY, LATEST

LAST_DAY = LATEST // DAY
Days = Callable[[int], Iterator[int]]
"""Given a day, the days from it on that are meant, up to the last of the year 2999."""

_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Calendar:
    """`times` are seconds of the day, ascending.

    When the clocks are put forward, the times they skip are `made_up` for together, at the first instant after them;
    when they are put back, a time that comes twice counts the first time only, unless it is `repeated`.
    """

    days: Days
    times: tuple[int, ...]
    made_up: bool = True
    repeated: bool = False

    def walls(self, start: int) -> Iterator[int]:
        """Every wall from `start` on, in order."""
        today = start // DAY
        for day in self.days(today):
            begin = bisect_left(self.times, start % DAY) if day == today else 0
            for time in self.times[begin:]:
                yield day * DAY + time


def weekly(weekdays: tuple[int, ...]) -> Days:
    """Days of the week, 0 is Sunday."""

    def days(start: int) -> Iterator[int]:
        return (day for day in range(start, LAST_DAY + 1) if (day + _EPOCH) % 7 in weekdays)

    return days


def monthly(numbers: tuple[int, ...]) -> Days:
    """Days of the month from 1; a month that lacks the day is passed over (lifecycle rule of ON-155)."""

    def days(start: int) -> Iterator[int]:
        first = date.fromordinal(start + _EPOCH)
        for month in count(first.year * 12 + first.month - 1):
            year, index = divmod(month, 12)
            before = date(year, index + 1, 1).toordinal() - _EPOCH - 1
            length = monthrange(year, index + 1)[1]
            for number in numbers:
                if number <= length and start <= before + number:
                    if before + number > LAST_DAY:
                        return
                    yield before + number

    return days


def yearly(numbers: tuple[int, ...]) -> Days:
    """Days of the year from 0; 365 is there in leap years only."""

    def days(start: int) -> Iterator[int]:
        for year in count(date.fromordinal(start + _EPOCH).year):
            first = date(year, 1, 1).toordinal() - _EPOCH
            for number in numbers:
                if number < 365 + isleap(year) and start <= first + number:
                    if first + number > LAST_DAY:
                        return
                    yield first + number

    return days
