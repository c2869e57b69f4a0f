"""Which waiting VM goes to which host: capacity, requirements, policy; and why a VM goes nowhere, written on it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from vmconsole.lifecycle import host_states, states
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id
from vmconsole.templates import rank, requirements
from vmconsole.templates.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

MAX_DISPATCH = 30
"""VMs placed in one cycle."""
SCHEDULER = "scheduler"


_WAITING = """
    SELECT id, version, cpu, memory_mib, user_template, message,
        CASE WHEN imported = 1 THEN COALESCE(
            (SELECT MIN(host_id) FROM disk WHERE vm_id = vm.id),
            (SELECT host_id FROM history WHERE vm_id = vm.id ORDER BY seq DESC LIMIT 1))
        ELSE (SELECT MIN(host_id) FROM disk WHERE vm_id = vm.id AND type = 'foreign') END
    FROM vm WHERE state = ? AND busy IS NULL AND NOT EXISTS (
        SELECT 1 FROM operation WHERE operation.vm_id = vm.id AND (operation.state IN ('queued', 'running')
            OR (operation.command = 'deploy' AND operation.state = 'failed' AND operation.ended > ?)))
    ORDER BY id
"""


class Waiting(NamedTuple):
    """A VM that waits for a host. Thousands may: one statement reads all that is asked of them."""

    id: int
    version: int
    cpu: float
    memory_mib: int
    user_template: str
    message: str
    bound_to: int | None
    """See `VmRecord.bound_to`."""


@dataclass(slots=True)
class Candidate:
    """A host as placement sees it. CPU is in percent of a core, memory in KiB; both shrink with each VM placed."""

    id: int
    name: str
    cpu_left: float
    memory_left_kib: int
    vms: int
    free_cpu: float
    attributes: dict[str, Any] = field(default_factory=dict)

    def fits(self, vm: Waiting) -> bool:
        return self.cpu_left >= vm.cpu * 100 and self.memory_left_kib >= vm.memory_mib * 1024

    def take(self, vm: Waiting) -> None:
        self.cpu_left -= vm.cpu * 100
        self.memory_left_kib -= vm.memory_mib * 1024
        self.vms += 1


def cycle(around: Surroundings) -> int:
    """Place what can be placed: a deploy is queued for each VM that found a host.

    A VM whose deployment was just refused waits for a period before it is tried again.

    Returns:
        How many were placed.
    """
    refused_since = around.clock() - around.settings.number("placement_period")
    rows = around.store.query(_WAITING, (states.PENDING.state, refused_since))
    if not rows:
        return 0
    candidates = candidates_now(around)
    placed = 0
    reasons: list[tuple[str, Waiting]] = []
    for vm in map(Waiting._make, rows):
        if placed >= MAX_DISPATCH:
            break
        host, reason = choose(around, vm, candidates)
        if host is None:
            reasons.append((reason, vm))
            continue
        host.take(vm)
        _dispatch(around, vm, host)
        placed += 1
    explain(around, reasons)
    return placed


def examine_clones(around: Surroundings) -> None:
    """Let VMs go on, or fail, whose images were still being copied (ON-003, ON-041)."""
    for number, held in around.store.query(
        "SELECT id, variant FROM vm WHERE state = ? AND busy IS NULL", (states.CLONING.state,)
    ):
        images = {
            row[0]
            for row in around.store.query(
                "SELECT image.state FROM disk JOIN image ON image.id = disk.image_id WHERE disk.vm_id = ?", (number,)
            )
        }
        if images & {"lock", "clon"}:
            continue
        position = states.HOLD if held else states.PENDING
        if images & {"err", "dele", "disa"}:
            position = states.CLONING_FAILURE
        with around.journal.write() as store:
            store.execute(
                "UPDATE vm SET state = ?, lcm_state = ?, prev_state = state, prev_lcm_state = lcm_state,"
                " state_since = ?, version = version + 1, variant = ?, changed = ? WHERE id = ? AND state = ?",
                (
                    position.state, position.lcm, around.clock(), held if position.is_failure else "",
                    store.next_change(), number, states.CLONING.state,
                ),
            )  # fmt: skip


def candidates_now(around: Surroundings) -> list[Candidate]:
    """Every host that is on and connected, with what is left of it."""
    up = {link.host_id for link in around.fleet if link.is_up}
    used = _reserved(around.store)
    found = []
    for row in around.store.query(
        "SELECT id, name, cpus, memory_kib, reserved_cpu, reserved_memory_kib, cpu_percent, memory_used_kib, hostname,"
        " hypervisor, attributes, state FROM host ORDER BY id"
    ):
        if row[0] not in up or row[11] not in host_states.PLACEABLE:
            continue
        cpu, memory, vms = used.get(row[0], (0.0, 0, 0))
        total_cpu, total_memory = row[2] * 100 - row[4], row[3] - row[5]
        free_cpu = total_cpu - (row[6] or 0.0)
        attributes = {
            **json.loads(row[10]), "ID": row[0], "NAME": row[1], "HOSTNAME": row[8], "HYPERVISOR": row[9],
            "TOTAL_CPU": total_cpu, "TOTAL_MEMORY": total_memory, "FREE_CPU": free_cpu,
            "FREE_MEMORY": total_memory - (row[7] or 0), "RUNNING_VMS": vms,
        }  # fmt: skip
        found.append(Candidate(row[0], row[1], total_cpu - cpu, total_memory - memory, vms, free_cpu, attributes))
    return found


def has_room(around: Surroundings, host_id: int, cpu: float, memory_mib: int, *, besides: str) -> bool:
    """Whether a host has this much left, the operation `besides`, which is about to take it, not counted (ON-095)."""
    cpus, memory, reserved_cpu, reserved_memory = around.store.query(
        "SELECT cpus, memory_kib, reserved_cpu, reserved_memory_kib FROM host WHERE id = ?", (host_id,)
    )[0]
    used_cpu, used_memory, _ = _reserved(around.store, besides).get(host_id, (0.0, 0, 0))
    return bool(
        cpus * 100 - reserved_cpu - used_cpu >= cpu * 100
        and memory - reserved_memory - used_memory >= memory_mib * 1024
    )


def _reserved(store: Store, besides: str = "") -> dict[int, tuple[float, int, int]]:
    """CPU (percent), memory (KiB) and number of VMs that each host has promised, deployments under way included.

    Args:
        besides: a queued operation that is not counted.
    """
    promised: dict[int, tuple[float, int, int]] = {}
    rows = store.query(
        "SELECT host_id, cpu, memory_mib, state, lcm_state FROM vm WHERE host_id IS NOT NULL AND state <> 6"
        " UNION ALL SELECT target_host_id, cpu, memory_mib, state, lcm_state FROM vm WHERE target_host_id IS NOT NULL"
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


def choose(around: Surroundings, vm: Waiting, candidates: list[Candidate]) -> tuple[Candidate | None, str]:
    """The best host for a VM, or why there is none."""
    if not candidates:
        return None, "no host is on"
    hosts = [host for host in candidates if vm.bound_to in (None, host.id)]
    if not hosts:
        return None, "the host where its disks lie is not on"
    attributes = json.loads(vm.user_template)
    try:
        expression = attributes.get("SCHED_REQUIREMENTS", "")
        if expression:
            wanted = requirements.parse(expression)
            hosts = [host for host in hosts if wanted.matches(host.attributes)]
        order = rank.parse(attributes["SCHED_RANK"]) if attributes.get("SCHED_RANK") else None
    except ExpressionError as error:
        return None, f"its placement rules cannot be read: {error}"
    if not hosts:
        return None, f"no host meets its requirements: {expression}"
    hosts = [host for host in hosts if host.fits(vm)]
    if not hosts:
        return None, f"no host has {vm.cpu:g} CPU and {vm.memory_mib} MiB left"
    if order is not None:
        return max(hosts, key=lambda host: (order.value(host.attributes), -host.id)), ""
    return max(hosts, key=lambda host: (*_merit(around, host), -host.id)), ""


def _merit(around: Surroundings, host: Candidate) -> tuple[float, float]:
    """How good a host is by the policy; among equals the one with more left is better."""
    policy = around.settings["placement_policy"]
    if policy == "packing":
        return host.vms, host.cpu_left
    if policy == "load":
        return host.free_cpu, host.cpu_left
    return -host.vms, host.cpu_left


def _dispatch(around: Surroundings, vm: Waiting, host: Candidate) -> None:
    with around.journal.write() as store:
        operations.insert(
            store,
            new_operation_id(),
            "deploy",
            {"host_id": host.id, "host": host.name},
            user_id=0,
            asked_by=SCHEDULER,
            face=SCHEDULER,
            now=around.clock(),
            vm_id=vm.id,
            vm_version=vm.version,
            host_id=host.id,
        )
        store.execute("UPDATE vm SET message = '' WHERE id = ?", (vm.id,))


def explain(around: Surroundings, reasons: list[tuple[str, Waiting]]) -> None:
    """Write on each VM why it waits, once."""
    news = [(reason, vm.id) for reason, vm in reasons if reason != vm.message]
    if news:
        with around.journal.write() as store:
            change = store.next_change()
            store.executemany(
                "UPDATE vm SET message = ?, changed = ? WHERE id = ?",
                [(reason, change, number) for reason, number in news],
            )
