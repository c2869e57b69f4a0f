"""Domains of our VMs on hosts where the VMs are not: what a host has that was lost and came back (split brain)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from vmconsole.errors import Conflict
from vmconsole.lifecycle.domains import is_alive
from vmconsole.lifecycle.states import DONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backends.base import DomainState
    from vmconsole.controller.job import Job
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)

_EXPECTED = "SELECT uuid FROM vm WHERE host_id = ? AND state <> ? UNION ALL SELECT uuid FROM wild WHERE host_id = ?"
_VM = "SELECT id, name, host_id, target_host_id, busy, changed FROM vm WHERE uuid = ? AND state <> ?"
_TOLD = "it is alive on another host too: two domains write to its disks"
_TELL = """
    UPDATE vm SET message = CASE WHEN message IN ('', ?) THEN ? ELSE message END, changed = ? WHERE id = ?
"""
_NOTE = """
    INSERT INTO stray (host_id, vm_id, alive, since) VALUES (?, ?, ?, ?)
    ON CONFLICT (host_id, vm_id) DO UPDATE SET alive = excluded.alive
"""


def follow(around: Surroundings, host_id: int, seen: Sequence[DomainState], mark: int) -> None:
    """Bring the list up to date with what a host has just reported. Nothing is ever ended for being on it.

    Args:
        mark: the change that was the last one when the host was asked; a VM that changed since then is left to the next
            look, as is one that is being worked at.
    """
    store = around.store
    noted = dict(store.query("SELECT vm_id, alive FROM stray WHERE host_id = ?", (host_id,)))
    expected = {uuid for (uuid,) in store.query(_EXPECTED, (host_id, DONE.state, host_id))}
    there: dict[int, int] = {}
    for state in seen:
        if state.uuid in expected:
            continue
        for number, name, home, target, busy, changed in store.query(_VM, (state.uuid, DONE.state)):
            if host_id in (home, target):
                continue
            alive = int(is_alive(int(state.power), state.reason))
            if busy or changed > mark:
                alive = noted.get(number, -1)
            if alive >= 0:
                there[number] = alive
            if alive > noted.get(number, 0):
                log.error("VM %d (%s) is alive on host %d too: two domains write to its disks", number, name, host_id)
    if there == noted:
        return
    with around.journal.write() as table:
        change, now = table.next_change(), int(around.clock())
        gone = noted.keys() - there.keys()
        table.executemany("DELETE FROM stray WHERE host_id = ? AND vm_id = ?", [(host_id, vm) for vm in gone])
        table.executemany(_NOTE, [(host_id, vm, alive, now) for vm, alive in there.items()])
        table.executemany(_TELL, [(_TOLD, _TOLD if there.get(vm) else "", change, vm) for vm in noted | there])


def forget(store: Store, vm_id: int) -> None:
    """Within a write transaction: every domain of the VM but its own has been ended."""
    store.execute("DELETE FROM stray WHERE vm_id = ?", (vm_id,))
    store.execute(_TELL, (_TOLD, "", store.next_change(), vm_id))


def refuse(store: Store, job: Job) -> None:
    """Refuse to act on a VM of which a second one is alive.

    Raises:
        Conflict: VM_TWICE.
    """
    for vm, host in store.query(
        "SELECT vm.name, host.name FROM stray JOIN host ON host.id = stray.host_id JOIN vm ON vm.id = stray.vm_id"
        " WHERE stray.vm_id = ? AND alive = 1",
        (job.vm_id,),
    ):
        raise Conflict(
            f"VM {job.vm_id} ({vm}) is alive on host {host} too: two domains write to its disks",
            code="VM_TWICE", hint=f"say which one stays: vmconsole resolve {job.vm_id} --keep HOST",
        )  # fmt: skip
