"""The instants at which a rule runs, in Unix seconds: what comes next, what lies between two, what was missed.

Days and times of day are kept by the clock on the wall. A time that the clocks skip runs once, at the first instant
after the change; one that comes twice runs the first time only. Intervals run on: hourly rules in real time, and cron
expressions with `*` or a step as hour at both of two equal times. The first run is at the rule's own time even if that
is on none of its days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, takewhile

from vmconsole.schedules import calendars
from vmconsole.schedules.calendars import Calendar
from vmconsole.schedules.rule import Rule
from vmconsole.schedules.zones import DAY, LATEST, Zone, zone
from vmconsole.templates.scheduled import End, Repeat

GRACE = 300
"""Seconds by which a run may be late and still count as being on time."""
MOST_COUNTED = 10_000
"""Missed runs that are counted; beyond it is only known that there were more."""

_DAYS = {Repeat.WEEKLY: calendars.weekly, Repeat.MONTHLY: calendars.monthly, Repeat.YEARLY: calendars.yearly}


@dataclass(frozen=True, slots=True)
class Missed:
    """Runs that will not be made up for; `first` and `last` are the earliest and the latest that were counted."""

    count: int = 0
    first: int | None = None
    last: int | None = None
    complete: bool = True


@dataclass(frozen=True, slots=True)
class CatchUp:
    """What is to be done now: `run` is the instant to run for (None: nothing), `next` the one after, in the future."""

    run: int | None
    missed: Missed
    next: int | None


def first_run(rule: Rule, now: int, *, start: int = 0) -> int | None:
    """The run that a rule made at `now` waits for: its first, which is due at once when it is past; None without one.

    A cron expression has no moment of its own that could be past: its first run is not before `now`.
    """
    return next_after(rule, now - 1 if rule.cron else -1, start=start)


def next_after(rule: Rule, after: int, *, start: int = 0, fired: int = 0) -> int | None:
    """The first run after the instant `after`; None when the rule has ended.

    `start` is when the VM was started (submitted), `fired` how many runs have been taken off its number already.
    """
    return next(runs(rule, after, start=start, fired=fired), None)


def between(rule: Rule, after: int, until: int, *, start: int = 0, fired: int = 0) -> Iterator[int]:
    """The runs after the instant `after`, at the latest at `until`."""
    return takewhile(lambda run: run <= until, runs(rule, after, start=start, fired=fired))


def runs(rule: Rule, after: int, *, start: int = 0, fired: int = 0) -> Iterator[int]:
    """All runs after the instant `after` up to the end of the rule (or of the year 2999), in order."""
    found = _until_end(rule, after, start)
    return islice(found, max(rule.end_value - fired, 0)) if rule.end is End.TIMES else found


def catch_up(rule: Rule, now: int, *, due: int, start: int = 0, fired: int = 0, grace: int = GRACE) -> CatchUp:
    """What to do about a rule whose next run was to be at `due`.

    However late, that run is made up for once and counts once; the runs that fell due after it are missed, and the
    next one lies in the future. A rule that ends on a date does not run after it, except for one late by up to `grace`
    seconds.
    """
    if due > now:
        return CatchUp(None, Missed(), due)
    if rule.end is End.TIMES and fired >= rule.end_value:
        return CatchUp(None, Missed(), None)
    later = takewhile(lambda run: run <= now, _until_end(rule, due, start))
    if rule.end is End.DATE and now > max(rule.end_value, due + grace):
        return CatchUp(None, _missed(chain([due], later)), None)
    if rule.end is End.TIMES and fired + 1 >= rule.end_value:
        return CatchUp(due, Missed(), None)
    return CatchUp(due, _missed(later), next_after(rule, now, start=start, fired=fired + 1))


def _missed(found: Iterator[int]) -> Missed:
    counted = tuple(islice(found, MOST_COUNTED))
    if not counted:
        return Missed()
    return Missed(len(counted), counted[0], counted[-1], complete=next(found, None) is None)


def _until_end(rule: Rule, after: int, start: int) -> Iterator[int]:
    last = min(rule.end_value, LATEST) if rule.end is End.DATE else LATEST
    return takewhile(lambda run: run <= last, _without_end(rule, after, start))


def _without_end(rule: Rule, after: int, start: int) -> Iterator[int]:
    first = rule.first(start)
    if rule.cron:
        from vmconsole.schedules.cron import parse

        yield from _instants(parse(rule.cron).calendar, zone(rule.zone), max(after, first - 1))
        return
    if after < first:
        yield first
    after = max(after, first)
    if rule.repeat is Repeat.HOURLY:
        period = rule.days[0] * 3600
        yield from range(after + period - (after - first) % period, LATEST + 1, period)
    elif rule.repeat is not None:
        place = zone(rule.zone)
        calendar = Calendar(_DAYS[rule.repeat](rule.days), (place.wall(first) % DAY,))
        yield from _instants(calendar, place, after)


def _instants(calendar: Calendar, place: Zone, after: int) -> Iterator[int]:
    """The instants after `after` that a calendar means in a zone.

    From one change of the zone to the next they are plain arithmetic; only at a change a decision is made.
    """
    known = place.first_pass(after)
    offset = place.offset(known)
    walls = calendar.walls(known + offset + 1)
    while (wall := next(walls, None)) is not None:
        run = wall - offset
        change = place.change(known, run)
        if change is None:
            known = run
            if run > after:
                yield run
            continue
        before, offset = offset, place.offset(change)
        known = change
        resume = change + (offset if calendar.repeated else max(before, offset))
        if wall < resume and calendar.made_up:
            resume += 1  # what was skipped and what is due right at the change are one run
            yield change
        walls = calendar.walls(resume)
