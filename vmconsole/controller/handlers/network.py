"""Networks and their address ranges: rows of the store, hosts are not asked. They must have what a network names."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import TYPE_CHECKING

from vmconsole.controller.addresses import NOBODY, choose, ranges
from vmconsole.controller.handlers.cluster import DEFAULT
from vmconsole.errors import BadInput, Conflict, NotFound
from vmconsole.lifecycle.permissions import default_mode
from vmconsole.store.conditions import ALIVE
from vmconsole.templates import syntax
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.network import AddressRange, check_network, check_range

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def create(job: Job, around: Surroundings) -> Effect:
    """Register a network with its address ranges."""
    try:
        spec = check_network(syntax.parse(str(job.arguments["template"])))
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error

    def effect(store: Store) -> dict[str, Any]:
        if store.query("SELECT 1 FROM network WHERE name = ?", (spec.name,)):
            raise Conflict(f"there is a network {spec.name!r} already", code="NETWORK_DUPLICATE")
        number = store.next_value("network")
        group_id = store.query("SELECT group_id FROM user_account WHERE id = ?", (job.user_id,))[0][0]
        store.execute(
            "INSERT INTO network (id, name, user_id, group_id, mode, source_kind, source, vlan, attributes, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, spec.name, job.user_id, group_id, default_mode(), spec.kind, spec.source, spec.vlan,
                json.dumps(dict(spec.attributes)), store.next_change(),
            ),
        )  # fmt: skip
        store.execute("INSERT INTO cluster_network (cluster_id, network_id) VALUES (?, ?)", (DEFAULT, number))
        for index, one in enumerate(spec.ranges):
            _insert(store, number, index, one)
        return {"network_id": number}

    return effect


async def add_range(job: Job, around: Surroundings) -> Effect:
    """Give a network more addresses."""
    number = int(job.arguments["network_id"])
    try:
        new = check_range(syntax.parse(str(job.arguments["range"])))
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error

    def effect(store: Store) -> dict[str, Any]:
        _require(store, number)
        if any(new.overlaps(old) for old in ranges(store, number)):
            raise Conflict(f"network {number} has some of these addresses already", code="RANGE_OVERLAP")
        rows = store.query("SELECT COALESCE(MAX(range_id) + 1, 0) FROM address_range WHERE network_id = ?", (number,))
        _insert(store, number, rows[0][0], new)
        return {"range_id": rows[0][0]}

    return effect


async def remove_range(job: Job, around: Surroundings) -> Effect:
    """Take a range away none of whose addresses is given out or held back."""
    number, range_id = int(job.arguments["network_id"]), int(job.arguments["range_id"])

    def effect(store: Store) -> None:
        rows = store.query(
            "SELECT ip, size, mac FROM address_range WHERE network_id = ? AND range_id = ?", (number, range_id)
        )
        if not rows:
            raise NotFound(f"network {number} has no range {range_id}", code="NO_RANGE")
        going = AddressRange(ip_address(rows[0][0]), rows[0][1], rows[0][2])
        for (ip,) in store.query("SELECT ip FROM network_lease WHERE network_id = ?", (number,)):
            if going.place(ip) is not None:
                raise Conflict(f"address {ip} of the range is given out", code="RANGE_BUSY")
        store.execute("DELETE FROM address_range WHERE network_id = ? AND range_id = ?", (number, range_id))

    return effect


async def hold(job: Job, around: Surroundings) -> Effect:
    """Give an address of the network's ranges to nobody. Raises BadInput: it is in none. Conflict: it is taken."""
    number, ip = int(job.arguments["network_id"]), str(job.arguments["ip"])

    def effect(store: Store) -> None:
        _require(store, number)
        if not ranges(store, number):
            raise Conflict(f"network {number} gives out no addresses", code="NO_RANGE")
        _, mac = choose(store, number, ip, None)
        store.execute(
            "INSERT INTO network_lease (network_id, mac, ip, vm_id, nic_id) VALUES (?, ?, ?, ?, ?)",
            (number, mac, ip, NOBODY, NOBODY),
        )

    return effect


async def release(job: Job, around: Surroundings) -> Effect:
    """Let an address be given out again that is held back."""
    number, ip = int(job.arguments["network_id"]), str(job.arguments["ip"])

    def effect(store: Store) -> None:
        if not store.execute(
            "DELETE FROM network_lease WHERE network_id = ? AND ip = ? AND vm_id = ?", (number, ip, NOBODY)
        ):
            raise Conflict(f"address {ip} of network {number} is not held back", code="ADDRESS_NOT_HELD")

    return effect


async def delete(job: Job, around: Surroundings) -> Effect:
    """Remove a network on which no VM has a NIC. Nothing on any host is touched."""
    number = int(job.arguments["network_id"])

    def effect(store: Store) -> None:
        _require(store, number)
        users = store.query(
            f"SELECT DISTINCT vm.id FROM nic JOIN vm ON vm.id = nic.vm_id WHERE nic.network_id = ? AND {ALIVE}"
            " ORDER BY vm.id",
            (number,),
        )
        if users:
            raise Conflict(f"network {number} is used by VM {users[0][0]}", code="NETWORK_BUSY")
        store.execute("UPDATE nic SET network_id = NULL WHERE network_id = ?", (number,))
        store.execute("DELETE FROM network_lease WHERE network_id = ?", (number,))
        store.execute("DELETE FROM address_range WHERE network_id = ?", (number,))
        store.execute("DELETE FROM cluster_network WHERE network_id = ?", (number,))
        store.execute("DELETE FROM network WHERE id = ?", (number,))

    return effect


def _require(store: Store, number: int) -> None:
    if not store.query("SELECT 1 FROM network WHERE id = ?", (number,)):
        raise NotFound(f"network {number} does not exist", code="NO_NETWORK", hint="vmconsole network list")


def _insert(store: Store, network_id: int, range_id: int, one: AddressRange) -> None:
    store.execute(
        "INSERT INTO address_range (network_id, range_id, ip, size, mac) VALUES (?, ?, ?, ?, ?)",
        (network_id, range_id, str(one.first), one.size, one.mac),
    )
