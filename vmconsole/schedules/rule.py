"""A rule of time: the first moment, how it recurs, in which zone, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vmconsole.schedules.errors import CronError, ScheduleError, UnknownZone
from vmconsole.schedules.zones import LATEST, zone
from vmconsole.templates.scheduled import DAYS, End, Repeat

LONGEST_DELAY = 100 * 366 * 86_400
"""Seconds after its start at which a VM's relative action can lie, at most."""
MOST_TIMES = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that can be followed; ScheduleError lists all that is wrong with one that cannot.

    `time` is the first run in Unix seconds (UTC), or, when `relative`, in seconds after the VM's start. `days` belong
    to `repeat`: of the week (0 is Sunday), the month (from 1) or the year (from 0), or one number of hours. With a
    `cron` expression instead, `time` only says from when on it counts. Days and times of day are those of `zone`.
    `end_value` is how often the rule runs in all, or the Unix second after which it does not run any more.
    """

    time: int
    zone: str
    relative: bool = False
    repeat: Repeat | None = None
    days: tuple[int, ...] = ()
    cron: str = ""
    end: End = End.NEVER
    end_value: int = 0

    def __post_init__(self) -> None:
        if problems := [*self._time_problems(), *self._repeat_problems(), *self._end_problems()]:
            raise ScheduleError(problems)

    @property
    def recurs(self) -> bool:
        return self.repeat is not None or bool(self.cron)

    def first(self, start: int = 0) -> int:
        """The first moment, Unix seconds, of the rule of a VM that was started (submitted) at `start`."""
        return start + self.time if self.relative else self.time

    def _time_problems(self) -> Iterator[str]:
        try:
            zone(self.zone)
        except UnknownZone as err:
            yield from err.problems
        if not 0 <= self.time <= (LONGEST_DELAY if self.relative else LATEST):
            bound = "100 years after the start" if self.relative else "1970 to 2999"
            yield f"the time is not within {bound}"

    def _repeat_problems(self) -> Iterator[str]:
        if self.cron:
            yield from _cron_problems(self.cron)
        if self.cron and self.repeat is not None:
            yield "a rule recurs by a cron expression or by days, not by both"
        if self.repeat is None:
            if self.days:
                yield "days are only used together with a kind of repeat"
            return
        low, high = DAYS[self.repeat]
        name = self.repeat.name.lower()
        if not self.days:
            yield f"a {name} rule needs a number from {low} to {high}"
        if self.repeat is Repeat.HOURLY and len(self.days) > 1:
            yield "an hourly rule takes one number, how many hours lie between two runs"
        for day in self.days:
            if not low <= day <= high:
                yield f"{name}: {day} is not within {low} to {high}"
        if self.days != tuple(sorted(set(self.days))):
            yield f"{name}: the days do not ascend"

    def _end_problems(self) -> Iterator[str]:
        if self.end is End.TIMES and not 1 <= self.end_value <= MOST_TIMES:
            yield f"the number of runs is not within 1 to {MOST_TIMES}"
        if self.end is End.DATE and not 1 <= self.end_value <= LATEST:
            yield "the end is not within 1970 to 2999"
        if self.end is End.NEVER and self.end_value:
            yield "a rule without an end has no end value"


def _cron_problems(expression: str) -> tuple[str, ...]:
    from vmconsole.schedules.cron import parse

    try:
        parse(expression)
    except CronError as err:
        return err.problems
    return ()
