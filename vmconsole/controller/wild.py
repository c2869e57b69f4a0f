"""The list of wild domains: those on a host that are no VMs of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.lifecycle.states import DONE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from backends.base import DomainSeen, DomainState
    from vmconsole.controller.link import Link
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

FEW = 50
"""Up to this many new wild domains are looked at one by one; more are read all at once."""

_NOTE = """
    INSERT INTO wild (host_id, uuid, name, power, reason, vcpu, memory_kib, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (host_id, uuid) DO UPDATE SET name = excluded.name, power = excluded.power, reason = excluded.reason,
        vcpu = excluded.vcpu, memory_kib = excluded.memory_kib, changed = excluded.changed
"""


def note(store: Store, host_id: int, domains: Sequence[DomainSeen]) -> int:
    """Remember the domains of a host that are no VMs, and forget those that are gone; returns how many there are."""
    ours = _of_vms(store)
    wild = [domain for domain in domains if domain.state.uuid not in ours]
    change = store.next_change()
    noted = {uuid for (uuid,) in store.query("SELECT uuid FROM wild WHERE host_id = ?", (host_id,))}
    _forget(store, host_id, noted - {domain.state.uuid for domain in wild})
    store.executemany(_NOTE, [_row(host_id, domain, change) for domain in wild])
    return len(wild)


async def follow(around: Surroundings, link: Link, seen: Sequence[DomainState]) -> None:
    """Bring the list up to date with the states that a host has just reported; only new domains cost a call.

    Raises BackendError when the host fails meanwhile.
    """
    store, host_id = around.store, link.host_id
    noted = {
        uuid: (power, reason)
        for uuid, power, reason in store.query("SELECT uuid, power, reason FROM wild WHERE host_id = ?", (host_id,))
    }
    ours = _of_vms(store, host_id)
    strangers = {state.uuid: state for state in seen if state.uuid not in ours}
    if strangers.keys() - noted.keys():  # VMs that the store has elsewhere, or nowhere for now, are not wild
        ours = _of_vms(store)
    there = {uuid: (int(state.power), state.reason) for uuid, state in strangers.items() if uuid not in ours}
    if there == noted:
        return
    new = there.keys() - noted.keys()
    if len(new) > FEW:
        domains = list(await link.backend.domains())
        with around.journal.write() as table:
            note(table, host_id, domains)
        return
    found = [domain for uuid in new if (domain := await link.backend.domain(uuid)) is not None]
    with around.journal.write() as table:
        change = table.next_change()
        _forget(table, host_id, noted.keys() - there.keys())
        table.executemany(
            "UPDATE wild SET power = ?, reason = ?, changed = ? WHERE host_id = ? AND uuid = ?",
            [
                (*there[uuid], change, host_id, uuid)
                for uuid in noted.keys() & there.keys()
                if there[uuid] != noted[uuid]
            ],
        )
        table.executemany(_NOTE, [_row(host_id, domain, change) for domain in found])


def _of_vms(store: Store, host_id: int | None = None) -> set[str]:
    """The UUIDs of all VMs, or of those on one host."""
    there, values = (" AND host_id = ?", (host_id,)) if host_id is not None else ("", ())
    return {uuid for (uuid,) in store.query(f"SELECT uuid FROM vm WHERE state <> ?{there}", (DONE.state, *values))}


def _forget(store: Store, host_id: int, gone: set[str]) -> None:
    store.executemany("DELETE FROM wild WHERE host_id = ? AND uuid = ?", [(host_id, uuid) for uuid in gone])


def _row(host_id: int, domain: DomainSeen, change: int) -> tuple[object, ...]:
    state = domain.state
    return (host_id, state.uuid, state.name, int(state.power), state.reason, domain.vcpus, domain.memory_kib, change)
