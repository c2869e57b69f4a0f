"""Making, changing and dropping schedules, and running one out of turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vmconsole.controller import schedule_record
from vmconsole.controller.firing import BY_HAND, SKIPPED, Firings
from vmconsole.controller.schedule_record import Wish
from vmconsole.errors import Conflict
from vmconsole.lifecycle import states
from vmconsole.schedules.firing import next_after
from vmconsole.schedules.preview import preview
from vmconsole.schedules.retention import EVERYTHING
from vmconsole.schedules.words import scheduled

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.schedule_record import ScheduleRecord
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.schedules.rule import Rule
    from vmconsole.store.session import Store

PASSING = "it fires only while a controller runs: vmconsole controller install"


async def create(job: Job, around: Surroundings) -> Effect:
    """Schedule an action on a VM (ON-145)."""
    vm_id = int(job.arguments["vm_id"])
    wish = Wish.of(job.arguments)
    now = int(around.clock())

    def effect(store: Store) -> dict[str, Any]:
        state, start = store.query("SELECT state, start_time FROM vm WHERE id = ?", (vm_id,))[0]
        if state == states.DONE.state:
            raise Conflict(f"VM {vm_id} is done: nothing can be scheduled on it", code="VM_DONE")
        number, due = schedule_record.add(store, vm_id, wish, user_id=job.user_id, now=now)
        warnings = (preview(wish.rule, now, start=start).warning, _on_each_other(wish), _passing(store))
        remarks = [remark for remark in warnings if remark]
        return {"vm_id": vm_id, "schedule": number, "scheduled": _confirmed(wish, due), "remarks": remarks}

    return effect


async def update(job: Job, around: Surroundings) -> Effect:
    """Give a schedule another action or rule (ON-151)."""
    wish = Wish.of(job.arguments)
    now = int(around.clock())

    def effect(store: Store) -> dict[str, Any]:
        record = _record(store, job)
        due = schedule_record.change(store, record, wish, now)
        return {"vm_id": record.vm_id, "schedule": record.number, "scheduled": _confirmed(wish, due)}

    return effect


async def delete(job: Job, around: Surroundings) -> Effect:
    """Drop a schedule (ON-152)."""
    return lambda store: schedule_record.drop(store, _record(store, job))


async def pause(job: Job, around: Surroundings) -> Effect:
    """Keep a schedule from firing until it is resumed."""
    return lambda store: schedule_record.assign(store, _record(store, job), enabled=0)


async def resume(job: Job, around: Surroundings) -> Effect:
    """Let a paused schedule fire again; the occurrence that fell due meanwhile is skipped, not made up for."""

    def effect(store: Store) -> None:
        record, now = _record(store, job), around.clock()
        rule = schedule_record.checked(record.columns)
        due = record.next
        if due is not None and due <= now and not record.enabled:
            firings = Firings(store, [record], now=now, fence=0)
            firings.write_down(record, due, SKIPPED, "the schedule was paused")
            firings.write()
            due = next_after(rule, int(now), start=record.start, fired=record.fired)
        schedule_record.assign(store, record, enabled=1, next=due, message="")

    return effect


async def run(job: Job, around: Surroundings) -> Effect:
    """Do now what a schedule will do; when it does it next stays as it is."""

    def effect(store: Store) -> dict[str, Any]:
        record, now = _record(store, job), around.clock()
        firings = Firings(store, [record], now=now, fence=0)
        if refused := firings.refusal(record):
            raise Conflict(f"VM {record.vm_id}: {refused}", code="SCHEDULE_REFUSED")
        identity = firings.fire(record, int(now), BY_HAND)
        if not identity:
            raise Conflict(
                f"schedule {record.number} of VM {record.vm_id} has run this very second", code="SCHEDULE_RAN"
            )
        firings.write()
        schedule_record.assign(store, record, last=int(now), done=int(now), message="")
        return {"operation": identity}

    return effect


def replace_all(store: Store, vm_id: int, wanted: list[dict[str, Any]], *, user_id: int, now: int) -> None:
    """Make a VM's schedules those of an edited template: each with the number it has, or without one if it is new.

    One that is not among them is dropped; one without a rule was left as it is (ON-151, ON-152).
    """
    kept = {each["number"] for each in wanted if each["number"] is not None}
    for number in schedule_record.numbers(store, vm_id):
        if number not in kept:
            schedule_record.drop(store, schedule_record.load(store, vm_id, number))
    for each in wanted:
        if each["number"] is None:
            schedule_record.add(store, vm_id, Wish.of(each), user_id=user_id, now=now)
        elif each["rule"] is not None:
            schedule_record.change(store, schedule_record.load(store, vm_id, each["number"]), Wish.of(each), now)


def _record(store: Store, job: Job) -> ScheduleRecord:
    return schedule_record.load(store, int(job.arguments["vm_id"]), int(job.arguments["number"]))


def _confirmed(wish: Wish, due: int | None) -> str:
    """`suspend scheduled at 2016-09-20 00:00:00 +0200`"""
    return f"{wish.action} scheduled {scheduled(_from(wish.rule, due))}"


def _from(rule: Rule, due: int | None) -> Rule:
    """The rule with its first run as its moment: a cron expression has none of its own."""
    return replace(rule, time=due) if rule.cron and due is not None else rule


def _on_each_other(wish: Wish) -> str:
    """What keeping some of them only does not do for snapshots of a disk, which are a chain unless it is reverted."""
    if wish.action != "disk-snapshot-create" or wish.keep == EVERYTHING:
        return ""
    return "snapshots of a disk lie on each other: one is not removed while a later one lies on it"


def _passing(store: Store) -> str:
    """What a person had better know when the controller, which is at work right now, will end by itself."""
    rows = store.query("SELECT permanent FROM lease WHERE name = 'controller'")
    return "" if rows and rows[0][0] else PASSING
