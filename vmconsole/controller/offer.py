"""What one placement cycle has to give away, and the best of it for one VM after the other."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple

from vmconsole.controller.capacity import candidates_now
from vmconsole.controller.shelves import best, shelves_now
from vmconsole.lifecycle.permissions import Right
from vmconsole.store.neighbourhood import NOTHING, Neighbourhoods, needs
from vmconsole.store.users import NOBODY, account
from vmconsole.templates import rank, requirements
from vmconsole.templates.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from vmconsole.controller.capacity import Candidate
    from vmconsole.controller.shelves import Shelf
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.neighbourhood import Needs
    from vmconsole.store.users import User


class Waiting(NamedTuple):
    """A VM that waits for a host. Thousands may: one statement reads all that is asked of them."""

    id: int
    version: int
    cpu: float
    memory_mib: int
    user_template: str
    message: str
    owner: int
    datastore_id: int
    bound_to: int | None
    """See `VmRecord.bound_to`."""


class Place(NamedTuple):
    """Where a VM goes: a host, and a system datastore unless it stays in its own."""

    host: Candidate
    shelf: Shelf | None


class Offer:
    """What one cycle has to give away, read once; it shrinks with each VM that is placed.

    Args:
        condition, parameters: select the VMs that wait, on ``vm``.
    """

    def __init__(self, around: Surroundings, condition: str, parameters: Sequence[Any]) -> None:
        self._around = around
        self.hosts = candidates_now(around)
        self._shelves = shelves_now(around.store)
        self._needs = needs(around.store, condition, parameters)
        self._neighbourhoods = Neighbourhoods(around.store)
        self._owners: dict[int, User] = {}

    def choose(self, vm: Waiting, *, without: int | None = None) -> tuple[Place | None, str]:
        """The best place for a VM, or why there is none.

        Args:
            without: a host that is left out, because the VM is to leave it.
        """
        try:
            return self._choose(vm, without)
        except ExpressionError as error:
            return None, f"its placement rules cannot be read: {error}"

    def take(self, vm: Waiting, place: Place) -> None:
        """The VM goes there: what it takes is no longer on offer."""
        place.host.take(vm.cpu, vm.memory_mib)
        if place.shelf is not None:
            place.shelf.take(self._needs_of(vm).unmade_bytes, place.host.id)

    def _choose(self, vm: Waiting, without: int | None) -> tuple[Place | None, str]:
        hosts = [host for host in self.hosts if host.id != without]
        if not hosts:
            return None, "no host is on" if without is None else "no other host is on"
        hosts = [host for host in hosts if vm.bound_to in (None, host.id)]
        if not hosts:
            return None, "the host where its disks lie is not on"
        owner = self._owner(vm)
        hosts = [host for host in hosts if owner.may(Right.MANAGE, "host", host.id, NOBODY, NOBODY, 0)]
        if not hosts:
            return None, "its owner may use no host that is on"
        attributes = json.loads(vm.user_template)
        if expression := attributes.get("SCHED_REQUIREMENTS", ""):
            wanted = requirements.parse(expression)
            hosts = [host for host in hosts if wanted.matches(host.attributes)]
        if not hosts:
            return None, f"no host meets its requirements: {expression}"
        near = [host for host in hosts if not self._neighbourhoods.lacking(host.cluster_id, self._needs_of(vm))]
        if not near:
            return None, self._missing(vm, hosts)
        hosts = [host for host in near if host.fits(vm.cpu, vm.memory_mib)]
        if not hosts:
            return None, f"no host has {vm.cpu:g} CPU and {vm.memory_mib} MiB left"
        return self._with_shelf(vm, owner, attributes, sorted(hosts, key=self._order(attributes), reverse=True))

    def _with_shelf(
        self, vm: Waiting, owner: User, attributes: dict[str, Any], hosts: list[Candidate]
    ) -> tuple[Place | None, str]:
        """The first of the hosts, best first, that has a datastore for the VM's files."""
        wanted = self._needs_of(vm)
        if wanted.settled or vm.bound_to is not None:
            return Place(hosts[0], None), ""
        usable = [shelf for shelf in self._shelves if shelf.usable_by(owner)]
        policy, why = self._around.settings["datastore_policy"], ""
        size = wanted.unmade_bytes if self._around.settings["datastore_capacity_check"] else 0
        for host in hosts:
            near = [shelf for shelf in usable if self._neighbourhoods.has(host.cluster_id, shelf.id)]
            shelf, why = best(near, attributes, size, host.id, policy)
            if shelf is not None:
                return Place(host, shelf), ""
        return None, why

    def _order(self, attributes: dict[str, Any]) -> Callable[[Candidate], tuple[float, ...]]:
        """How good hosts are for a VM: by its own rank or else the policy; among equals the first is better."""
        policy = self._around.settings["placement_policy"]
        own = attributes.get("SCHED_RANK") or (self._around.settings["placement_rank"] if policy == "custom" else "")
        if own:
            order = rank.parse(own)
            return lambda host: (order.value(host.attributes), -host.id)
        return lambda host: (*_merit(policy, host), -host.id)

    def _missing(self, vm: Waiting, hosts: list[Candidate]) -> str:
        wanted = self._needs_of(vm)
        lacking = min((self._neighbourhoods.lacking(host.cluster_id, wanted) for host in hosts), key=len)
        return f"no host that would do is in a cluster with {' and '.join(lacking)}"

    def _needs_of(self, vm: Waiting) -> Needs:
        return self._needs.get(vm.id, NOTHING)

    def _owner(self, vm: Waiting) -> User:
        if vm.owner not in self._owners:
            self._owners[vm.owner] = account(self._around.store, vm.owner)
        return self._owners[vm.owner]


def _merit(policy: str, host: Candidate) -> tuple[float, float]:
    """How good a host is by the policy; among equals the one with more left is better."""
    if policy == "packing":
        return host.vms, host.cpu_left
    if policy == "load":
        return host.free_cpu, host.cpu_left
    if policy == "fixed":
        return number(host.attributes.get("PRIORITY")), host.cpu_left
    return -host.vms, host.cpu_left


def number(value: object) -> float:
    """A number that people have written somewhere; 0 for anything else."""
    try:
        found = float(str(value))
    except ValueError:
        return 0.0
    return found if isfinite(found) else 0.0
