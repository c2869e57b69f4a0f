"""A cron expression in words: `0 2,14 * * mon-fri` is `every Monday to Friday at 02:00 and 14:00`."""

from __future__ import annotations

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
    hours = "every hour" if cron.hour == "*" else f"hour {cron.hour}"
    if cron.hour == "*" and (step := _step(cron.minutes, 60)):
        return "every minute" if step == 1 else f"every {step} minutes"
    if cron.minutes == (0,) and (step := _step(cron.hours, 24)):
        return "every hour" if step == 1 else f"every {step} hours"
    if len(cron.minutes) <= _MOST_TIMES:
        plural = "s" if len(cron.minutes) > 1 else ""
        return f"at minute{plural} {listed(map(str, cron.minutes))} of {hours}"
    return f"at minute {cron.minute} of {hours}"


def _step(values: tuple[int, ...], size: int) -> int | None:
    """The even step in which values from 0 on fill an hour or a day; None when they do not."""
    step = size // len(values)
    return step if len(values) > 1 and values == tuple(range(0, size, step)) else None


def _days(cron: Cron) -> str:
    months = "" if cron.month == "*" else listed(_named(item, MONTHS, 1) for item in cron.month.split(","))
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
    names = listed(_named(item, WEEKDAYS, 0) for item in field.split(","))
    return f"every {names} {months}".rstrip()


def _month_days(field: str) -> str:
    if field == "l":
        return "the last day"
    if field.endswith("w"):
        return f"the weekday nearest to the {ordinal(int(field[:-1]))}"
    return listed(_numbered(item) for item in field.split(","))


def _numbered(item: str) -> str:
    if "/" in item:
        return f"days {item}"
    return " to ".join(f"the {ordinal(int(part))}" for part in item.split("-"))


def _named(item: str, names: tuple[str, ...], lowest: int) -> str:
    """A value or a range of a field by its names; a step as it was typed."""
    if "/" in item:
        return item
    return " to ".join(_name(part, names, lowest) for part in item.split("-"))


def _name(text: str, names: tuple[str, ...], lowest: int) -> str:
    if text.isdigit():
        return names[(int(text) - lowest) % len(names)]
    return next(name for name in names if name.lower().startswith(text))
