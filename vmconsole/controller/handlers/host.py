"""Hosts: taking them on, letting them go, and adopting what runs on them."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import backends
from backends import uri as uris
from vmconsole.controller import wild
from vmconsole.controller.handlers.cluster import DEFAULT
from vmconsole.controller.importing import adopt
from vmconsole.controller.whereabouts import answers
from vmconsole.errors import Conflict, Denied, NotFound
from vmconsole.lifecycle.host_states import DISABLED, INIT, MONITORED, OFFLINE
from vmconsole.store.conditions import ALIVE

if TYPE_CHECKING:
    from typing import Any

    from backends.base import DomainSeen, Host, HostInfo
    from backends.uri import HostUri
    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A host that was connected to and is about to be kept."""

    name: str
    uri: HostUri
    timeout: float
    host: Host
    info: HostInfo
    domains: list[DomainSeen]


async def create(job: Job, around: Surroundings) -> Effect:
    """Connect to a host and keep it, if it is reachable and none that is here already.

    Raises:
        BadUri: the URI is refused. BackendError: the host cannot be reached or does not let us in.
        Conflict: the name, the URI or the machine itself is here already.
    """
    timeout = float(job.arguments.get("timeout") or around.settings.number("connect_timeout"))
    newcomer = await meet(job, around, str(job.arguments["name"]), str(job.arguments["uri"]), timeout)
    return lambda store: keep(store, job, around, newcomer, import_all=bool(job.arguments.get("import_all")))


async def meet(job: Job, around: Surroundings, name: str, uri: str, within: float) -> Newcomer:
    """Connect to a host that is not kept yet. The connection goes over to the fleet when the host stands in the store.

    It is given up if anything speaks against keeping the host.
    """
    parsed = uris.parse(uri)
    _check_free(around.store, name, parsed.safe)
    host = backends.connect(parsed.safe, name=name, run_dir=Path(around.run_dir), timeout=within)
    try:
        info = await host.open()
        _check_machine(around.store, info)
        domains = list(await host.domains())
    except BaseException:
        await host.close()
        raise
    around.fleet.offer(job.id, parsed.safe, host, info)
    return Newcomer(name, parsed, within, host, info, domains)


def keep(store: Store, job: Job, around: Surroundings, newcomer: Newcomer, *, import_all: bool) -> dict[str, Any]:
    """Within a write transaction: the host's row, and VMs of its domains if they are wanted."""
    now = int(around.clock())
    _check_free(store, newcomer.name, newcomer.uri.safe)
    number = store.next_value("host")
    _insert(store, number, newcomer, int(job.arguments.get("cluster_id") or DEFAULT), now)
    adopted: list[int] = []
    if import_all:
        adopted = adopt(store, number, newcomer.domains, user_id=job.user_id, operation_id=job.id, now=now)
    found = wild.note(store, number, newcomer.domains)
    return {"host_id": number, "imported": len(adopted), "wild": found, "hypervisor": newcomer.info.hypervisor}


def _check_free(store: Store, name: str, uri: str) -> None:
    for host_id, taken in store.query("SELECT id, name FROM host WHERE name = ? OR uri = ?", (name, uri)):
        what = f"named {name}" if taken == name else f"({taken}) at that URI"
        raise Conflict(f"there is a host {what} already", code="HOST_DUPLICATE", hint=f"vmconsole host show {host_id}")


def _check_machine(store: Store, info: HostInfo) -> None:
    """One machine under two names would be counted twice and its VMs seen twice."""
    if not info.uuid or info.hypervisor == "TEST":
        return
    for host_id, name in store.query("SELECT id, name FROM host WHERE uuid = ?", (info.uuid,)):
        # Clones of one installation share a UUID; only the same hypervisor on the same machine is a duplicate.
        rows = store.query("SELECT hostname FROM host WHERE id = ?", (host_id,))
        if rows[0][0] == info.hostname:
            raise Conflict(f"that machine is host {name} already", code="HOST_DUPLICATE")


def _insert(store: Store, number: int, newcomer: Newcomer, cluster_id: int, now: int) -> None:
    info = newcomer.info
    store.execute(
        "INSERT INTO host (id, name, uri, cluster_id, state, uuid, hostname, hypervisor, info, cpus, memory_kib,"
        " connect_timeout, unverified, last_seen, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number, newcomer.name, newcomer.uri.safe, cluster_id, MONITORED, info.uuid, info.hostname, info.hypervisor,
            describe(info), info.cpus, info.memory_kib, newcomer.timeout, int(newcomer.uri.unverified), now,
            store.next_change(),
        ),
    )  # fmt: skip


def describe(info: HostInfo) -> str:
    """A host's description as JSON."""
    values = dataclasses.asdict(info)
    values["features"] = sorted(info.features)
    return json.dumps(values)


async def importvm(job: Job, around: Surroundings) -> Effect:
    """Adopt wild domains of a host: the named one, or all of them."""
    host_id = int(job.arguments["host_id"])
    wanted = job.arguments.get("domain")
    domains = await around.fleet.link(host_id).require_up().domains()
    if wanted is not None:
        domains = [domain for domain in domains if wanted in (domain.state.name, domain.state.uuid)]
        if not domains:
            raise NotFound(
                f"the host has no domain {wanted!r}", code="NO_DOMAIN", hint=f"vmconsole host show {host_id}"
            )
        if around.store.query("SELECT id FROM vm WHERE uuid = ?", (domains[0].state.uuid,)):
            raise Conflict(f"domain {wanted!r} is a VM already", code="VM_DUPLICATE")

    def effect(store: Store) -> dict[str, Any]:
        ids = adopt(
            store, host_id, domains, user_id=job.user_id, operation_id=job.id,
            now=int(around.clock()),
        )  # fmt: skip
        return {"vm_ids": ids}

    return effect


async def enable(job: Job, around: Surroundings) -> Effect:
    """Let the host be placed on and be watched again."""
    connected = any(link.host_id == job.arguments["host_id"] and link.is_up for link in around.fleet)
    return _set_state(job, MONITORED if connected else INIT)


async def disable(job: Job, around: Surroundings) -> Effect:
    """Place nothing more on the host; it is watched on."""
    return _set_state(job, DISABLED)


async def offline(job: Job, around: Surroundings) -> Effect:
    """Leave the host alone entirely."""
    return _set_state(job, OFFLINE)


async def confirm_off(job: Job, around: Surroundings) -> Effect:
    """Take a person's word that a silent host is off; it counts until the host answers again.

    Raises:
        Conflict: the host answers.
    """
    host_id = job.arguments["host_id"]
    if answers(around, host_id):
        raise Conflict("the host answers: it is not off", code="HOST_UP", hint=f"vmconsole host show {host_id}")

    def effect(store: Store) -> None:
        store.execute("UPDATE host SET confirmed_off = 1, changed = ? WHERE id = ?", (store.next_change(), host_id))

    return effect


_COLUMNS = frozenset(("name", "attributes", "reserved_cpu", "reserved_memory_kib"))


async def update(job: Job, around: Surroundings) -> Effect:
    """Write what people say of a host: its name, its attributes, and what of it is reserved."""
    number, columns = int(job.arguments["host_id"]), dict(job.arguments["columns"])
    assert columns.keys() <= _COLUMNS

    def effect(store: Store) -> None:
        name = columns.get("name")
        if name is not None and store.query("SELECT 1 FROM host WHERE name = ? AND id <> ?", (name, number)):
            raise Conflict(f"there is a host named {name} already", code="HOST_DUPLICATE")
        assignments = ", ".join(f"{column} = ?" for column in columns)
        store.execute(
            f"UPDATE host SET {assignments}, changed = ? WHERE id = ?",
            (*columns.values(), store.next_change(), number),
        )

    return effect


def _set_state(job: Job, state: int) -> Effect:
    def effect(store: Store) -> None:
        store.execute(
            "UPDATE host SET state = ?, changed = ? WHERE id = ?",
            (state, store.next_change(), job.arguments["host_id"]),
        )

    return effect


async def delete(job: Job, around: Surroundings) -> Effect:
    """Let a host go that has no VMs left. Nothing on it is touched."""
    host_id = int(job.arguments["host_id"])

    def effect(store: Store) -> None:
        vms = store.query(
            f"SELECT id, name FROM vm WHERE {ALIVE} AND (host_id = ? OR checkpoint_host_id = ? OR EXISTS"
            " (SELECT 1 FROM disk WHERE disk.vm_id = vm.id AND disk.host_id = ? AND volume <> '')) ORDER BY id",
            (host_id, host_id, host_id),
        )
        if vms:
            named = ", ".join(f"{number} ({name})" for number, name in vms[:5])
            more = f" and {len(vms) - 5} more" if len(vms) > 5 else ""
            raise Conflict(
                f"the host has VMs: {named}{more}", code="HOST_BUSY_VMS", hint="migrate or terminate them first"
            )
        for statement in (
            "DELETE FROM image_copy WHERE host_id = ?",
            "DELETE FROM datastore_space WHERE host_id = ?",
            "DELETE FROM wild WHERE host_id = ?",
            "DELETE FROM stray WHERE host_id = ?",
            "DELETE FROM sample WHERE kind = 'host' AND id = ?",
            "UPDATE disk SET host_id = NULL WHERE host_id = ?",
            "UPDATE vm SET host_id = NULL WHERE host_id = ?",
            "UPDATE vm SET checkpoint_host_id = NULL WHERE checkpoint_host_id = ?",
            "DELETE FROM host WHERE id = ?",
        ):
            store.execute(statement, (host_id,))

    return effect


async def trust(job: Job, around: Surroundings) -> Effect:
    """Accept a host's ssh key whose fingerprint the person has compared.

    Raises:
        Denied: the host shows no key with that fingerprint.
    """
    uri, fingerprint = str(job.arguments["uri"]), str(job.arguments["fingerprint"])
    accepted = await asyncio.to_thread(backends.trust, uri, fingerprint, run_dir=Path(around.run_dir))
    if not accepted:
        raise Denied(f"the host shows no key with the fingerprint {fingerprint}", code="HOST_KEY_CHANGED")
    for link in around.fleet:
        link.hurry()
    return lambda store: {"fingerprint": fingerprint}


async def keys(job: Job, around: Surroundings) -> Effect:
    """Ask a host for the keys it shows, so that a person can compare their fingerprints."""
    found = await asyncio.to_thread(backends.host_keys, str(job.arguments["uri"]))
    return lambda store: {"keys": [f"{fingerprint} ({kind})" for kind, fingerprint in found]}
