"""The Schedules pane: what will be done to the VM by itself, when next, and what became of it last."""

from __future__ import annotations

from itertools import islice
from typing import Any

from vmconsole.console.line_view import Line
from vmconsole.console.panes.show import heading
from vmconsole.presentation import age, fit, moment
from vmconsole.schedules.columns import repeat_text
from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.preview import NEXT, upcoming
from vmconsole.schedules.records import from_document
from vmconsole.schedules.words import moment as local
from vmconsole.schedules.words import sentence
from vmconsole.store.detail import Detail


def lines(detail: Detail, now: float, width: int) -> list[Line]:
    """The VM's schedules, the next firing first."""
    schedules = sorted(detail.document["schedules"], key=lambda each: (each["next"] is None, each["next"] or 0))
    if not schedules:
        return [heading("Schedules"), [(" none", "dim")]]
    found: list[Line] = [heading("Schedules")]
    for schedule in schedules:
        found += _schedule(schedule, detail.document["start_time"], now, width)
    return found


def _schedule(schedule: dict[str, Any], start: int, now: float, width: int) -> list[Line]:
    action = " ".join([schedule["action"], *schedule["args"]])
    rule, coming = _rule(schedule, start, int(now))
    room = max(width - 14, 20)
    found: list[Line] = [
        [(f" {schedule['id']:>3} ", "dim"), (action, "strong")],
        [("     next    ", "dim"), *_next(schedule, now)],
        [("     rule    ", "dim"), (fit(rule, room, more="…").rstrip(), "text")],
    ]
    if coming:
        found.append([("     then    ", "dim"), (fit(", ".join(coming), room, more="…").rstrip(), "dim")])
    if schedule["done"] is not None:
        done = f"{moment(schedule['done'])}, {age(now - schedule['done'])} ago"
        found.append([("     done    ", "dim"), (done, "text")])
    if schedule["message"]:
        found.append([("     message ", "dim"), (fit(schedule["message"], room, more="…").rstrip(), "unknown")])
    return found


def _next(schedule: dict[str, Any], now: float) -> Line:
    due = schedule["next"]
    if due is None:
        return [("over", "dim")]
    if not schedule["enabled"]:
        return [("paused", "unknown")]
    if due <= now:
        return [("overdue", "unknown"), (f" since {age(now - due)}", "dim")]
    return [(moment(due), "text"), (f"  in {age(due - now)}", "key")]


def _rule(schedule: dict[str, Any], start: int, now: int) -> tuple[str, list[str]]:
    """The rule in words, and the firings after the next one by the clocks of its zone."""
    try:
        rule = from_document(schedule)
    except ScheduleError:
        return repeat_text(schedule["repeat"], schedule["days"], schedule["cron"]) or "once", []
    if schedule["next"] is None or not schedule["enabled"]:
        return sentence(rule, start=start), []
    after = islice(upcoming(rule, now, due=schedule["next"], start=start), 1, NEXT)
    return sentence(rule, start=start), [local(instant, rule.zone) for instant in after]
