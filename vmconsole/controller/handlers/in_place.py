"""Actions that leave a VM's state as it is: reboot, names, rights, locks, flags."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from backends.base import BackendError
from vmconsole.controller import configuring, domain_spec, vm_record
from vmconsole.controller.entries import set_capacity
from vmconsole.controller.handlers.schedule import replace_all
from vmconsole.errors import NotFound
from vmconsole.lifecycle.permissions import Lock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from backends.base import Host
    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

TELL_WITHIN = 5.0
"""Seconds a host may take to note what its tag of a VM repeats."""


class InPlace(NamedTuple):
    """How an action without stages is done."""

    run: Callable[[Job, Surroundings, Host | None], Awaitable[Effect | None]]
    needs_host: bool = False
    once_only: bool = False
    """It must not be repeated when nobody knows whether it arrived."""


async def _reboot(job: Job, around: Surroundings, host: Host | None) -> Effect:
    assert host is not None
    await host.reboot(vm_record.load(around.store, job.vm_id).uuid)
    return _set(job, resched=0)


async def _reset(job: Job, around: Surroundings, host: Host | None) -> Effect:
    assert host is not None
    await host.reset(vm_record.load(around.store, job.vm_id).uuid)
    return _set(job, resched=0)


async def _resched(job: Job, around: Surroundings, host: Host | None) -> Effect:
    return _set(job, resched=1)


async def _unresched(job: Job, around: Surroundings, host: Host | None) -> Effect:
    return _set(job, resched=0, message="")


async def _rename(job: Job, around: Surroundings, host: Host | None) -> Effect:
    return await _set_and_tell(job, around, name=job.arguments["name"])


async def _chmod(job: Job, around: Surroundings, host: Host | None) -> Effect:
    return await _set_and_tell(job, around, mode=job.arguments["mode"])


async def _chown(job: Job, around: Surroundings, host: Host | None) -> Effect:
    owner = _account(around.store, "user_account", str(job.arguments["user"]))
    if job.arguments.get("group") is None:
        return await _set_and_tell(job, around, user_id=owner)
    group = _account(around.store, "user_group", str(job.arguments["group"]))
    return await _set_and_tell(job, around, user_id=owner, group_id=group)


async def _chgrp(job: Job, around: Surroundings, host: Host | None) -> Effect:
    group = _account(around.store, "user_group", str(job.arguments["group"]))
    return await _set_and_tell(job, around, group_id=group)


async def _lock(job: Job, around: Surroundings, host: Host | None) -> Effect:
    level = Lock[str(job.arguments.get("level", "use")).upper()]
    return _set(job, lock_level=int(level), lock_user_id=job.user_id, lock_time=int(around.clock()))


async def _unlock(job: Job, around: Surroundings, host: Host | None) -> Effect:
    return _set(job, lock_level=0, lock_user_id=None, lock_time=None)


async def _attach_nic(job: Job, around: Surroundings, host: Host | None) -> None:
    """The NIC has its row by now; what resumes the VM plugs it."""


async def _resize(job: Job, around: Surroundings, host: Host | None) -> Effect:
    return lambda store: set_capacity(store, job)


async def _update(job: Job, around: Surroundings, host: Host | None) -> Effect:
    set_attributes = _set(job, user_template=json.dumps(job.arguments["attributes"]))
    wanted = job.arguments.get("schedules")
    if wanted is None:
        return set_attributes
    vm_id = job.vm_id
    assert vm_id is not None

    def effect(store: Store) -> None:
        set_attributes(store)
        replace_all(store, vm_id, wanted, user_id=job.user_id, now=int(around.clock()))

    return effect


async def _rename_disk_snapshot(job: Job, around: Surroundings, host: Host | None) -> Effect:
    arguments = job.arguments

    def effect(store: Store) -> None:
        store.execute(
            "UPDATE disk_snapshot SET name = ? WHERE vm_id = ? AND disk_id = ? AND snapshot_id = ?",
            (arguments["name"], job.vm_id, arguments["disk_id"], arguments["snapshot_id"]),
        )
        store.execute("UPDATE vm SET changed = ? WHERE id = ?", (store.next_change(), job.vm_id))

    return effect


_COLUMNS = frozenset(
    (
        "resched", "name", "mode", "user_id", "group_id", "lock_level", "lock_user_id", "lock_time", "user_template",
        "message",
    )
)  # fmt: skip


async def _set_and_tell(job: Job, around: Surroundings, **columns: Any) -> Effect:
    """As `_set`, for columns that the domain's tag repeats, lest a store rebuilt from the hosts has the old values.

    A host that cannot be told now learns them when the domain is defined anew.
    """
    vm = replace(vm_record.load(around.store, job.vm_id), **columns)
    link = next((link for link in around.fleet if link.host_id == vm.host_id), None)
    if link is not None and link.is_up and vm.deploy_id and not vm.imported:
        tag = domain_spec.tag(vm, instance=around.instance, operation=job.id)
        with suppress(BackendError, TimeoutError):
            await asyncio.wait_for(link.backend.retag(vm.uuid, tag), TELL_WITHIN)
    return _set(job, **columns)


def _set(job: Job, **columns: Any) -> Effect:
    """The effect that writes columns of the job's VM."""
    assert columns.keys() <= _COLUMNS

    def effect(store: Store) -> None:
        assignments = ", ".join(f"{column} = ?" for column in columns)
        store.execute(
            f"UPDATE vm SET {assignments}, changed = ? WHERE id = ?",
            (*columns.values(), store.next_change(), job.vm_id),
        )

    return effect


def _account(store: Store, table: str, name: str) -> int:
    """Id of a user or group given by id or name."""
    kind = "user" if table == "user_account" else "group"
    number = int(name) if name.isascii() and name.isdigit() else -1
    rows = store.query(f"SELECT id FROM {table} WHERE name = ? OR id = ?", (name, number))
    if not rows:
        raise NotFound(f"{kind} {name!r} does not exist", code=f"NO_{kind.upper()}")
    return int(rows[0][0])


IN_PLACE: dict[str, InPlace] = {
    "reboot": InPlace(_reboot, needs_host=True, once_only=True),
    "reboot-hard": InPlace(_reset, needs_host=True, once_only=True),
    "resched": InPlace(_resched),
    "unresched": InPlace(_unresched),
    "nic-attach": InPlace(_attach_nic),
    "resize": InPlace(_resize),
    "rename": InPlace(_rename),
    "disk-snapshot-rename": InPlace(_rename_disk_snapshot),
    "chmod": InPlace(_chmod),
    "chown": InPlace(_chown),
    "chgrp": InPlace(_chgrp),
    "lock": InPlace(_lock),
    "unlock": InPlace(_unlock),
    "update": InPlace(_update),
    "updateconf": InPlace(configuring.update),
}
