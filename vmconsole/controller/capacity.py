"""What hosts have left: their own size, less what is reserved and what VMs and deployments under way were promised."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vmconsole.controller import vm_record
from vmconsole.errors import Conflict
from vmconsole.lifecycle import host_states, states

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vmconsole.controller.job import Job
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


@dataclass(slots=True)
class Candidate:
    """A host as placement sees it. CPU is in percent of a core, memory in KiB; both shrink with each VM placed."""

    id: int
    name: str
    cluster_id: int
    cpu_left: float
    memory_left_kib: int
    vms: int
    free_cpu: float
    attributes: dict[str, Any] = field(default_factory=dict)

    def fits(self, cpu: float, memory_mib: int) -> bool:
        return self.cpu_left >= cpu * 100 and self.memory_left_kib >= memory_mib * 1024

    def take(self, cpu: float, memory_mib: int) -> None:
        self.cpu_left -= cpu * 100
        self.memory_left_kib -= memory_mib * 1024
        self.vms += 1


def candidates_now(around: Surroundings) -> list[Candidate]:
    """Every host that is on and connected, with what is left of it."""
    up = {link.host_id for link in around.fleet if link.is_up}
    used = _promised(around.store)
    found = []
    for row in around.store.query(
        "SELECT host.id, host.name, cpus, memory_kib, reserved_cpu, reserved_memory_kib, cpu_percent, memory_used_kib,"
        " hostname, hypervisor, host.attributes, state, cluster.id, cluster.name FROM host"
        " JOIN cluster ON cluster.id = host.cluster_id ORDER BY host.id"
    ):
        if row[0] not in up or row[11] not in host_states.PLACEABLE:
            continue
        cpu, memory, vms = used.get(row[0], (0.0, 0, 0))
        total_cpu, total_memory = row[2] * 100 - row[4], row[3] - row[5]
        free_cpu = total_cpu - (row[6] or 0.0)
        attributes = {
            **json.loads(row[10]), "ID": row[0], "NAME": row[1], "HOSTNAME": row[8], "HYPERVISOR": row[9],
            "TOTAL_CPU": total_cpu, "TOTAL_MEMORY": total_memory, "FREE_CPU": free_cpu,
            "FREE_MEMORY": total_memory - (row[7] or 0), "RUNNING_VMS": vms, "CLUSTER_ID": row[12], "CLUSTER": row[13],
        }  # fmt: skip
        found.append(
            Candidate(row[0], row[1], row[12], total_cpu - cpu, total_memory - memory, vms, free_cpu, attributes)
        )
    return found


def has_room(around: Surroundings, host_id: int, cpu: float, memory_mib: int, *, besides: str) -> bool:
    """Whether a host has this much left, the operation `besides`, which is about to take it, not counted (ON-095)."""
    cpus, memory, reserved_cpu, reserved_memory = around.store.query(
        "SELECT cpus, memory_kib, reserved_cpu, reserved_memory_kib FROM host WHERE id = ?", (host_id,)
    )[0]
    used_cpu, used_memory, _ = _promised(around.store, besides).get(host_id, (0.0, 0, 0))
    return bool(
        cpus * 100 - reserved_cpu - used_cpu >= cpu * 100
        and memory - reserved_memory - used_memory >= memory_mib * 1024
    )


def require_growth(around: Surroundings, job: Job) -> None:
    """Refuse a resize, if that was asked for, that takes more than the VM's host has left.

    Raises:
        Conflict: the host has too little; a VM that is on no host may grow as it likes.
    """
    vm, arguments = vm_record.load(around.store, job.vm_id), job.arguments
    if not arguments.get("enforce") or vm.host_id is None:
        return
    cpu, memory_mib = arguments.get("cpu", vm.cpu), arguments.get("memory_mib", vm.memory_mib)
    more_cpu, more_memory = cpu - vm.cpu, memory_mib - vm.memory_mib
    grows = more_cpu > 0 or more_memory > 0
    if grows and not has_room(around, vm.host_id, more_cpu, more_memory, besides=job.id):
        raise Conflict(
            f"the host of {vm.label} has not enough left for {cpu:g} CPU and {memory_mib} MiB",
            code="HOST_FULL",
            hint="vmconsole host list",
        )


def _promised(store: Store, besides: str = "") -> dict[int, tuple[float, int, int]]:
    """CPU (percent), memory (KiB) and number of VMs that each host has promised, deployments under way included.

    Args:
        besides: a queued operation that is not counted.
    """
    promised: dict[int, tuple[float, int, int]] = {}
    rows = store.query(
        "SELECT host_id, cpu, memory_mib, state, lcm_state FROM vm WHERE host_id IS NOT NULL AND state <> ?"
        " UNION ALL SELECT target_host_id, cpu, memory_mib, state, lcm_state FROM vm WHERE target_host_id IS NOT NULL",
        (states.DONE.state,),
    )
    queued = store.query(
        "SELECT operation.host_id, vm.cpu, vm.memory_mib FROM operation JOIN vm ON vm.id = operation.vm_id"
        " WHERE operation.command IN ('deploy', 'migrate', 'live-migrate') AND operation.state = 'queued'"
        " AND operation.id <> ?",
        (besides,),
    )
    charges: Iterable[tuple[int, float, int]] = [
        *(row[:3] for row in rows if states.holds_capacity(states.by_numbers(row[3], row[4]))),
        *queued,
    ]
    for host_id, cpu, memory in charges:
        before = promised.get(host_id, (0.0, 0, 0))
        promised[host_id] = (before[0] + cpu * 100, before[1] + memory * 1024, before[2] + 1)
    return promised
