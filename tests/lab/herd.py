"""VMs kept by the place they are at: taken when a test needs some there, given back wherever it left them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from .command import LabError
from .faults.faults import AWAY, BY_FAILURE, HOME, Fault
from .field import CELL, IMAGES
from .hosts import Lab
from .product import REST, Document, Product

ROUTES = {
    "PENDING": ("HOLD", "release {vms}"),
    "RUNNING": ("HOLD", f"deploy {{vms}} {HOME}"),
    "SUSPENDED": ("RUNNING", "suspend {vms}"),
    "PAUSED": ("RUNNING", "pause {vms}"),
    "POWEROFF": ("RUNNING", "poweroff {vms} --hard"),
    "STOPPED": ("RUNNING", "stop {vms}"),
    "UNDEPLOYED": ("RUNNING", "undeploy {vms} --hard"),
    "DONE": ("HOLD", "terminate {vms}"),
}
"""How a place is reached from another; those that are not here are reached by what happens on the host."""
_REUSED = frozenset(ROUTES) - {"DONE"} | {"HOLD"}
_TIRED = frozenset({"stop", "undeploy", "undeploy-hard"})
"""Actions after which a VM that waits for a host would not start afresh."""
PATIENCE = 240
"""Seconds that many VMs at once may take on a busy machine."""
_MONITOR = '{{"execute":"{}"}}'


def place_of(vm: Document) -> str:
    """Where a VM is; PAUSED if it is SUSPENDED with its memory still in the host's."""
    place: str = vm["lcm_state"] if vm["state"] == "ACTIVE" else vm["state"]
    return "PAUSED" if place == "SUSPENDED" and vm["paused"] else place


class Herd:
    """VMs of one template on `HOME`, as many as are needed where they are needed."""

    def __init__(self, product: Product, lab: Lab, template: str = "cell") -> None:
        self.product = product
        self.lab = lab
        self._template = template
        self._idle: dict[str, list[int]] = {}
        self._clones = 0
        self.born: list[int] = []

    # Taking and giving back

    def take(self, place: str, count: int) -> list[int]:
        """So many VMs that are at `place`, on or from `HOME`."""
        idle = self._idle.setdefault(place, [])
        found = [idle.pop() for _ in range(min(count, len(idle)))]
        missing = count - len(found)
        return found + self._bring(place, missing) if missing else found

    def give_back(self, vms: Iterable[int]) -> None:
        """Keep those VMs for later that are as good as fresh ones."""
        alive = self.lab[HOME].domains()
        for vm in self.look(vms):
            place = place_of(vm)
            if place == "RUNNING" and f"one-{vm['id']}" not in alive:
                continue  # it was said to run, and will be seen to be off
            if place in _REUSED and _fresh(vm, place):
                self._idle.setdefault(place, []).append(vm["id"])

    def look(self, vms: Iterable[int]) -> list[Document]:
        """Everything about VMs."""
        return self.product.script(f"show {vm}" for vm in vms)

    def at_rest(self, vms: Iterable[int], timeout: float = PATIENCE) -> list[Document]:
        """Everything about VMs, as soon as nothing is being done to any of them."""
        return self._as_soon_as(vms, lambda vm: vm["stat"] in REST and not vm["operation"], timeout)

    def settled(self, vms: Iterable[int], place: str, timeout: float = PATIENCE) -> None:
        """Wait until all these VMs are at a place, and nothing is being done to them."""
        self._as_soon_as(vms, lambda vm: place_of(vm) == place and not vm["operation"], timeout)

    def _as_soon_as(self, vms: Iterable[int], fact: Callable[[Document], bool], timeout: float) -> list[Document]:
        deadline, numbers = time.monotonic() + timeout, list(vms)
        while True:
            seen = self.look(numbers)
            away = [vm for vm in seen if not fact(vm)]
            if not away:
                return seen
            if time.monotonic() > deadline:
                where = {vm["id"]: (place_of(vm), vm["operation"], vm["message"]) for vm in away}
                raise LabError(f"not so within {timeout:g} s: {where}\n{self.product.log()}")
            time.sleep(0.2)

    # Going to a place

    def _bring(self, place: str, count: int) -> list[int]:
        if place == "HOLD":
            vms = self._born(self._template, count, "--hold")
        elif place == "UNKNOWN":
            vms = self.take("RUNNING", count)
            self.stall(vms)
        elif place == "CLONING_FAILURE":
            vms = self._cloning_failed(count)
        elif place in BY_FAILURE:
            fault = BY_FAILURE[place]
            vms = self.fail(fault, count)
            self.mend(fault, vms)
        else:
            origin, command = ROUTES[place]
            vms = self.take(origin, count)
            self.product.run(*command.format(vms=listed(vms)).split(), "--yes", timeout=PATIENCE)
        self.settled(vms, place)
        return vms

    def _born(self, template: str, count: int, *options: str) -> list[int]:
        made = self.product.instantiate(template, "--multiple", str(count), *options)
        self.born += made
        return made

    def stall(self, vms: Iterable[int]) -> None:
        """Stop the guests behind libvirt's back, for a reason it does not know."""
        for vm in vms:
            self.lab[HOME].virsh("qemu-monitor-command", f"one-{vm}", _MONITOR.format("stop"))

    def wake(self, vms: Iterable[int]) -> None:
        """Let guests go on that were stopped so."""
        for vm in vms:
            self.lab[HOME].virsh("qemu-monitor-command", f"one-{vm}", _MONITOR.format("cont"))

    def fail(self, fault: Fault, count: int) -> list[int]:
        """So many VMs that failed by a fault, which is still there."""
        vms = self.take(fault.start, count)
        fault.harm.befall(self.lab[fault.host], vms)
        self.product.script([f"{fault.command.format(vm=vm)} --no-wait" for vm in vms])
        self.settled(vms, fault.failure)
        return vms

    def mend(self, fault: Fault, vms: Iterable[int]) -> None:
        """Take the fault away; the VMs stay failed."""
        fault.harm.undo(self.lab[fault.host], vms)

    def work_by_hand(self, place: str, vm: int) -> None:
        """Do what an operator does before saying that the step that failed at `place` is done."""
        fault = BY_FAILURE.get(place)
        if fault is not None and fault.by_hand:
            self.lab[HOME].run("sh", "-ec", f"vm={vm}; {fault.by_hand}")

    def _cloning_failed(self, count: int) -> list[int]:
        """VMs on an image whose content could not be written: while it was to be, its host fell silent."""
        self._clones += 1
        (source,) = self.take("POWEROFF", 1)
        host, name = self.lab[HOME], f"clone-{self._clones}"
        host.run("sh", "-ec", f"mount --bind {IMAGES} {IMAGES}; mount -o remount,bind,ro {IMAGES}")
        host.hang("libvirtd", 30)
        try:
            copying = self.product.submit("disk-saveas", str(source), "0", name)
            self.product.until(source, "hotp")
            self.product.add_template(name, CELL.replace("sector", name))
            vms = self._born(name, count)
        finally:
            host.wake("libvirtd")
        self.product.ended(copying)
        host.run("umount", IMAGES)
        self.settled(vms, "CLONING_FAILURE")
        return vms


def listed(vms: Iterable[int]) -> str:
    return ",".join(map(str, vms))


def _fresh(vm: Document, place: str) -> bool:
    history = vm["history"]
    last = history[-1] if history else {"host": HOME, "action": ""}
    if place in ("PENDING", "HOLD"):
        return last["action"] not in _TIRED
    return bool(last["host"] != AWAY)
