"""The Schedules pane: what will be done to the VM by itself, when next, and what became of it last."""

from __future__ import annotations

from typing import Any

from vmconsole.console.line_view import Line
from vmconsole.console.panes.show import heading
from vmconsole.presentation import age, fit, moment
from vmconsole.store.feed import Detail

_REPEATS = {0: "weekly", 1: "monthly", 2: "yearly", 3: "hourly"}


def lines(detail: Detail, now: float, width: int) -> list[Line]:
    """The VM's schedules, the next firing first."""
    schedules = sorted(detail.document["schedules"], key=lambda each: (each["next"] is None, each["next"] or 0))
    if not schedules:
        return [heading("Schedules"), [(" none", "dim")]]
    found: list[Line] = [heading("Schedules")]
    for schedule in schedules:
        found += _schedule(schedule, now)
    return found


def _schedule(schedule: dict[str, Any], now: float) -> list[Line]:
    arguments = " ".join(str(value) for value in schedule["args"] or ())
    upcoming = schedule["next"]
    if upcoming is None:
        when: Line = [("over", "dim")]
    elif upcoming <= now:
        when = [("due", "unknown"), (f" since {age(now - upcoming)}", "dim")]
    else:
        when = [(moment(upcoming), "text"), (f"  in {age(upcoming - now)}", "key")]
    found: list[Line] = [
        [(f" {schedule['id']:>3} ", "dim"), (f"{schedule['action']} {arguments}".strip(), "strong")],
        [("     next    ", "dim"), *when],
        [("     rule    ", "dim"), (_rule(schedule), "text")],
    ]
    if schedule["last"] is not None:
        found.append(
            [("     last    ", "dim"), (f"{moment(schedule['last'])}, {age(now - schedule['last'])} ago", "text")]
        )
    if schedule["message"]:
        found.append([("     message ", "dim"), (fit(schedule["message"], 60, more="…").rstrip(), "unknown")])
    return found


def _rule(schedule: dict[str, Any]) -> str:
    if schedule["cron"]:
        rule = f"cron {schedule['cron']}"
    elif schedule["repeat"] is None:
        rule = "once"
    else:
        rule = f"{_REPEATS.get(schedule['repeat'], 'repeated')} {schedule['days']}".strip()
    zone = f", {schedule['time_zone']}" if schedule["time_zone"] else ""
    end = schedule["end"]
    if end["type"] == "times":
        return f"{rule}{zone}, {end['value']} times"
    if end["type"] == "date" and end["value"]:
        return f"{rule}{zone}, until {moment(end['value'])}"
    return f"{rule}{zone}"
