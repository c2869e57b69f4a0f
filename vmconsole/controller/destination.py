"""Whether a VM can go to the host and the datastore that were named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import vm_record
from vmconsole.controller.capacity import has_room
from vmconsole.controller.volumes import datastore_of
from vmconsole.controller.whereabouts import answers
from vmconsole.errors import Conflict, NotFound
from vmconsole.lifecycle.stages import stage
from vmconsole.lifecycle.steps import Step
from vmconsole.store.neighbourhood import require_near

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.vm_record import VmRecord
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.flows import Flow
    from vmconsole.store.session import Store


def check(around: Surroundings, job: Job, flow: Flow) -> None:
    """Refuse a deployment or migration that cannot be, while nothing has changed.

    Raises:
        NotFound: the host or the datastore is not there.
        Conflict: the VM is there already, may not go there, or may still run on a host that does not answer.
        Unavailable: the host is not connected.
    """
    host_id = job.arguments.get("host_id")
    rows = around.store.query("SELECT name FROM host WHERE id = ?", (host_id,))
    if not rows:
        raise NotFound(f"host {host_id} does not exist", code="NO_HOST")
    name, vm = rows[0][0], vm_record.load(around.store, job.vm_id)
    if vm.bound_to not in (None, host_id):
        raise Conflict(f"{vm.label} can run only where its disks lie, and that is not host {name}", code="VM_BOUND")
    require_near(around.store, vm.id, int(str(host_id)), job.arguments.get("datastore_id"))
    changes = _check_datastore(around.store, vm, job.arguments.get("datastore_id"))
    if vm.host_id == host_id and not changes:
        raise Conflict(f"{vm.label} is on host {name} already", code="HOST_SAME")
    enforced = bool(job.arguments.get("enforce")) and vm.host_id != host_id
    if enforced and not has_room(around, int(str(host_id)), vm.cpu, vm.memory_mib, besides=job.id):
        raise Conflict(
            f"host {name} has no {vm.cpu:g} CPU and {vm.memory_mib} MiB left for {vm.label}",
            code="HOST_FULL",
            hint="vmconsole host list",
        )
    if _takes_over(flow):
        _require_end(around, vm)
    around.fleet.link(host_id).require_up_or_refuse()


def needs_own_host(flow: Flow) -> bool:
    """Whether what is to be done begins on the host that the VM is on."""
    return not _takes_over(flow)


def _takes_over(flow: Flow) -> bool:
    row = None if flow.first is None else stage(flow.first, flow.variant)
    return row is not None and row.step is Step.TAKE_OVER


def _check_datastore(store: Store, vm: VmRecord, datastore_id: int | None) -> bool:
    """Whether the VM's files are to change the datastore."""
    if datastore_id is None:
        return False
    rows = store.query("SELECT name, type FROM datastore WHERE id = ?", (datastore_id,))
    if not rows:
        raise NotFound(f"datastore {datastore_id} does not exist", code="NO_DATASTORE")
    name, kind = rows[0]
    if kind != "system":
        raise Conflict(f"datastore {name} keeps {kind}s: a VM runs in a system datastore", code="DATASTORE_KIND")
    for disk in vm.disks:
        if disk.frozen and not disk.in_place and datastore_of(disk) != datastore_id:
            raise Conflict(
                f"{vm.label}: disk {disk.disk_id} has snapshots, which cannot change the datastore",
                code="DISK_SNAPSHOTS", hint="delete them first",
            )  # fmt: skip
    return vm.datastore_id != datastore_id


def _require_end(around: Surroundings, vm: VmRecord) -> None:
    """Refuse to bring a VM to life twice: its host answers, and can end it, or somebody has said that it is off."""
    if answers(around, vm.host_id):
        return
    rows = around.store.query("SELECT name, confirmed_off FROM host WHERE id = ?", (vm.host_id,))
    if rows and not rows[0][1]:
        raise Conflict(
            f"{vm.label} may still run on host {rows[0][0]}, which does not answer: two of it would ruin its disks",
            code="HOST_NOT_OFF", hint=f"once that host is off for certain: vmconsole host confirm-off {rows[0][0]}",
        )  # fmt: skip
