"""Schedules with what the coming days will bring. Read and computed once, drawn many times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from vmconsole.commands import schedule_reading
from vmconsole.commands.context import Context
from vmconsole.schedules.dry_run import DAYS, DryRun, Plan, dry_run
from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.records import from_document
from vmconsole.schedules.words import sentence
from vmconsole.store import firings

MOST_FIRINGS = 20_000
"""Firings looked at; of a fleet with more, the later ones are left out, so that the screen need not wait."""
Results = Mapping[tuple[int, int], tuple[int, str, str]]
"""See `store.firings.last_results`."""


class Entry(NamedTuple):
    """One schedule: the VM it is on, its document, its rule in words, and what became of it last."""

    vm: int
    name: str
    document: dict[str, Any]
    rule: str
    last: tuple[int, str, str] | None

    @property
    def action(self) -> str:
        return " ".join([self.document["action"], *self.document["args"]])

    def overdue(self, now: float) -> bool:
        """Whether it should have been done and was not."""
        due = self.document["next"]
        return bool(self.document["enabled"]) and due is not None and due <= now


class Agenda(NamedTuple):
    """Schedules, what comes next first, and what all of them will do from `at` (Unix seconds) on."""

    at: int
    entries: tuple[Entry, ...]
    run: DryRun


def read(context: Context) -> Agenda:
    """The agenda of all VMs that the user may use."""
    pairs = list(schedule_reading.schedules(context, None))
    return agenda(pairs, firings.last_results(context.session), int(context.clock()))


def agenda(pairs: Iterable[tuple[dict[str, Any], dict[str, Any]]], results: Results, now: int) -> Agenda:
    """The agenda of schedules, each with its VM, both as documents."""
    entries: list[Entry] = []
    plans: list[Plan] = []
    for index, (vm, each) in enumerate(pairs):
        rule, plan = _understood(index, vm, each)
        entries.append(Entry(vm["id"], vm["name"], each, rule, results.get((vm["id"], each["id"]))))
        if plan is not None and each["enabled"] and each["next"] is not None:
            plans.append(plan)
    order = sorted(entries, key=lambda entry: (_rank(entry), entry.document["next"] or 0, entry.vm))
    return Agenda(now, tuple(order), dry_run(plans, now, days=DAYS, most=MOST_FIRINGS))


def _rank(entry: Entry) -> int:
    """What fires comes before what is paused, that before what is over."""
    return 2 if entry.document["next"] is None else 0 if entry.document["enabled"] else 1


def _understood(index: int, vm: dict[str, Any], each: dict[str, Any]) -> tuple[str, Plan | None]:
    """The rule in words and as a plan; why it cannot be followed, and none, when that is so."""
    try:
        rule = from_document(each)
    except ScheduleError as error:
        return "; ".join(error.problems), None
    return sentence(rule, start=vm["start_time"]), schedule_reading.planned(index, vm, each)
