"""An agenda as lines: time line, calendar, what is overdue and why, and one line or more for each schedule."""

from __future__ import annotations

from vmconsole.console.agenda import pictures
from vmconsole.console.agenda.agenda import Agenda, Entry
from vmconsole.console.line_view import Line
from vmconsole.presentation import day_time, fit
from vmconsole.schedules.dry_run import WINDOW
from vmconsole.schedules.words import distance

_WIDE, _WHEN = 110, 29
_ROLES = {"done": "running", "failed": "failure", "missed": "unknown", "skipped": "unknown", "unknown": "unknown"}


def overview(agenda: Agenda, now: float, width: int) -> list[Line]:
    """The coming day as a time line, the coming weeks as a calendar, and how many firings get into each other's way."""
    instants = [firing.at for firing in agenda.run.firings]
    found = [*pictures.time_line(instants, int(now), width), []]
    found += pictures.calendar(instants, _clashing(agenda), int(now))
    if not agenda.run.complete:
        found.append([(f" the next {len(instants):,} firings only: there are more than can be shown", "unknown")])
    count = sum(clash.count for clash in agenda.run.clashes)
    if count:
        first = agenda.run.clashes[0]
        when = day_time(first.first, now)
        found.append([
            (f" ! {count:,} times two of a VM within {WINDOW // 60} minutes", "failure"),
            (f", first on {when}: VM {first.vm}", "dim"),
        ])  # fmt: skip
    return found


def _clashing(agenda: Agenda) -> set[int]:
    """When firings clash; of each pair the first time is known, and from the list the others."""
    vms = {clash.vm for clash in agenda.run.clashes}
    found: set[int] = set()
    last: dict[int, tuple[int, int]] = {}
    for firing in agenda.run.firings:
        if firing.vm in vms:
            at, schedule = last.get(firing.vm, (-WINDOW, -1))
            if firing.at - at < WINDOW and firing.schedule != schedule:
                found.add(firing.at)
            last[firing.vm] = (firing.at, firing.schedule)
    return found


def line(entry: Entry, now: float, width: int) -> Line:
    """One schedule of the fleet: when, in how long, where and what, and what became of it last."""
    wide = width >= _WIDE
    parts: Line = [
        *when(entry, now),
        (f" {entry.vm:>4} {fit(entry.name, 14 if wide else 10, more='…')}", "text"),
        (f" {fit(entry.action, 20 if wide else 15, more='…')}", "strong"),
        *last(entry, now),
    ]
    if wide:
        parts.append(
            (f"  {entry.document['message']}", "failure") if entry.overdue(now) else (f"  {entry.rule}", "dim")
        )
    return parts


def about(entry: Entry, now: float, width: int) -> list[Line]:
    """More of one schedule: its rule, why it is overdue, and what became of it last."""
    found: list[Line] = [[("  rule ", "dim"), (fit(entry.rule, width - 7, more="…"), "text")]]
    if entry.document["message"]:
        found.append([("  why  ", "dim"), (fit(entry.document["message"], width - 7, more="…"), "failure")])
    if entry.last is not None:
        due, became, why = entry.last
        text = f"{day_time(due, now)}: {became}{f', {why}' if why else ''}"
        found.append([("  last ", "dim"), (fit(text, width - 7, more="…"), _ROLES.get(became, "text"))])
    return found


def when(entry: Entry, now: float) -> Line:
    """When it fires next, by the clock here, and in how long."""
    document = entry.document
    due = document["next"]
    if due is None:
        return [(fit("  over", _WHEN), "dim")]
    if not document["enabled"]:
        return [(fit("  paused", _WHEN), "unknown")]
    if entry.overdue(now):
        return [(fit(f"! overdue since {distance(due, int(now)).removesuffix(' ago')}", _WHEN), "alarm")]
    return [(f"  {fit(day_time(due, now), 16)} ", "text"), (fit(distance(due, int(now)), _WHEN - 19), "key")]


def last(entry: Entry, now: float) -> Line:
    """What became of it the last time; nothing when there was none."""
    if entry.last is None:
        return [(fit(" -", 10), "dim")]
    _, became, _ = entry.last
    return [(fit(f" {became}", 10), _ROLES.get(became, "text"))]
