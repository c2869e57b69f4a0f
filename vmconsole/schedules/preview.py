"""What a rule will do, before it does it: shown while it is typed, and in the pane of a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from vmconsole.schedules.firing import catch_up, first_run, runs
from vmconsole.schedules.rule import Rule
from vmconsole.schedules.words import length, moment, sentence

NEXT = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """A rule in words, its next runs in Unix seconds, and what the person should know of it, or an empty text."""

    sentence: str
    runs: tuple[int, ...]
    warning: str


def preview(rule: Rule, now: int, *, start: int = 0, count: int = NEXT) -> Preview:
    """What a rule made at `now` for a VM started at `start` will do. A first run that is past takes place at once."""
    first = first_run(rule, now, start=start)
    coming = tuple(islice(upcoming(rule, now, due=first, start=start), count))
    warning = ""
    if not coming:
        warning = "it never runs: it ends before its first run"
    elif first is not None and first < now:
        warning = f"{moment(first, rule.zone)} was {length(now - first)} ago: it runs at once"
    return Preview(sentence(rule, start=start, now=now), coming, warning)


def upcoming(rule: Rule, now: int, *, due: int | None, start: int = 0, fired: int = 0) -> Iterator[int]:
    """The instants from `now` on at which a rule whose next run is `due` will run; one overdue is made up for now."""
    if due is None:
        return
    if due > now:
        yield due
        yield from runs(rule, due, start=start, fired=fired + 1)
    elif catch_up(rule, now, due=due, start=start, fired=fired).run is not None:
        yield now
        yield from runs(rule, now, start=start, fired=fired + 1)
