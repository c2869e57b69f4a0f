"""SCHED_ACTION: what shall be done with a VM later, once or again and again."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from vmconsole.templates import values
from vmconsole.templates.section import Section

LATEST_TIME = 253402300799  # the last second of the year 9999

# Every action that may be scheduled, and what its ARGS are, in order (ON-162; the union of all releases).
ARGUMENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            *("terminate", "terminate-hard", "undeploy", "undeploy-hard", "hold", "release", "stop", "suspend"),
            *("resume", "delete", "delete-recreate", "reboot", "reboot-hard", "poweroff", "poweroff-hard"),
        ),
        (),
    ),
    "snapshot-create": ("name",),
    "snapshot-revert": ("snapshot id",),
    "snapshot-delete": ("snapshot id",),
    "disk-snapshot-create": ("disk id", "name"),
    "disk-snapshot-revert": ("disk id", "snapshot id"),
    "disk-snapshot-delete": ("disk id", "snapshot id"),
    "backup": ("datastore id", "mode"),
}
OPTIONAL_ARGUMENTS = {"snapshot-create": 1, "backup": 1}
"""How many of the last arguments may be left out."""
RETAINED = frozenset(("backup", "snapshot-create", "disk-snapshot-create"))
"""Actions that make something of which there would be more and more."""
OLD_NAMES = {"shutdown": "terminate", "shutdown-hard": "terminate-hard"}


class Repeat(IntEnum):
    """In which period the days of a repeating action lie; HOURLY means every so many hours."""

    WEEKLY = 0
    MONTHLY = 1
    YEARLY = 2
    HOURLY = 3


class End(IntEnum):
    """When a repeating action ends."""

    NEVER = 0
    TIMES = 1
    DATE = 2


DAYS = {Repeat.WEEKLY: (0, 6), Repeat.MONTHLY: (1, 31), Repeat.YEARLY: (0, 365), Repeat.HOURLY: (1, 168)}
"""The lowest and the highest of `days` in each kind of repeat (ON-154 to ON-157)."""


@dataclass(frozen=True, slots=True)
class ScheduledAction:
    """An action and its times.

    `time` is Unix seconds (UTC), or, when `relative`, seconds after the VM's submission. `days` are of the week
    (0 is Sunday), the month (from 1) or the year (from 0), or one number of hours. `end_value` is how many times, or
    Unix seconds. `cron` and `time_zone` go beyond OpenNebula's, and are only known here as texts; empty without one.
    So do `keep_last` and `keep_days`: of what the action makes, how many stay, and for how long.
    """

    action: str
    args: tuple[str, ...]
    time: int
    relative: bool
    repeat: Repeat | None = None
    days: tuple[int, ...] = ()
    end: End = End.NEVER
    end_value: int | None = None
    cron: str = ""
    time_zone: str = ""
    keep_last: int | None = None
    keep_days: int | None = None


def scheduled_action(section: Section) -> ScheduledAction:
    """Read a SCHED_ACTION; problems are noted in the section. What the controller writes itself is not read."""
    for key in ("ID", "DONE", "MESSAGE", "WARNING"):
        section.read(key, str)
    action = section.read("ACTION", _action) or ""
    args = section.read("ARGS", values.line) or ""
    time = section.read("TIME", _time)
    cron = section.read("CRON", values.line) or ""
    for key in ("ACTION",) if cron else ("ACTION", "TIME"):
        if not section.has(key):
            section.refuse("", f"needs {key}")
    repeat = section.read("REPEAT", values.whole(0, 3))
    end = section.read("END_TYPE", values.whole(0, 2))
    days = _days(section, None if repeat is None else Repeat(repeat))
    end_value = _end_value(section, None if end is None else End(end))
    arguments = _arguments(section, action, args)
    time_zone = section.read("TIME_ZONE", values.line) or ""
    keep_last, keep_days = (section.read(key, values.whole(1, 100_000)) for key in ("KEEP_LAST", "KEEP_DAYS"))
    if (kept := section.given("KEEP_LAST", "KEEP_DAYS")) and action not in RETAINED:
        section.refuse(kept[0], f"{action} makes nothing that could be kept")
    section.close()
    return ScheduledAction(
        action=action,
        args=arguments,
        time=time or 0,
        relative=section.values.get("TIME", "").startswith("+"),
        repeat=None if repeat is None else Repeat(repeat),
        days=days,
        end=End(end or 0),
        end_value=end_value,
        cron=cron,
        time_zone=time_zone,
        keep_last=keep_last,
        keep_days=keep_days,
    )


def _action(text: str) -> str:
    name = OLD_NAMES.get(text.lower(), text.lower())
    if name in ARGUMENTS:
        return name
    raise ValueError(f"{values.shown(text)} cannot be scheduled; what can be: {', '.join(sorted(ARGUMENTS))}")


def _time(text: str) -> int:
    """Unix seconds, or seconds after the VM's submission when a plus stands before them."""
    try:
        return values.whole(0, LATEST_TIME)(text.removeprefix("+"))
    except ValueError:
        raise ValueError(f"expected Unix seconds, or + and seconds, found {values.shown(text)}") from None


def _arguments(section: Section, action: str, text: str) -> tuple[str, ...]:
    expected = ARGUMENTS.get(action)
    given = tuple(part.strip() for part in text.split(",")) if text else ()
    if expected is None:
        return ()
    least = len(expected) - OPTIONAL_ARGUMENTS.get(action, 0)
    if not least <= len(given) <= len(expected) or not all(given):
        section.refuse("ARGS", f"{action} takes {', '.join(expected) or 'no arguments'}, found {values.shown(text)}")
    for meaning, value in zip(expected, given, strict=False):
        if meaning.endswith(" id") and not (value.isascii() and value.isdigit()):
            section.refuse("ARGS", f"expected a {meaning}, found {values.shown(value)}")
    return given


def _days(section: Section, repeat: Repeat | None) -> tuple[int, ...]:
    if repeat is None:
        if section.read("DAYS", str) and not section.has("REPEAT"):
            section.refuse("DAYS", "is only used together with REPEAT")
        return ()
    low, high = DAYS[repeat]
    day = values.whole(low, high)
    days = section.read("DAYS", lambda text: tuple(sorted({day(part.strip()) for part in text.split(",")})))
    if not section.has("DAYS"):
        section.refuse("", f"a repeating action needs DAYS, from {low} to {high}")
    elif days and repeat is Repeat.HOURLY and "," in section.values["DAYS"]:
        section.refuse("DAYS", "an hourly action takes one number, how many hours lie between two runs")
    return days or ()


def _end_value(section: Section, end: End | None) -> int | None:
    highest = LATEST_TIME if end is End.DATE else (1 << 31) - 1
    value = section.read("END_VALUE", values.whole(1, highest))
    if section.has("END_VALUE") and not section.has("END_TYPE"):
        section.refuse("END_VALUE", "is only used together with END_TYPE")
    if end in (End.TIMES, End.DATE) and not section.has("END_VALUE"):
        section.refuse("", "END_TYPE 1 (times) and 2 (date) need END_VALUE")
    return None if end is End.NEVER else value
