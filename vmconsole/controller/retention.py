"""How much stays of what a schedule, or a person, has made again and again: the rest is removed, oldest first.

What something else still lies on stays whatever its age: the base of an increment, a snapshot with children, the one
that a disk lies on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vmconsole.controller import vm_record
from vmconsole.schedules.retention import Retention
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id
from vmconsole.templates.vm import backup_spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vmconsole.controller.job import Job
    from vmconsole.store.session import Store


class Product(NamedTuple):
    """Something that was made: `lies_on` are the ids of what must stay as long as it does."""

    id: int
    label: str
    created: int
    lies_on: tuple[int, ...] = ()
    needed: str = ""
    """Why it must stay, apart from what lies on it."""


def retention_of(store: Store, job: Job) -> Retention:
    """What an operation that makes something says of what its like has made before."""
    schedule_id = schedule_of(store, job)
    rows = store.query("SELECT keep_last, keep_days FROM schedule WHERE id = ?", (schedule_id,))
    if rows and rows[0] != (None, None):
        return Retention(*rows[0])
    if job.command != "backup":
        return Retention()
    given = Retention.of(job.arguments)
    return given if any(given) else Retention(backup_spec(vm_record.load(store, job.vm_id).template).keep_last)


def schedule_of(store: Store, job: Job) -> int | None:
    """The schedule whose firing the operation is; None for one that somebody asked for."""
    rows = store.query("SELECT schedule_id FROM operation WHERE id = ?", (job.id,))
    return rows[0][0] if rows else None


def retire(store: Store, job: Job, now: float) -> dict[str, Any] | None:
    """An operation has made something: queue the removal of what need not stay of what its like has made before.

    Returns:
        what becomes of each for the operation's result; None when nothing is to go.
    """
    gather = _GATHER.get(job.command)
    if gather is None:
        return None
    every, made = gather(store, job, schedule_of(store, job))
    keep = retention_of(store, job)
    outdated = [each for rank, each in enumerate(made) if not keep.stays(rank, now - each.created)]
    if not outdated:
        return None
    going, staying = parted(every, outdated)
    for command, arguments, vm_id in _REMOVE[job.command](job, going) if going else ():
        operations.insert(
            store, new_operation_id(), command, arguments, user_id=job.user_id, asked_by=job.asked_by,
            face="controller", now=now, vm_id=vm_id, schedule_id=schedule_of(store, job), parent_id=job.id,
        )  # fmt: skip
    return {
        "removing": [{"id": each.id, "name": each.label} for each in going],
        "kept": [{"id": each.id, "name": each.label, "reason": reason} for each, reason in staying],
    }


def parted(every: Iterable[Product], outdated: Iterable[Product]) -> tuple[list[Product], list[tuple[Product, str]]]:
    """Those that go, in the order in which they can be removed, and those that have to stay, with the reason."""
    doomed = {each.id: each for each in outdated}
    reasons = {number: each.needed for number, each in doomed.items() if each.needed}
    known = {each.id: each for each in every}
    needing = [each for each in known.values() if each.id not in doomed or each.id in reasons]
    while needing:
        above = needing.pop()
        for number in above.lies_on:
            if number in doomed and number not in reasons:
                reasons[number] = f"{above.label} lies on it"
                needing.append(doomed[number])
    going = sorted((each for each in doomed.values() if each.id not in reasons), key=lambda each: -each.id)
    return going, [(doomed[number], reason) for number, reason in sorted(reasons.items())]


Gathered = tuple[list[Product], list[Product]]
"""All there is of a kind, and of it, latest first, what the same schedule has made, or nobody's schedule."""


def _backups(store: Store, job: Job, schedule_id: int | None) -> Gathered:
    rows = store.query(
        "SELECT id, name, created, parent_id, schedule_id FROM backup WHERE vm_id = ? AND state = 'rdy'"
        " ORDER BY id DESC",
        (job.vm_id,),
    )
    found = [
        (Product(number, name, created, () if parent is None else (parent,)), schedule)
        for number, name, created, parent, schedule in rows
    ]
    return [each for each, _ in found], [each for each, schedule in found if schedule == schedule_id]


def _disk_snapshots(store: Store, job: Job, schedule_id: int | None) -> Gathered:
    rows = store.query(
        "SELECT snapshot_id, name, created, parent_id, active = 1 AND copied = 0, schedule_id FROM disk_snapshot"
        " WHERE vm_id = ? AND disk_id = ? ORDER BY snapshot_id DESC",
        (job.vm_id, job.arguments["disk_id"]),
    )
    found = [
        (Product(number, name, created, (parent,), "the disk lies on it" if active else ""), schedule)
        for number, name, created, parent, active, schedule in rows
    ]
    return [each for each, _ in found], _scheduled(found, schedule_id)


def _system_snapshots(store: Store, job: Job, schedule_id: int | None) -> Gathered:
    rows = store.query(
        "SELECT snapshot_id, name, created, schedule_id FROM system_snapshot WHERE vm_id = ? ORDER BY snapshot_id DESC",
        (job.vm_id,),
    )
    found = [(Product(number, name, created), schedule) for number, name, created, schedule in rows]
    return [each for each, _ in found], _scheduled(found, schedule_id)


def _scheduled(found: Iterable[tuple[Product, int | None]], schedule_id: int | None) -> list[Product]:
    """What a schedule has made; what people have made by hand is theirs."""
    return [each for each, schedule in found if schedule is not None and schedule == schedule_id]


Removal = tuple[str, dict[str, Any], int | None]


def _remove_backups(job: Job, going: Sequence[Product]) -> list[Removal]:
    return [("backup.delete", {"backup_ids": [each.id for each in going]}, None)]


def _remove_disk_snapshots(job: Job, going: Sequence[Product]) -> list[Removal]:
    disk_id = str(job.arguments["disk_id"])
    return [("disk-snapshot-delete", {"disk_id": disk_id, "snapshot": str(each.id)}, job.vm_id) for each in going]


def _remove_system_snapshots(job: Job, going: Sequence[Product]) -> list[Removal]:
    return [("snapshot-delete", {"snapshot": str(each.id)}, job.vm_id) for each in going]


_GATHER = {"backup": _backups, "disk-snapshot-create": _disk_snapshots, "snapshot-create": _system_snapshots}
_REMOVE = {
    "backup": _remove_backups,
    "disk-snapshot-create": _remove_disk_snapshots,
    "snapshot-create": _remove_system_snapshots,
}
