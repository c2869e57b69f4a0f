"""A cron expression in words: `0 2,14 * * mon-fri` is `every Monday to Friday at 02:00 and 14:00`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from vmconsole.schedules.cron import Cron, parse
from vmconsole.schedules.words import MONTHS, WEEKDAYS, clock, listed, ordinal

_MOST_TIMES = 6  # more of them on one line are no longer read


def cron_words(expression: str) -> str:
    """The expression as one reads it aloud; CronError when it cannot be read."""
    cron = parse(expression)
    days = _days(cron)
    if len(cron.hours) * len(cron.minutes) <= _MOST_TIMES:
        times = listed(clock(hour, minute) for hour in cron.hours for minute in cron.minutes)
        return f"{days} at {times}"
    return _interval(cron) if days == "every day" else f"{_interval(cron)}, {days}"


def _interval(cron: Cron) -> str:
    if cron.hour == "*" and (step := _step(cron.minutes, 60)):
        return "every minute" if step == 1 else f"every {step} minutes"
    if cron.minutes == (0,) and (step := _step(cron.hours, 24)):
        return "every hour" if step == 1 else f"every {step} hours"
    return f"at {_numbers(cron.minute, 'minute')} of {_numbers(cron.hour, 'hour')}"


def _step(values: tuple[int, ...], size: int) -> int | None:
    """The even step in which values from 0 on fill an hour or a day; None when they do not."""
    step = size // len(values)
    return step if len(values) > 1 and values == tuple(range(0, size, step)) else None


def _days(cron: Cron) -> str:
    months = "" if cron.month == "*" else _named(cron.month, MONTHS, 1)
    of_month = f"of {months or 'every month'}"
    parts = []
    if cron.weekday != "*":
        parts.append(_weekdays(cron.weekday, of_month if months else "", of_month))
    if cron.day != "*":
        parts.append(f"on {_month_days(cron.day)} {of_month}")
    if not parts:
        return f"every day {of_month}" if months else "every day"
    return ", and ".join(parts)


def _weekdays(field: str, months: str, of_month: str) -> str:
    day, nth, number = field.partition("#")
    if nth:
        return f"on the {ordinal(int(number))} {WEEKDAYS[int(day)]} {of_month}"
    if field.startswith("l"):
        return f"on the last {WEEKDAYS[int(field[1:])]} {of_month}"
    return f"every {_named(field, WEEKDAYS, 0)} {months}".rstrip()


def _month_days(field: str) -> str:
    if field == "l":
        return "the last day"
    if field.endswith("w"):
        return f"the weekday nearest to the {ordinal(int(field[:-1]))}"
    if field.startswith("*"):
        return _numbers(field, "day")
    return listed(_span(item, lambda text: f"the {ordinal(int(text))}") for item in field.split(","))


def _numbers(field: str, noun: str) -> str:
    """`every hour`, `every 2nd hour`, `hour 5`, `hours 9 to 17 and 20`."""
    if field == "*":
        return f"every {noun}"
    if field.startswith("*/") and "," not in field:
        return f"every {ordinal(int(field[2:]))} {noun}"
    return f"{noun}{'' if field.isdigit() else 's'} {listed(_span(item, str) for item in field.split(','))}"


def _named(field: str, names: tuple[str, ...], lowest: int) -> str:
    """The values and ranges of a field by their names; a step is spelt out."""
    return listed(chain.from_iterable(_names(item, names, lowest) for item in field.split(",")))


def _names(item: str, names: tuple[str, ...], lowest: int) -> Iterator[str]:
    values, _, step = item.partition("/")
    ends = range(len(names)) if values == "*" else [_index(text, names, lowest) for text in values.split("-")]
    if step:
        return (names[index % len(names)] for index in range(ends[0], ends[-1] + 1, int(step)))
    return iter([" to ".join(names[index % len(names)] for index in ends)])


def _index(text: str, names: tuple[str, ...], lowest: int) -> int:
    if text.isdigit():
        return int(text) - lowest
    return next(index for index, name in enumerate(names) if name.lower().startswith(text))


def _span(item: str, shown: Callable[[str], str]) -> str:
    """One item of a list: a value, `9 to 17`, `9 to 17 in steps of 2`, `all in steps of 2`."""
    values, _, step = item.partition("/")
    span = "all" if values == "*" else " to ".join(map(shown, values.split("-")))
    return f"{span} in steps of {step}" if step else span
