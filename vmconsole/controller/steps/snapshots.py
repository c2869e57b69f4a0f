"""Steps that take system snapshots, go back to them and delete them: memory and all disks, kept inside the disks."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from backends.base import BackendError, Unreachable
from vmconsole.controller.domain_spec import tag
from vmconsole.controller.snapshot_entries import HYPERVISOR_ID
from vmconsole.errors import Conflict, UnknownOutcome, VmconsoleError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence
    from typing import Any

    from backends.base import SnapshotSeen
    from vmconsole.controller.steps import Effect, StepFunction
    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)


async def create_snapshot(work: Work) -> Effect:
    """Memory and disks, inside the disks (ON-127)."""
    name, number = work.job.arguments["hypervisor_id"], work.job.arguments["snapshot_id"]
    known = work.around.store.query("SELECT hypervisor_id FROM system_snapshot WHERE vm_id = ?", (work.vm.id,))
    begun = {found.name for found in await work.host.snapshots(work.vm.uuid) if found.description == work.job.id}
    await drop_snapshots(work, but={row[0] for row in known if row[0] != name} | begun)
    made = await work.host.create_snapshot(work.vm.uuid, name, work.job.id)

    def effect(store: Store) -> dict[str, Any]:
        store.execute(
            "UPDATE system_snapshot SET created = ? WHERE vm_id = ? AND snapshot_id = ?",
            (made.created, work.vm.id, number),
        )
        return {"snapshot_id": number}

    return effect


async def revert_snapshot(work: Work) -> None:
    """Make memory and disks what they were (ON-128). Raises what `revert` does."""
    await revert(work, work.job.arguments["hypervisor_id"])


async def revert(work: Work, name: str, *, run: bool | None = None) -> None:
    """Make the domain what it was, once: whoever takes over an interrupted revert must not undo what the guest has
    done since.

    The domain is marked before, and a revert takes the mark away: so it is known afterwards whether it was done.

    Args:
        name: as the host knows the snapshot.
        run: True to have it running afterwards, False paused, None as it was.

    Raises:
        Conflict: the VM has other disks than when the snapshot was taken; those it has now would be unplugged unseen.
        UnknownOutcome: the revert was interrupted, and a domain that is not ours has no mark.
    """
    vm, host = work.vm, work.host
    mark = tag(vm, instance=work.around.instance, operation=f"before {work.job.id}")
    sent = work.around.journal.was_sent(work.job)
    if sent:
        await host.settle(vm.uuid)
    if sent and vm.imported:
        raise UnknownOutcome(f"{vm.label}: nobody knows whether it was reverted", hint="look at the guest")
    if not sent or await _is_marked(work, mark.operation):
        await _require_same_disks(work, name)
        if not vm.imported:
            await host.retag(vm.uuid, mark)
        work.around.journal.mark_sent(work.job)
        await host.revert_snapshot(vm.uuid, name, run=run)
    if not vm.imported:
        await host.retag(vm.uuid, tag(vm, instance=work.around.instance, operation=work.job.id))


async def delete_snapshot(work: Work) -> None:
    """Delete it, data and all; its children get its parent (ON-129)."""
    await work.host.delete_snapshot(work.vm.uuid, work.job.arguments["hypervisor_id"])


async def _is_marked(work: Work, operation: str) -> bool:
    domain = await work.host.domain(work.vm.uuid)
    return domain is not None and domain.tag is not None and domain.tag.operation == operation


async def _require_same_disks(work: Work, name: str) -> None:
    domain = await work.host.domain(work.vm.uuid)
    now = {disk.target for disk in domain.disks} if domain is not None else set()
    found = next((seen for seen in await work.host.snapshots(work.vm.uuid) if seen.name == name), None)
    then = {target for target, _ in found.disks} if found is not None else now
    if now != then:
        differ = ", ".join(sorted(now ^ then))
        raise Conflict(
            f"{work.vm.label} had other disks when the snapshot was taken ({differ})",
            code="SNAPSHOT_DEVICES", hint="attach and detach what has changed since, then revert",
        )  # fmt: skip


# Their end ------------------------------------------------------------------------------------------------------


def ending_snapshots(step: StepFunction) -> StepFunction:
    """The step, after which the VM's system snapshots are gone from its disks, its host and the store (ON-130)."""

    async def run(work: Work) -> Effect | None:
        effect = await step(work)
        if not work.around.store.query("SELECT 1 FROM system_snapshot WHERE vm_id = ?", (work.vm.id,)):
            return effect
        try:
            await drop_snapshots(work)
        except Unreachable:
            raise
        except BackendError as error:  # the step itself is done; what is left is removed before the next snapshot
            log.warning("%s: system snapshots were left on %s: %s", work.vm.label, work.host.name, error.message)

        def forget(store: Store) -> dict[str, Any] | None:
            store.execute("DELETE FROM system_snapshot WHERE vm_id = ?", (work.vm.id,))
            return effect(store) if effect is not None else None

        return forget

    return run


async def drop_snapshots(work: Work, but: Collection[str] = ()) -> None:
    """Delete our snapshots of the domain from its host, those a guest that went off by itself has left included."""
    if work.vm.uuid not in await work.host.states():
        return
    for found in await work.host.snapshots(work.vm.uuid):
        if found.name.startswith(HYPERVISOR_ID) and found.name not in but:
            await work.host.delete_snapshot(work.vm.uuid, found.name)


async def forget_lost(work: Work) -> None:
    """Take snapshots out of the store that the host does not know any more: who had set them aside was killed."""
    known = {found.name for found in await work.host.snapshots(work.vm.uuid)}
    rows = work.around.store.query("SELECT hypervisor_id FROM system_snapshot WHERE vm_id = ?", (work.vm.id,))
    if lost := [name for (name,) in rows if name not in known]:
        log.warning("%s: snapshots %s were lost with the controller", work.vm.label, ", ".join(lost))
        with work.around.journal.write() as store:
            store.executemany(
                "DELETE FROM system_snapshot WHERE vm_id = ? AND hypervisor_id = ?",
                [(work.vm.id, name) for name in lost],
            )


@asynccontextmanager
async def snapshots_set_aside(work: Work) -> AsyncIterator[Sequence[SnapshotSeen]]:
    """Have the host forget our snapshots, since libvirt moves no domain with any, and know them again on failure."""
    ours = [found for found in await work.host.snapshots(work.vm.uuid) if found.name.startswith(HYPERVISOR_ID)]
    for found in reversed(ours):
        await work.host.delete_snapshot(work.vm.uuid, found.name, metadata_only=True)
    try:
        yield ours
    except Unreachable:
        raise
    except (BackendError, VmconsoleError):
        for found in ours:
            await work.host.redefine_snapshot(work.vm.uuid, found.xml, current=found.current)
        raise
