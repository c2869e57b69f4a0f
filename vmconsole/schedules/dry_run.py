"""What many schedules would do in the coming days, and which of them would get into each other's way."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import islice, takewhile

from vmconsole.schedules.preview import upcoming
from vmconsole.schedules.rule import Rule
from vmconsole.schedules.zones import DAY

DAYS = 30
WINDOW = 300
"""Seconds within which a firing is likely to find its VM still busy with another."""
MOST_FIRINGS = 50_000


@dataclass(frozen=True, slots=True)
class Plan:
    """A schedule as it stands: its id, what it does to which VM, and `due`, its next run, None when it has ended.

    `start` is when the VM was started (submitted), `fired` how many runs have been taken off the rule's number.
    """

    schedule: int
    vm: int
    action: str
    rule: Rule
    due: int | None
    start: int = 0
    fired: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Firing:
    """One run, at `at` Unix seconds."""

    at: int
    schedule: int
    vm: int
    action: str


@dataclass(frozen=True, slots=True)
class Clash:
    """Two schedules of one VM that fire within a short time of each other: how often, and when for the first time."""

    vm: int
    schedules: tuple[int, int]
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class DryRun:
    """Firings in their order, clashes by their first; not `complete` when there were more than could be listed."""

    firings: tuple[Firing, ...]
    clashes: tuple[Clash, ...]
    complete: bool


def dry_run(
    plans: Iterable[Plan], now: int, *, days: int = DAYS, window: int = WINDOW, most: int = MOST_FIRINGS
) -> DryRun:
    """What the plans would do from `now` on for so many days. Firings less than `window` seconds apart clash."""
    coming = merge(*(_firings(plan, now, now + days * DAY) for plan in plans))
    firings = tuple(islice(coming, most))
    return DryRun(firings, clashes(firings, window), complete=next(coming, None) is None)


def clashes(firings: Iterable[Firing], window: int) -> tuple[Clash, ...]:
    """The clashes among firings in their order."""
    found: dict[tuple[int, int], Clash] = {}
    recent: defaultdict[int, deque[Firing]] = defaultdict(deque)
    for firing in firings:
        before = recent[firing.vm]
        while before and before[0].at <= firing.at - window:
            before.popleft()
        for other in before:
            if other.schedule != firing.schedule:
                pair = (min(other.schedule, firing.schedule), max(other.schedule, firing.schedule))
                known = found.get(pair, Clash(firing.vm, pair, other.at, 0))
                found[pair] = Clash(known.vm, pair, known.first, known.count + 1)
        before.append(firing)
    return tuple(sorted(found.values(), key=lambda clash: (clash.first, clash.schedules)))


def _firings(plan: Plan, now: int, until: int) -> Iterator[Firing]:
    instants = upcoming(plan.rule, now, due=plan.due, start=plan.start, fired=plan.fired)
    for at in takewhile(lambda at: at <= until, instants):
        yield Firing(at, plan.schedule, plan.vm, plan.action)
