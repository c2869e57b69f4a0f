"""Rules as the options of a command give them: --schedule, --weekly and its like, --cron, --zone and --end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict, TypeVar, Unpack, cast

from vmconsole.schedules.errors import ScheduleError, TimeError
from vmconsole.schedules.moments import Moment, moment
from vmconsole.schedules.rule import Rule
from vmconsole.schedules.zones import zone
from vmconsole.templates.scheduled import DAYS, End, Repeat

T = TypeVar("T")

_KINDS = "--weekly, --monthly, --yearly, --hourly and --cron"


class Texts(TypedDict, total=False):
    """The texts of the options; None, like one left out, was not given.

    `schedule` may be left out with `cron` only, which then counts from now on. `end` is a number of runs when it is all
    digits, else a date (C16).
    """

    schedule: str | None
    weekly: str | None
    monthly: str | None
    yearly: str | None
    hourly: str | None
    cron: str | None
    end: str | None
    zone_name: str | None


_RECURRING = frozenset({"weekly", "monthly", "yearly", "hourly", "cron"})


def from_options(*, zone_default: str, now: int, **given: Unpack[Texts]) -> Rule:
    """The rule that the options mean; `now` in Unix seconds. ScheduleError lists all that is wrong with all of them."""
    cron, end, zone_name = given.get("cron"), given.get("end"), given.get("zone_name")
    texts = {
        Repeat.WEEKLY: given.get("weekly"),
        Repeat.MONTHLY: given.get("monthly"),
        Repeat.YEARLY: given.get("yearly"),
        Repeat.HOURLY: given.get("hourly"),
    }
    repeats = {repeat: text for repeat, text in texts.items() if text is not None}
    reading = _Reading(zone_default if zone_name is None else zone_name, now)
    if len(repeats) + (cron is not None) > 1:
        reading.problems.append(f"give one of {_KINDS}")
    if end is not None and not repeats and cron is None:
        reading.problems.append(f"--end needs one of {_KINDS}")
    skippable = not repeats or Repeat.HOURLY in repeats
    first = reading.first(given.get("schedule"), needed=cron is None, skippable=skippable)
    repeat, days = reading.repeat(repeats)
    expression = reading.option("--cron", _expression, cron) or ""
    ends, end_value = reading.end(end, first)
    return reading.rule(
        lambda: Rule(
            time=first.time,
            zone=reading.zone_name,
            relative=first.relative,
            repeat=repeat,
            days=days,
            cron="" if repeats else expression,
            end=ends,
            end_value=end_value,
        )
    )


def changed(rule: Rule, *, now: int, **given: Unpack[Texts]) -> Rule:
    """The rule with what the options say; what is not given stays as it is. ScheduleError as of `from_options`."""
    said = {name: text for name, text in given.items() if isinstance(text, str)}
    replaced = _RECURRING if said.keys() & _RECURRING else frozenset()
    kept = {name: text for name, text in to_options(rule).items() if name not in replaced}
    made = from_options(**cast("Texts", kept | said), zone_default=rule.zone, now=now)
    # As a text, one of two equal times of an hour that is repeated would become the first one.
    return made if "schedule" in said else replace(made, time=rule.time, relative=rule.relative)


def to_options(rule: Rule) -> dict[str, str]:
    """The texts that `from_options` takes for the rule."""
    place = zone(rule.zone)
    texts = {
        "schedule": f"+{rule.time}" if rule.relative else f"{place.at(rule.time):%Y-%m-%d %H:%M:%S}",
        "zone_name": rule.zone,
    }
    if rule.repeat is not None:
        texts[rule.repeat.name.lower()] = ",".join(map(str, rule.days))
    if rule.cron:
        texts["cron"] = rule.cron
    if rule.end is not End.NEVER:
        by_date = rule.end is End.DATE
        texts["end"] = f"{place.at(rule.end_value):%Y-%m-%d %H:%M:%S}" if by_date else str(rule.end_value)
    return texts


class _Reading:
    """The options as they are read; one with a problem is noted and stands for something harmless from then on."""

    def __init__(self, zone_name: str, now: int) -> None:
        self.problems: list[str] = []
        self.zone_name = zone_name if self.option("--zone", zone, zone_name) else "UTC"
        self._zone = zone(self.zone_name)
        self._now = now

    def option(self, name: str, read: Callable[[str], T], text: str | None) -> T | None:
        """What an option stands for; None when it was not given or was refused."""
        if text is None:
            return None
        try:
            return read(text)
        except ScheduleError as err:
            self.problems += [f"{name}: {problem}" for problem in err.problems]
            return None

    def first(self, text: str | None, *, needed: bool, skippable: bool) -> Moment:
        if text is None and needed:
            self.problems.append("--schedule must say when it runs, or first runs")
        found = self.option("--schedule", self._moment, text) or Moment(self._now)
        if not (found.exists or skippable):
            # Its time of day is to be kept, and what takes its place for once has another one.
            self.problems.append(f"--schedule: the clocks of {self.zone_name} skip {text}; name another first day")
        return found

    def repeat(self, given: dict[Repeat, str]) -> tuple[Repeat | None, tuple[int, ...]]:
        kind: Repeat | None = None
        days: tuple[int, ...] = ()
        for kind, text in given.items():
            days = self.option(f"--{kind.name.lower()}", _numbers, text) or (DAYS[kind][0],)
        return kind, days

    def end(self, text: str | None, first: Moment) -> tuple[End, int]:
        found, value = self.option("--end", self._end, text) or (End.NEVER, 0)
        if found is End.DATE and not first.relative and value < first.time:
            self.problems.append("--end: lies before the first run")
        return found, value

    def rule(self, make: Callable[[], Rule]) -> Rule:
        try:
            rule = make()
        except ScheduleError as err:
            raise ScheduleError([*self.problems, *err.problems]) from None
        if self.problems:
            raise ScheduleError(self.problems)
        return rule

    def _moment(self, text: str) -> Moment:
        return moment(text, now=self._now, zone=self._zone)

    def _end(self, text: str) -> tuple[End, int]:
        if text.isascii() and text.isdigit():
            return End.TIMES, int(text[:20])
        found = self._moment(text)
        if found.relative:
            raise TimeError(["expected a number of runs or a date"])
        return End.DATE, found.time


def _numbers(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) <= 4 for part in parts):
        raise ScheduleError([f"expected numbers such as 1,5, found {text[:40]!r}"])
    return tuple(sorted(set(map(int, parts))))


def _expression(text: str) -> str:
    from vmconsole.schedules.cron import parse

    return str(parse(text))
