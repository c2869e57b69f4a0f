"""The Schedules pane: what will be done to the VM by itself, when, and what became of it last."""

from __future__ import annotations

from functools import lru_cache
from itertools import islice

from vmconsole.console.agenda import drawing
from vmconsole.console.agenda.agenda import Agenda, Entry, agenda
from vmconsole.console.line_view import Line
from vmconsole.console.panes.show import heading
from vmconsole.presentation import age, day_time, fit
from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.preview import NEXT, upcoming
from vmconsole.schedules.records import from_document
from vmconsole.schedules.words import moment as local
from vmconsole.store.detail import Detail

_RECENT = 4
"""Agendas kept: a pane is drawn every second, and its agenda changes every minute."""


def lines(detail: Detail, now: float, width: int) -> list[Line]:
    """The time line and the calendar of the VM's schedules, then each of them, the next firing first."""
    vm = detail.document
    if not vm["schedules"]:
        return [heading("Schedules"), [(" none; the key w makes one", "dim")]]
    found = _agenda(_Same(detail), int(now) // 60 * 60)
    lines = [heading("Schedules"), *drawing.overview(found, now, width)]
    for entry in found.entries:
        lines += [[], *_entry(entry, vm["start_time"], now, max(width - 10, 20))]
    return lines


class _Same:
    """A detail as a key: the same one is the same as long as it is shown."""

    def __init__(self, detail: Detail) -> None:
        self.detail = detail

    def __hash__(self) -> int:
        return id(self.detail)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.detail is self.detail


@lru_cache(_RECENT)
def _agenda(key: _Same, now: int) -> Agenda:
    vm = key.detail.document
    return agenda([(vm, each) for each in vm["schedules"]], key.detail.results, now)


def _entry(entry: Entry, start: int, now: float, room: int) -> list[Line]:
    document = entry.document
    found: list[Line] = [
        [(f" {document['id']:>3} ", "dim"), (entry.action, "strong")],
        [*_titled("next"), *drawing.when(entry, now)],
        [*_titled("rule"), (fit(entry.rule, room, more="…").rstrip(), "text")],
    ]
    if coming := _later(entry, start, int(now)):
        found.append([*_titled("then"), (fit(", ".join(coming), room, more="…").rstrip(), "dim")])
    if entry.last is not None:
        due, _, why = entry.last
        ago = f"{day_time(due, now)}, {age(now - due)} ago"
        found.append([*_titled("last"), *drawing.last(entry, now), (f"{ago}{f': {why}' if why else ''}", "dim")])
    if document["message"]:
        found.append([*_titled("why"), (fit(document["message"], room, more="…").rstrip(), "failure")])
    return found


def _titled(title: str) -> Line:
    return [(f"     {title:5}", "dim")]


def _later(entry: Entry, start: int, now: int) -> list[str]:
    """The firings after the next one, by the clocks of the rule's zone."""
    document = entry.document
    if document["next"] is None or not document["enabled"]:
        return []
    try:
        rule = from_document(document)
    except ScheduleError:
        return []
    after = islice(upcoming(rule, now, due=document["next"], start=start), 1, NEXT)
    return [local(instant, rule.zone) for instant in after]
