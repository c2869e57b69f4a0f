"""Rules as the store's table of schedules and the SCHED_ACTION of a template hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmconsole.schedules.rule import Rule
from vmconsole.templates.scheduled import End, Repeat, ScheduledAction


def to_store(rule: Rule) -> dict[str, int | str | None]:
    """The columns of the table `schedule` that hold the rule."""
    return {
        "time": rule.time,
        "relative": int(rule.relative),
        "repeat": None if rule.repeat is None else int(rule.repeat),
        "days": _listed(rule.days),
        "cron": rule.cron,
        "time_zone": rule.zone,
        "end_type": int(rule.end),
        "end_value": rule.end_value,
    }


def from_store(row: Mapping[str, Any]) -> Rule:
    """The rule of a row. ScheduleError when it cannot be followed, as after its zone left the time-zone database."""
    return Rule(
        time=row["time"],
        zone=row["time_zone"],
        relative=bool(row["relative"]),
        repeat=None if row["repeat"] is None else Repeat(row["repeat"]),
        days=tuple(int(day) for day in row["days"].split(",")) if row["days"] else (),
        cron=row["cron"],
        end=End(row["end_type"]),
        end_value=row["end_value"],
    )


def from_document(document: Mapping[str, Any]) -> Rule:
    """The rule of a schedule as JSON shows it; ScheduleError as of `from_store`.

    Its number of runs is what is left of it; one that has run as often as it may counts as having one run left.
    """
    end = End[document["end"]["type"].upper()]
    relative = document["relative"]
    return Rule(
        time=document["time"] if relative is None else relative,
        zone=document["time_zone"],
        relative=relative is not None,
        repeat=None if document["repeat"] is None else Repeat(document["repeat"]),
        days=tuple(int(day) for day in document["days"].split(",")) if document["days"] else (),
        cron=document["cron"],
        end=end,
        end_value=max(document["end"]["value"], 1) if end is not End.NEVER else 0,
    )


def from_template(action: ScheduledAction, *, zone: str) -> Rule:
    """The rule of a SCHED_ACTION, whose days and times of day are those of `zone` unless it names its own.

    ScheduleError as of `Rule`.
    """
    return Rule(
        time=action.time,
        zone=action.time_zone or zone,
        relative=action.relative,
        repeat=action.repeat,
        days=action.days,
        cron=action.cron,
        end=action.end,
        end_value=action.end_value or 0,
    )


def to_template(rule: Rule, *, zone_default: str, fired: int = 0) -> dict[str, str]:
    """The attributes of a SCHED_ACTION that hold the rule; END_VALUE counts runs down, of which `fired` are done.

    CRON and TIME_ZONE go beyond OpenNebula's: they are there only where it cannot say what the rule says.
    """
    found = {"TIME": f"+{rule.time}" if rule.relative else str(rule.time)}
    if rule.repeat is not None:
        found |= {"REPEAT": str(int(rule.repeat)), "DAYS": _listed(rule.days)}
    if rule.end is not End.NEVER:
        value = max(rule.end_value - fired, 0) if rule.end is End.TIMES else rule.end_value
        found |= {"END_TYPE": str(int(rule.end)), "END_VALUE": str(value)}
    if rule.cron:
        found["CRON"] = rule.cron
    if rule.zone != zone_default:
        found["TIME_ZONE"] = rule.zone
    return found


def _listed(days: tuple[int, ...]) -> str:
    return ",".join(map(str, days))
