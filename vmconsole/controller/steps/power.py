"""Steps that start, save and stop domains."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from backends.base import Power
from vmconsole.controller import vm_record
from vmconsole.controller.domain_spec import domain_spec
from vmconsole.controller.steps.devices import plug_waiting
from vmconsole.controller.steps.files import brought_by_hand, place, record_place
from vmconsole.controller.steps.gathering import Place, gather, lies_in, record_checkpoint, remove_left
from vmconsole.controller.volumes import ready_pool
from vmconsole.errors import Failed
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.controller.steps import Effect
    from vmconsole.controller.vm_record import VmRecord
    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store

PRESS_AGAIN = 10.0
"""Seconds between two presses of the power button: a guest that is still booting loses one without a trace."""
LOOK_EVERY = 0.5
"""Seconds between two looks at a domain that was asked to go off."""

_OFF = (Power.SHUTOFF, Power.CRASHED)


async def boot(work: Work) -> Effect:
    """Define and start the domain, from its disks and not from saved memory."""
    if work.job.again:
        await work.host.settle(work.vm.uuid)
    vm = await _refresh_context(work, await _here(work))
    if not vm.imported:
        await work.host.define(domain_spec(vm, instance=work.around.instance, operation=work.job.id))
    await work.host.start(work.vm.uuid, discard_saved=True)
    return _runs(work)


async def _refresh_context(work: Work, vm: VmRecord) -> VmRecord:
    """Tell the guest anew what may have changed since its last boot; prolog has just told it at its first.

    Returns the VM with the place of a CD-ROM that it did not have before.
    """
    pool = await ready_pool(work.around, work.host, vm.datastore_id)
    for disk in vm.disks:
        if disk.type == "context" and (work.job.position is not at.BOOT or not disk.volume):
            volume = await place(work, disk, pool)
            if not disk.volume:
                with work.around.journal.write() as store:
                    record_place(store, work, disk, volume)
                return vm_record.load(work.around.store, vm.id)
    return vm


async def restore(work: Work) -> Effect:
    """Bring the domain back with its memory: from the managed save, or from the checkpoint of a stopped VM."""
    if work.job.again:
        await work.host.settle(work.vm.uuid)
    if work.vm.checkpoint_host_id is None or work.vm.imported:
        await work.host.start(work.vm.uuid)
        return _runs(work, await plug_waiting(work))
    vm = await _here(work)
    pool = await ready_pool(work.around, work.host, vm.checkpoint_datastore)
    state = (await work.host.states()).get(vm.uuid)
    if state is None or state.power in _OFF:
        spec = domain_spec(vm, instance=work.around.instance, operation=work.job.id)
        await work.host.restore_from(spec, pool, vm.checkpoint)
    await work.host.delete_volume(pool, vm.checkpoint)
    return _runs(work, await plug_waiting(work))


async def _here(work: Work) -> VmRecord:
    """The VM with all its files on this host. They are, unless a move was turned back, or others were to bring them."""
    await _find_unmade(work)
    here = Place(work.host, work.host_id, work.vm.datastore_id)
    away = [disk for disk in work.vm.disks if disk.volume and not disk.foreign and not lies_in(disk, here)]
    if not away and work.vm.checkpoint_host_id in (None, work.host_id):
        return work.vm
    await remove_left(work, await gather(work, here))
    return vm_record.load(work.around.store, work.vm.id)


async def _find_unmade(work: Work) -> None:
    """Find the disks that nobody here has made: an operator took a failed prolog as succeeded. Raises Conflict."""
    unmade = [disk for disk in work.vm.disks if not disk.volume and not disk.foreign and disk.type != "context"]
    if unmade:
        pool = await ready_pool(work.around, work.host, work.vm.datastore_id)
        found = [(disk, await brought_by_hand(work, disk, pool)) for disk in unmade]
        with work.around.journal.write() as store:
            for disk, volume in found:
                record_place(store, work, disk, volume)
        work.vm = vm_record.load(work.around.store, work.vm.id)


def _runs(work: Work, remarks: Sequence[str] = ()) -> Effect:
    def effect(store: Store) -> dict[str, Any]:
        store.execute(
            "UPDATE vm SET deploy_id = ?, checkpoint_host_id = NULL, paused = 0, missing = 0 WHERE id = ?",
            (work.vm.domain_name, work.vm.id),
        )
        return {"host": work.host.name, **({"remarks": list(remarks)} if remarks else {})}

    return effect


async def save(work: Work) -> Effect | None:
    """Save memory: for suspend on the host itself, for stop into a file of the system datastore."""
    if work.job.again:
        await work.host.settle(work.vm.uuid)
    if work.job.position is at.SAVE_SUSPEND or work.vm.imported:
        await work.host.save(work.vm.uuid, work.job.report)
        return None
    pool = await ready_pool(work.around, work.host, work.vm.datastore_id)
    await work.host.save_to(work.vm.uuid, pool, work.vm.checkpoint, work.job.report)
    return lambda store: record_checkpoint(store, work.vm.id, work.host_id, work.vm.datastore_id)


async def pause(work: Work) -> Effect:
    """Freeze the guest; its memory stays in the host's."""
    await work.host.pause(work.vm.uuid)
    return lambda store: _set_paused(store, work.vm.id, 1)


async def unpause(work: Work) -> Effect:
    """Let a frozen guest go on."""
    await work.host.unpause(work.vm.uuid)
    remarks = await plug_waiting(work)

    def effect(store: Store) -> dict[str, Any]:
        _set_paused(store, work.vm.id, 0)
        return {"remarks": remarks} if remarks else {}

    return effect


def _set_paused(store: Store, vm_id: int, paused: int) -> None:
    store.execute("UPDATE vm SET paused = ? WHERE id = ?", (paused, vm_id))


async def shutdown(work: Work) -> None:
    """Press the power button until the guest is off.

    Raises:
        Failed: GUEST_IGNORED, the guest still runs after the setting `shutdown_timeout` (ON-013).
    """
    timeout = work.around.settings.number("shutdown_timeout")
    begun = pressed = time.monotonic()
    await work.host.shutdown(work.vm.uuid)
    while not await _is_off(work):
        now = time.monotonic()
        if work.job.cancelled:
            raise Failed(f"{work.vm.label}: the wait for its guest was called off; it runs", code="OP_CANCELLED")
        if now - begun >= timeout:
            break
        if now - pressed >= min(PRESS_AGAIN, timeout / 2):
            await work.host.shutdown(work.vm.uuid)
            pressed = now
        await asyncio.sleep(LOOK_EVERY)
    else:
        return
    if work.around.settings["force_destroy_on_timeout"]:
        await work.host.destroy(work.vm.uuid)
        return
    raise Failed(
        f"{work.vm.label}: the guest did not react to the power button within {timeout:g} s and is running",
        code="GUEST_IGNORED",
        hint=f"to cut its power: vmconsole poweroff --hard {work.vm.id}",
    )


async def _is_off(work: Work) -> bool:
    state = (await work.host.states()).get(work.vm.uuid)
    return state is None or state.power in _OFF


async def destroy(work: Work) -> None:
    """Cut the power."""
    await work.host.destroy(work.vm.uuid)
