"""Taking domains that exist on a host into the store as VMs, without touching them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from backends.base import Power
from vmconsole.lifecycle import permissions
from vmconsole.lifecycle import states as at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from backends.base import DomainSeen
    from vmconsole.lifecycle.states import Position
    from vmconsole.store.session import Store

OWN_VOLUMES = "/vmconsole/system/"
"""Part of the path of every volume made for a VM: by it a rebuilt store knows which disks are its own."""


def adopt(
    store: Store,
    host_id: int,
    domains: Iterable[DomainSeen],
    *,
    user_id: int,
    operation_id: str,
    now: int,
) -> list[int]:
    """Make a VM of each domain that is none yet; within a write transaction.

    A domain that carries a tag was made by a store of ours that may be lost: its VM gets name, template and, if it is
    free, the id back. Any other domain becomes an imported VM, whose definition and disks stay what they are.

    Returns:
        The ids of the new VMs.
    """
    group_id = store.query("SELECT group_id FROM user_account WHERE id = ?", (user_id,))[0][0]
    known = {row[0] for row in store.query("SELECT uuid FROM vm")}
    host_name, cluster_id = store.query("SELECT name, cluster_id FROM host WHERE id = ?", (host_id,))[0]
    change = store.next_change()
    vms: list[tuple[Any, ...]] = []
    disks: list[tuple[Any, ...]] = []
    nics: list[tuple[Any, ...]] = []
    records: list[tuple[Any, ...]] = []
    for domain in sorted(domains, key=lambda domain: domain.state.name):
        if domain.state.uuid in known:
            continue
        record = _tagged(domain)
        number = _number(store, domain)
        position, paused = _position(domain)
        template = record.get("template") or _template(domain)
        vms.append(
            (
                number, domain.state.uuid, record.get("name") or domain.state.name, user_id, group_id,
                record.get("mode", permissions.default_mode()), position.state, position.lcm, position.state,
                position.lcm, now, host_id, domain.state.name, now, float(record.get("cpu", domain.vcpus)),
                domain.vcpus, domain.memory_kib // 1024, json.dumps(template), 0 if record else 1, paused,
                int(domain.state.power), domain.state.reason, change,
            )
        )  # fmt: skip
        disks += _disks(number, host_id, domain, ours=bool(record))
        nics += [
            (number, index, nic.source_kind, nic.source, nic.mac, nic.model) for index, nic in enumerate(domain.nics)
        ]
        running = now if position is at.RUNNING else None
        records.append((number, host_id, host_name, cluster_id, user_id, group_id, operation_id, now, running))
    _insert(store, vms, disks, nics, records)
    store.execute("DELETE FROM wild WHERE host_id = ? AND uuid IN (SELECT uuid FROM vm)", (host_id,))
    return [row[0] for row in vms]


def _insert(store: Store, vms: list[Any], disks: list[Any], nics: list[Any], records: list[Any]) -> None:
    store.executemany(
        "INSERT INTO vm (id, uuid, name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state,"
        " state_since, host_id, deploy_id, start_time, cpu, vcpu, memory_mib, template, imported, paused, observed,"
        " observed_reason, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        vms,
    )
    store.executemany(
        "INSERT INTO disk (vm_id, disk_id, host_id, type, target, bus, format, readonly, volume, path)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        disks,
    )
    store.executemany(
        "INSERT INTO nic (vm_id, nic_id, source_kind, source, mac, model) VALUES (?, ?, ?, ?, ?, ?)", nics
    )
    store.executemany(
        "INSERT INTO history (vm_id, seq, host_id, host_name, cluster_id, user_id, group_id, operation_id, start_time,"
        " running_start) VALUES (?, 0, ?, ?, ?, ?, ?, ?, ?, ?)",
        records,
    )


def _tagged(domain: DomainSeen) -> dict[str, Any]:
    """What the domain's tag says of its VM; empty without a tag."""
    if domain.tag is None:
        return {}
    try:
        record = json.loads(domain.tag.record)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}


def _number(store: Store, domain: DomainSeen) -> int:
    """The id the tag names if nobody has it, else the next one."""
    if domain.tag is not None and not store.query("SELECT 1 FROM vm WHERE id = ?", (domain.tag.vm,)):
        rows = store.query("SELECT value FROM counter WHERE name = 'vm'")
        if not rows:
            store.execute("INSERT INTO counter (name, value) VALUES ('vm', ?)", (domain.tag.vm,))
            return domain.tag.vm
        if rows[0][0] < domain.tag.vm:
            store.execute("UPDATE counter SET value = ? WHERE name = 'vm'", (domain.tag.vm,))
            return domain.tag.vm
    return store.next_value("vm")


def _position(domain: DomainSeen) -> tuple[Position, int]:
    """Where the domain's VM is, and whether it is merely paused."""
    if domain.state.power in (Power.RUNNING, Power.BLOCKED, Power.SHUTDOWN, Power.NOSTATE):
        return at.RUNNING, 0
    if domain.state.power in (Power.PAUSED, Power.PMSUSPENDED):
        return at.SUSPENDED, 1
    return (at.SUSPENDED if domain.has_saved_memory else at.POWEROFF), 0


def _template(domain: DomainSeen) -> dict[str, Any]:
    return {"CPU": str(domain.vcpus), "VCPU": str(domain.vcpus), "MEMORY": str(domain.memory_kib // 1024)}


def _disks(number: int, host_id: int, domain: DomainSeen, *, ours: bool) -> list[tuple[Any, ...]]:
    rows = []
    for index, disk in enumerate(domain.disks):
        own = ours and OWN_VOLUMES in disk.source
        volume = disk.source.rpartition("/")[2] if own else ""
        rows.append(
            (
                number, index, host_id, "file" if own else "foreign", disk.target, disk.bus, disk.format,
                int(disk.readonly), volume, disk.source,
            )
        )  # fmt: skip
    return rows
