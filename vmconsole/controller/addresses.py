"""Addresses that a network gives out: those of its ranges that no NIC has a lease of."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from vmconsole.errors import BadInput, Conflict
from vmconsole.store.conditions import ALIVE
from vmconsole.templates.network import AddressRange

if TYPE_CHECKING:
    from vmconsole.store.session import Store


NOBODY = -1
"""Who has a lease of an address that is held back: no VM, no NIC."""


def ranges(store: Store, network_id: int) -> list[AddressRange]:
    """The address ranges of a network, in order."""
    rows = store.query("SELECT ip, size, mac FROM address_range WHERE network_id = ? ORDER BY range_id", (network_id,))
    return [AddressRange(ip_address(ip), size, mac) for ip, size, mac in rows]


def choose(store: Store, network_id: int, ip: str | None, mac: str | None) -> tuple[str, str]:
    """(IP, MAC) for a new NIC: what is asked for, or the next free address; each empty where the network has no say.

    Raises:
        BadInput: the address asked for is in no range of the network.
        Conflict: it is taken, or none is left.
    """
    known = ranges(store, network_id)
    if ip is not None and store.query("SELECT 1 FROM network_lease WHERE network_id = ? AND ip = ?", (network_id, ip)):
        raise Conflict(f"address {ip} of network {network_id} is taken", code="ADDRESS_TAKEN")
    if not known:
        return ip or "", mac or ""
    if ip is not None:
        own = next((found for one in known if (found := one.mac_of(ip)) is not None), None)
        if own is None:
            raise BadInput(
                f"address {ip} is in no range of network {network_id}",
                code="INPUT_ADDRESS",
                hint=f"vmconsole network show {network_id}",
            )
        return ip, mac or own
    leases = store.query("SELECT ip, mac FROM network_lease WHERE network_id = ?", (network_id,))
    taken = {address for lease in leases for address in lease}
    for one in known:
        for free, own in one.pairs():
            if free not in taken and (mac or own) not in taken and not is_used(store, mac or own):
                return free, mac or own
    raise Conflict(f"network {network_id} has no free address left", code="ADDRESSES_EXHAUSTED")


def is_used(store: Store, mac: str) -> bool:
    """Whether a NIC of a living VM has this MAC address, on whatever network."""
    return bool(store.query(f"SELECT 1 FROM nic JOIN vm ON vm.id = nic.vm_id WHERE nic.mac = ? AND {ALIVE}", (mac,)))
