"""Rules and moments as a person reads them: `every Monday and Friday at 02:30, Europe/Berlin, 5 times`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import pairwise

from vmconsole.schedules.rule import Rule
from vmconsole.schedules.zones import DAY, zone
from vmconsole.templates.scheduled import End, Repeat

# Not from `calendar`, which names them in the language of the process.
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

_UNITS = ((DAY, "d"), (3600, "h"), (60, "min"), (1, "s"))
_LEAP, _COMMON = date(2024, 1, 1), date(2023, 1, 1)


def sentence(rule: Rule, *, start: int | None = None, now: int | None = None) -> str:
    """The rule in words.

    `start` is when the VM was started; without it a relative first run stays relative. Seen from `now`, a rule whose
    first run lies ahead also says from when on it counts.
    """
    first = None if rule.relative and start is None else zone(rule.zone).at(rule.first(start or 0))
    if not rule.recurs:
        return f"once {_on(rule, first)}, {rule.zone}"
    parts = [_recurring(rule, first), rule.zone]
    if rule.end is End.TIMES:
        parts.append("once" if rule.end_value == 1 else f"{rule.end_value} times")
    if first and now is not None and first.timestamp() > now and _shown(first) not in parts[0].replace(" at ", " "):
        parts.append(f"from {_shown(first)} on")
    if rule.end is End.DATE:
        parts.append(f"until {moment(rule.end_value, rule.zone)}")
    return ", ".join(parts)


def scheduled(rule: Rule) -> str:
    """When it first runs, as confirmed: `at 2016-09-20 00:00:00 +0200`, `after +3600s from start` (ON-145)."""
    if rule.relative:
        return f"after +{rule.time}s from start"
    return f"at {zone(rule.zone).at(rule.time):%Y-%m-%d %H:%M:%S %z}"


def moment(instant: int, zone_name: str) -> str:
    """A moment by the clocks of a zone: `2026-03-29 03:00`, with seconds when it has some."""
    return _shown(zone(zone_name).at(instant))


def distance(instant: int, now: int) -> str:
    """How far off a moment is: `in 3 h 12 min`, `now`, `2 d 4 h ago`."""
    if instant == now:
        return "now"
    return f"in {length(instant - now)}" if instant > now else f"{length(now - instant)} ago"


def length(seconds: int) -> str:
    """A span of time in its two largest units: `3 h 12 min`, `2 d`, `40 s`."""
    for (size, unit), (finer_size, finer_unit) in pairwise(_UNITS):
        if seconds >= size:
            rest = seconds % size // finer_size
            return f"{seconds // size} {unit}" + (f" {rest} {finer_unit}" if rest else "")
    return f"{seconds} s"


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *some, last = words
    return f"{', '.join(some)} and {last}" if some else last


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def clock(hour: int, minute: int, second: int = 0) -> str:
    """`02:30`, with seconds when there are some."""
    return f"{hour:02}:{minute:02}" + (f":{second:02}" if second else "")


def _recurring(rule: Rule, first: datetime | None) -> str:
    """How it recurs; `first` is None when it is known only relative to a start."""
    if rule.cron:
        from vmconsole.schedules.cron_words import cron_words

        return cron_words(rule.cron) + ("" if first else f", from {_on(rule, first)} on")
    if rule.repeat is Repeat.HOURLY:
        hours = "hour" if rule.days == (1,) else f"{rule.days[0]} hours"
        return f"every {hours} from {_shown(first) if first else _on(rule, first)} on"
    if first is None:
        return f"{_on(rule, first)}, then {_days(rule)} at the same time of day"
    then = f"{_days(rule)} at {_time_of(first)}"
    return then if _is_own_day(rule, first) else f"{_on(rule, first)}, then {then}"


def _on(rule: Rule, first: datetime | None) -> str:
    return f"on {first:%Y-%m-%d} at {_time_of(first)}" if first else f"{length(rule.time)} after the start"


def _shown(when: datetime) -> str:
    return f"{when:%Y-%m-%d} {_time_of(when)}"


def _time_of(when: datetime) -> str:
    return clock(when.hour, when.minute, when.second)


def _is_own_day(rule: Rule, first: datetime) -> bool:
    """Whether the first run, which takes place in any case, is on one of the rule's days."""
    if rule.repeat is Repeat.WEEKLY:
        return first.isoweekday() % 7 in rule.days
    return (first.day if rule.repeat is Repeat.MONTHLY else first.timetuple().tm_yday - 1) in rule.days


def _days(rule: Rule) -> str:
    if rule.repeat is Repeat.WEEKLY:
        return "every day" if len(rule.days) == 7 else f"every {listed(WEEKDAYS[day] for day in rule.days)}"
    if rule.repeat is Repeat.MONTHLY:
        return f"on the {listed(map(ordinal, rule.days))} of every month"
    return f"every year on {listed(map(_day_of_year, rule.days))}"


def _day_of_year(number: int) -> str:
    leap, common = (_date(first + timedelta(number)) for first in (_LEAP, _COMMON))
    if number == 365:
        return f"{leap} of leap years"
    return common if leap == common else f"{common} ({leap} in leap years)"


def _date(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"
