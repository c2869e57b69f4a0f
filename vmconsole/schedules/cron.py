"""Cron expressions: five fields, checked word by word before croniter, the only place that asks it, sees them.

croniter alone takes seconds, years, random fields and steps beyond the hour, and needs seconds for a long list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from croniter import CroniterBadDateError, croniter

from vmconsole.schedules.calendars import LAST_DAY, Calendar
from vmconsole.schedules.errors import CronError
from vmconsole.schedules.zones import DAY

LONGEST = 200
"""Characters of an expression; the longest useful ones have about half as many."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_ITEM = re.compile(r"(?:\*|(?P<low>[0-9]{1,2}|[a-z]{3})(?:-(?P<high>[0-9]{1,2}|[a-z]{3}))?)(?:/(?P<step>[0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    special: str = r"(?!)"
    """What else may be the whole field, as a regular expression."""

    def is_special(self, text: str) -> bool:
        return re.fullmatch(self.special, text) is not None

    def problem(self, text: str) -> str | None:
        """What is wrong with the field, or None."""
        if text == "*" or self.is_special(text):
            return None
        return next(filter(None, map(self._item_problem, text.split(","))), None)

    def _item_problem(self, item: str) -> str | None:
        match = _ITEM.fullmatch(item)
        if not match:
            return f"{self.name}: {item[:20]!r} is none of *, a value, a range or a step such as */5"
        low, high, step = match["low"], match["high"], match["step"]
        if item == "*":
            return f"{self.name}: a * stands alone"
        ends = [self._value(text) for text in (low, high) if text]
        known = [end for end in ends if end is not None]
        if known != ends:
            return f"{self.name}: expected {self.low} to {self.high}, found {item!r}"
        if known != sorted(set(known)):
            return f"{self.name}: the range {item!r} does not go upwards"
        if step and low and not high:
            return f"{self.name}: the step of {item!r} needs a range or * before it"
        if step and not 1 <= int(step) <= self.high - self.low:
            return f"{self.name}: the step of {item!r} is not within 1 to {self.high - self.low}"
        return None

    def _value(self, text: str) -> int | None:
        if text in self.names:
            return self.names.index(text) + self.low
        return int(text) if text.isdigit() and self.low <= int(text) <= self.high else None


_DAY = _Field("day of the month", 1, 31, special=r"l|([1-9]|[12][0-9]|3[01])w")
_WEEKDAY = _Field("day of the week", 0, 7, _WEEKDAYS, special=r"[0-6]#[1-5]|l[0-6]")
_FIELDS = (_Field("minute", 0, 59), _Field("hour", 0, 23), _DAY, _Field("month", 1, 12, _MONTHS), _WEEKDAY)


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression that fires: its five fields in lower case, and the minutes and hours they stand for.

    When both a day of the month and one of the week are given, either of them is enough.
    """

    minute: str
    hour: str
    day: str
    month: str
    weekday: str
    minutes: tuple[int, ...]
    hours: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.minute} {self.hour} {self.day} {self.month} {self.weekday}"

    @property
    def calendar(self) -> Calendar:
        """Its days and times of day.

        With `*` or a step as hour it means intervals, which go on while an hour is repeated; with `*` alone they also
        go on evenly over an hour that is skipped.
        """
        times = tuple(hour * 3600 + minute * 60 for hour in self.hours for minute in self.minutes)
        return Calendar(self._days, times, made_up=self.hour != "*", repeated="*" in self.hour or "/" in self.hour)

    def _days(self, start: int) -> Iterator[int]:
        # An exact hit is left out by croniter, so it is asked from the second before.
        days = croniter(f"0 0 {self.day} {self.month} {self.weekday}", start * DAY - 1)
        try:
            while (day := int(days.get_next(float)) // DAY) <= LAST_DAY:
                yield day
        except CroniterBadDateError:
            return


@lru_cache(maxsize=4096)
def parse(expression: str) -> Cron:
    """The expression `minute hour day month weekday`; CronError says all that is wrong with it.

    Names of months and days of the week, ranges, steps and lists are taken; `L` and `15W` as day of the month, `1#2`
    and `L5` as day of the week. What differs from run to run (`R`, `H`), seconds, years and `@daily` are not.
    """
    if len(expression) > LONGEST:
        raise CronError([f"a cron expression has at most {LONGEST} characters, this one has {len(expression)}"])
    fields = expression.lower().split()
    if len(fields) != len(_FIELDS) or not expression.isascii():
        raise CronError([f"{expression[:40]!r} is no cron expression: expected minute, hour, day, month and weekday"])
    if problems := [problem for field, text in zip(_FIELDS, fields, strict=True) if (problem := field.problem(text))]:
        raise CronError(problems)
    minute, hour, day, month, weekday = fields
    if "*" not in (day, weekday) and (_DAY.is_special(day) or _WEEKDAY.is_special(weekday)):
        # croniter would leave one of the two out, or want both.
        raise CronError(["L, 15W, 1#2 and L5 go with * as the other one of day of the month and day of the week"])
    plain = " ".join(fields)
    if not croniter.is_valid(plain, strict=True):
        raise CronError([f"{plain!r} names a day that no month has, such as 31 February"])
    minutes, hours = (_every(values, size) for values, size in zip(croniter.expand(plain)[0], (60, 24), strict=False))
    cron = Cron(minute, hour, day, month, weekday, minutes, hours)
    if next(cron.calendar.days(0), None) is None:
        raise CronError([f"{plain!r} never fires"])
    return cron


def _every(values: list[int | str], size: int) -> tuple[int, ...]:
    return tuple(range(size)) if values == ["*"] else tuple(sorted(int(value) for value in values))
