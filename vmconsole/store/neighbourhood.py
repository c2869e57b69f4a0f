"""What a VM needs near it: networks for its NICs and datastores for its disks, which serve clusters, not hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vmconsole.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmconsole.store.session import Store


class Needs(NamedTuple):
    """What must be in the cluster of a VM's host, and how much room its files will take."""

    networks: frozenset[int] = frozenset()
    datastores: frozenset[int] = frozenset()
    """Those of the images its disks are of, and of the volumes it has already."""
    unmade_bytes: int = 0
    """Size of the disks that are still to be made."""
    settled: bool = False
    """Whether it has volumes in a system datastore, where it then stays."""


NOTHING = Needs()


def needs(store: Store, condition: str, parameters: Sequence[Any]) -> dict[int, Needs]:
    """The needs of the VMs that a condition on ``vm`` selects; those that need nothing are left out."""
    found: dict[int, Needs] = {}
    for number, network_id in store.query(
        f"SELECT vm_id, network_id FROM nic JOIN vm ON vm.id = vm_id WHERE network_id IS NOT NULL AND {condition}",
        parameters,
    ):
        before = found.get(number, NOTHING)
        found[number] = before._replace(networks=before.networks | {network_id})
    for number, image_home, home, volume, persistent, size in store.query(
        "SELECT disk.vm_id, image.datastore_id, disk.datastore_id, volume, disk.persistent, disk.size_bytes FROM disk"
        f" JOIN vm ON vm.id = disk.vm_id LEFT JOIN image ON image.id = disk.image_id WHERE {condition}",
        parameters,
    ):
        before = found.get(number, NOTHING)
        own = bool(volume) and not persistent
        homes = {place for place in (image_home, home if own else None) if place is not None}
        found[number] = before._replace(
            datastores=before.datastores | homes,
            unmade_bytes=before.unmade_bytes + (0 if volume or persistent else size),
            settled=before.settled or own,
        )
    return found


class Neighbourhoods:
    """Which networks and datastores serve which cluster."""

    def __init__(self, store: Store) -> None:
        self._networks = set(store.query("SELECT cluster_id, network_id FROM cluster_network"))
        self._datastores = set(store.query("SELECT cluster_id, datastore_id FROM cluster_datastore"))

    def lacking(self, cluster_id: int, wanted: Needs) -> list[str]:
        """What a VM needs and a cluster does not have, in words."""
        networks = [number for number in sorted(wanted.networks) if (cluster_id, number) not in self._networks]
        datastores = [number for number in sorted(wanted.datastores) if not self.has(cluster_id, number)]
        return [*(f"network {number}" for number in networks), *(f"datastore {number}" for number in datastores)]

    def has(self, cluster_id: int, datastore_id: int) -> bool:
        """Whether a datastore serves a cluster."""
        return (cluster_id, datastore_id) in self._datastores


def require_near(store: Store, vm_id: int, host_id: int, datastore_id: int | None = None) -> None:
    """Raise Conflict if a host's cluster has not what a VM needs, or not the datastore its files are to go to.

    Args:
        datastore_id: where they are to go; None if they stay in their datastore.
    """
    wanted = needs(store, "vm.id = ?", (vm_id,)).get(vm_id, NOTHING)
    if datastore_id is not None:
        wanted = wanted._replace(datastores=wanted.datastores | {datastore_id})
    host, cluster_id, cluster = store.query(
        "SELECT host.name, cluster.id, cluster.name FROM host JOIN cluster ON cluster.id = cluster_id"
        " WHERE host.id = ?",
        (host_id,),
    )[0]
    if lacking := Neighbourhoods(store).lacking(cluster_id, wanted):
        raise Conflict(
            f"VM {vm_id} needs {' and '.join(lacking)}, which cluster {cluster} of host {host} has not",
            code="CLUSTER_LACKS",
            hint=f"vmconsole cluster show {cluster}",
        )
