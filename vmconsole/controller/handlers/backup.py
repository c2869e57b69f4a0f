"""Backups that are there: made images or a VM again, and deleted."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from backends.base import BackendError, Unreachable
from vmconsole.controller import backup_record
from vmconsole.controller.births import birth
from vmconsole.controller.copying import copy_all
from vmconsole.controller.lease import LeaseLost
from vmconsole.controller.machine_description import machine
from vmconsole.controller.registration import add_image, add_template, refuse_twin
from vmconsole.controller.volumes import IMAGES, image_volume, is_shared, ready_pool, record_copy
from vmconsole.errors import Conflict, NotFound, Unavailable, VmconsoleError
from vmconsole.templates import syntax

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from typing import Any

    from backends.base import VolumeSeen
    from vmconsole.controller.backup_record import Backup, BackupDisk
    from vmconsole.controller.job import Job
    from vmconsole.controller.link import Link
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


# Deleting -------------------------------------------------------------------------------------------------------


async def delete(job: Job, around: Surroundings) -> Effect:
    """Delete backups with their files, in the order they are given.

    Raises:
        Conflict: another backup lies on one of them, or it is being made or restored.
        Unavailable: the host with the files is not connected; nothing was deleted. Of a host that was let go they are
            not ours any more.
    """
    ids = [int(number) for number in job.arguments["backup_ids"]]
    backups = [backup_record.load(around.store, number) for number in ids]
    there = [backup for backup in backups if _is_ours(around.store, backup)]
    links = [await _link(around, backup) for backup in there]
    _claim(around, backups)
    for backup, link in zip(there, links, strict=True):
        pool = await ready_pool(around, link.backend, backup.datastore_id)
        for disk in backup.disks:
            await link.require_up().delete_volume(pool, disk.volume)

    def effect(store: Store) -> dict[str, Any]:
        backup_record.forget(store, ids)
        return {"deleted": [{"id": backup.id, "name": backup.name} for backup in backups]}

    return effect


def _is_ours(store: Store, backup: Backup) -> bool:
    """Whether the backup's files lie where we may touch them."""
    known = store.query("SELECT 1 FROM host WHERE id = ?", (backup.host_id,))
    return bool(known) or is_shared(store, backup.datastore_id)


def _claim(around: Surroundings, backups: Sequence[Backup]) -> None:
    """From here on nothing can be made of the backups any more."""
    ids = {backup.id for backup in backups}
    with around.journal.write() as store:
        restored = _being_restored(store)
        for backup in backups:
            if above := [number for number in backup_record.children(store, backup.id) if number not in ids]:
                raise Conflict(
                    f"{backup.label} is needed: backup {above[0]} is an increment on it",
                    code="BACKUP_NEEDED", hint=f"vmconsole backup delete {above[0]}",
                )  # fmt: skip
            if backup.state == "init" or backup.id in restored:
                what = "made" if backup.state == "init" else "restored"
                raise Conflict(f"{backup.label} is being {what}", code="BACKUP_BUSY")
            store.execute(
                "UPDATE backup SET state = 'dele', changed = ? WHERE id = ?", (store.next_change(), backup.id)
            )


def _being_restored(store: Store) -> set[int]:
    """The backups that are read just now, those under an increment included."""
    rows = store.query("SELECT arguments FROM operation WHERE command = 'backup.restore' AND state = 'running'")
    found = {int(json.loads(arguments)["backup_id"]) for (arguments,) in rows}
    parents = dict(store.query("SELECT id, parent_id FROM backup WHERE parent_id IS NOT NULL"))
    for number in list(found):
        while (number := parents.get(number, -1)) >= 0:
            found.add(number)
    return found


# Restoring ------------------------------------------------------------------------------------------------------


async def restore(job: Job, around: Surroundings) -> Effect:
    """Make images of a backup's disks and, if a name for it is given, a VM of them. One that fails leaves nothing.

    Raises:
        NotFound: there is no such backup or disk. Conflict: it is not whole, or a name is taken.
        Unavailable: no host with its files is connected.
    """
    if "made" in job.arguments:
        return lambda store: job.arguments["made"]  # an earlier attempt has come as far as that
    backup = backup_record.load(around.store, int(job.arguments["backup_id"]))
    if backup.state != "rdy":
        raise Conflict(f"{backup.label} is not whole", code="BACKUP_STATE")
    disks = _chosen(job, backup)
    link = await _link(around, backup)
    images = _register(job, around, backup, disks)
    try:
        source = await ready_pool(around, link.backend, backup.datastore_id)
        target = await ready_pool(around, link.backend, IMAGES)
        pairs = [((source, disk.volume), (target, image_volume(images[disk.disk_id]))) for disk in disks]
        made = await copy_all(link.require_up(), pairs, job.report, lambda: None)
        with around.journal.write() as store:
            _complete(store, job, backup, images, made, link.host_id, int(around.clock()))
    except LeaseLost:
        raise
    except Unreachable as error:
        _leave(around, link, images.values(), error.message)
        raise
    except (BackendError, VmconsoleError):
        await _undo(around, link, images.values())
        raise
    except asyncio.CancelledError:
        if job.cancelled:  # otherwise this controller ends, and the next one goes on
            await _undo(around, link, images.values())
        raise
    return lambda store: job.arguments["made"]


def _complete(
    store: Store,
    job: Job,
    backup: Backup,
    images: dict[int, int],
    made: Sequence[VolumeSeen],
    host_id: int,
    now: int,
) -> None:
    """The images can be used, and the VM is there; noted in the operation's arguments, for it is done only once."""
    for number, volume in zip(images.values(), made, strict=True):
        store.execute(
            "UPDATE image SET state = 'rdy', format = ?, size_bytes = ?, changed = ? WHERE id = ?",
            (volume.format, volume.capacity_bytes, store.next_change(), number),
        )
        record_copy(store, number, host_id, volume.path)
    result: dict[str, Any] = {"backup_id": backup.id, "image_ids": list(images.values())}
    if job.arguments.get("name"):
        result |= _make_vm(store, job, backup, images, now)
    job.arguments = {**job.arguments, "made": result}
    store.execute("UPDATE operation SET arguments = ? WHERE id = ?", (json.dumps(job.arguments), job.id))


def _chosen(job: Job, backup: Backup) -> list[BackupDisk]:
    """The one disk that was asked for, or all."""
    wanted = job.arguments.get("disk_id")
    found = [disk for disk in backup.disks if wanted is None or str(disk.disk_id) == str(wanted)]
    if not found:
        raise NotFound(f"{backup.label} has no disk {wanted}", code="NO_DISK")
    return found


def _register(job: Job, around: Surroundings, backup: Backup, disks: Sequence[BackupDisk]) -> dict[int, int]:
    """The image of each disk, without content yet; those that an interrupted attempt has made are found again."""
    name, vm_name = job.arguments.get("image"), job.arguments.get("name")
    with around.journal.write() as store:
        found = {}
        for disk in disks:
            source = f"operation:{job.id}:{disk.disk_id}"
            if rows := store.query("SELECT id FROM image WHERE source = ?", (source,)):
                found[disk.disk_id] = int(rows[0][0])
                continue
            if vm_name is not None:
                refuse_twin(store, "template", str(vm_name), job.user_id)
            found[disk.disk_id] = add_image(
                store, str(name) if name and len(disks) == 1 else f"{name or vm_name}-disk-{disk.disk_id}",
                "OS" if disk == backup.disks[0] else "DATABLOCK", user_id=job.user_id, now=int(around.clock()),
                persistent=bool(vm_name or job.arguments.get("persistent")), source=source,
            )  # fmt: skip
    return found


def _make_vm(store: Store, job: Job, backup: Backup, images: dict[int, int], now: int) -> dict[str, Any]:
    """A template of what the VM was, on the restored images, and a VM of it: with new addresses, and not running."""
    name = str(job.arguments["name"])
    template = machine(backup.template, name, images)
    template_id = add_template(store, name, syntax.render(template), user_id=job.user_id, now=now)
    held = bool(job.arguments.get("hold"))
    (vm_id,) = birth(job, template, held=held, template_id=template_id).make(store, now)
    return {"template_id": template_id, "vm_ids": [vm_id]}


def _leave(around: Surroundings, link: Link, images: Collection[int], message: str) -> None:
    """The host fell silent: what has got there is to be deleted with the images, which are in error."""
    with around.journal.write() as store:
        for number in images:
            record_copy(store, number, link.host_id, "")
            store.execute(
                "UPDATE image SET state = 'err', message = ?, changed = ? WHERE id = ?",
                (message[:300], store.next_change(), number),
            )


async def _undo(around: Surroundings, link: Link, images: Collection[int]) -> None:
    """Remove the images of a restore that has failed."""
    pool = await ready_pool(around, link.backend, IMAGES)
    for number in images:
        await link.backend.delete_volume(pool, image_volume(number))
    with around.journal.write() as store:
        for number in images:
            store.execute("DELETE FROM image WHERE id = ?", (number,))


async def _link(around: Surroundings, backup: Backup) -> Link:
    """A connected host that can read the backup's files: its own or, of a shared datastore, any."""
    shared = is_shared(around.store, backup.datastore_id)
    for known in around.fleet:
        await known.tried.wait()
    links = [link for link in around.fleet if link.is_up and (shared or link.host_id == backup.host_id)]
    if not links:
        raise Unavailable(f"{backup.label} lies on no host that is connected", code="BACKUP_LOST")
    return min(links, key=lambda link: (link.host_id != backup.host_id, link.host_id))
