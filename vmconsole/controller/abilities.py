"""What not every driver can do: an action that needs it is refused with the reason, not attempted (ON-177)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import vm_record
from vmconsole.errors import Failed
from vmconsole.lifecycle import states
from vmconsole.lifecycle.steps import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backends.base import HostInfo
    from vmconsole.controller.job import Job
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.states import Position

_NEEDED = {
    Step.MIGRATE_LIVE: "migrate",
    Step.ATTACH_DISK: "hotplug",
    Step.DETACH_DISK: "hotplug",
    Step.ATTACH_NIC: "hotplug",
    Step.DETACH_NIC: "hotplug",
    Step.RESIZE_DISK: "resize-disk",
    Step.BACKUP: "backup",
}
_MEANING = {
    "migrate": "cannot move a running VM",
    "hotplug": "cannot change the devices of a VM",
    "resize-disk": "cannot change the size of a disk",
    "backup": "cannot back up a VM that runs",
    "storage-transfer": "cannot pass on what a VM has in files",
}
"""What it means that a host lacks a feature."""


def require(
    around: Surroundings, job: Job, title: str, host: str, info: HostInfo, work: Sequence[tuple[Position, Step]]
) -> None:
    """Raise Failed if the driver of a VM's host cannot do one of the steps that an action will come to.

    Args:
        title: how errors call the action.
        work: the positions on the way of the action, each with its step.
    """
    for place, step in work:
        feature = _feature(around, job, place, step)
        if feature and feature not in info.features:
            raise Failed(
                f"{title}: host {host} {_MEANING[feature]}, its driver is {info.hypervisor}; nothing was changed",
                code="HOST_UNSUPPORTED",
                hint=f"vmconsole host show {host}",
            )


def _feature(around: Surroundings, job: Job, place: Position, step: Step) -> str | None:
    if step is Step.BACKUP and place is states.BACKUP_POWEROFF:
        return None  # then its volumes are copied
    if step not in (Step.SAVE, Step.TRANSFER):
        return _NEEDED.get(step)
    vm = vm_record.load(around.store, job.vm_id)
    if step is Step.SAVE:
        into_a_file = place is not states.SAVE_SUSPEND and not vm.imported
        return "storage-transfer" if into_a_file else None
    has_files = vm.checkpoint_host_id is not None or any(disk.volume and not disk.foreign for disk in vm.disks)
    return "storage-transfer" if has_files else None
