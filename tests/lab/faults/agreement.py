"""Whether store and hosts say the same of a VM: `virsh`, `qemu-img` and the files themselves are the witnesses."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.domains import power
from tests.lab.field import IMAGES, POOL
from tests.lab.herd import place_of
from tests.lab.hosts import Host, Lab
from tests.lab.product import Document, Product

_NOWHERE = frozenset({"PENDING", "HOLD", "STOPPED", "UNDEPLOYED", "DONE"})
_OFF = (("shut off", False), None)
# What virsh may say on the VM's own host: (state, has a managed save), or None for no domain. One whose file of memory
# came from elsewhere has no managed save; one that failed before it was defined has no domain.
_SAYS = {
    "RUNNING": (("running", False),),
    "POWEROFF": _OFF,
    "SUSPENDED": (("shut off", True), *_OFF),
    "PAUSED": (("paused", False),),
}


@dataclass(frozen=True, slots=True)
class Census:
    """Everything that was made for VMs, on all hosts."""

    files: dict[str, frozenset[str]]
    """Names in each host's pool."""

    @classmethod
    def of(cls, lab: Lab) -> Census:
        return cls({host.name: frozenset(host.run("ls", POOL).split()) for host in lab.hosts})

    def of_vm(self, vm: int) -> dict[str, set[str]]:
        """The files of one VM, by host."""
        marks = (f"one-{vm}-", f"one-{vm}.")
        return {host: {name for name in names if name.startswith(marks)} for host, names in self.files.items()}


def disagreement(lab: Lab, vm: Document) -> str:
    """What the hosts do not confirm of a VM that is at rest; empty if they confirm all of it."""
    place, number = place_of(vm), vm["id"]
    seen = {host.name: power(host, f"one-{number}") for host in lab.hosts}
    allowed = {host: ((None,) if host != vm["host"] or place in _NOWHERE else _SAYS[place]) for host in seen}
    if wrong := {host: seen[host] for host in seen if seen[host] not in allowed[host]}:
        return f"{place} on {vm['host']}, and virsh says {wrong}"
    return _files(lab, vm, place)


def _files(lab: Lab, vm: Document, place: str) -> str:
    found = Census.of(lab).of_vm(vm["id"])
    there = sorted(name for names in found.values() for name in names)
    disks = [f"one-{vm['id']}-disk-{disk['disk_id']}" for disk in vm["disks"]]
    if place in ("DONE", "PENDING"):
        return f"{place}, and there is {there}" if there else ""
    memory = f"one-{vm['id']}.checkpoint"
    needs_memory = place == "STOPPED"
    if sorted(name for name in there if name != memory) != disks or (needs_memory and memory not in there):
        return f"{place}, and there is {found}"
    if place == "RUNNING":
        return ""
    return "".join(_checked(lab[host], name) for host, names in found.items() for name in names if name != memory)


def _checked(host: Host, name: str) -> str:
    """What qemu-img says of a volume that nobody writes to; nothing if it is sound and lies on its image."""
    host.run("qemu-img", "check", "-q", f"{POOL}/{name}")
    said = host.run("qemu-img", "info", f"{POOL}/{name}")
    return "" if f"backing file: {IMAGES}/image-" in said else f"{name} on {host.name} lies on no image"


def left_behind(product: Product, lab: Lab) -> list[str]:
    """What there still is on hosts and in the books when no VM is alive any more."""
    found = [f"{host}: {name}" for host, names in Census.of(lab).files.items() for name in names]
    found += [f"{host.name}: domain {name}" for host in lab.hosts for name in host.domains("--all")]
    found += [
        f"{host.name}: {name}"
        for host in lab.hosts
        for name in host.run("sh", "-c", "ls /var/lib/libvirt/qemu/save").split()
    ]
    found += [f"{net['name']}: {net['leases']} leases" for net in product.json("network", "list") if net["leases"]]
    for host in product.json("host", "list"):
        for what in ("cpu", "memory_kib"):
            if host[f"allocatable_{what}"] != host[f"total_{what}"]:
                found.append(
                    f"{host['name']}: of {host[f'total_{what}']} {what} only {host[f'allocatable_{what}']} are free"
                )
    return found
