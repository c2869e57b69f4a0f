"""The snapshots of persistent images: a tree belongs to its image, and is with the one disk that uses it (ON-122).

A VM's disk takes the tree over when it is made on the image, works on it as on its own, and leaves it behind.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vmconsole.controller.vm_record import LAYER, NEXT_SNAPSHOT
from vmconsole.controller.volumes import image_layer

if TYPE_CHECKING:
    from vmconsole.store.session import Store

_NODE = "snapshot_id, parent_id, name, active, created, size_bytes, volume, copied, frozen, stat, configuration"
_COUNTERS = (LAYER, NEXT_SNAPSHOT)


def lend(store: Store, image_id: int, vm_id: int, disk_id: int) -> None:
    """From now on the disk, which has its row already, has the image's tree."""
    store.execute(
        f"INSERT INTO disk_snapshot (vm_id, disk_id, {_NODE})"
        f" SELECT {int(vm_id)}, {int(disk_id)}, {_NODE} FROM image_snapshot WHERE image_id = ?",
        (image_id,),
    )
    store.execute("DELETE FROM image_snapshot WHERE image_id = ?", (image_id,))
    counters = _counters(store, "image", "id = ?", (image_id,))
    _count_on(store, "disk", "vm_id = ? AND disk_id = ?", (vm_id, disk_id), counters)


def take_back(store: Store, image_id: int, vm_id: int) -> None:
    """The VM has done with the image: its tree, as it is now, is the image's again."""
    for (disk_id,) in store.query(
        "SELECT disk_id FROM disk WHERE vm_id = ? AND image_id = ? AND persistent = 1", (vm_id, image_id)
    ):
        of_disk = (vm_id, disk_id)
        store.execute(
            f"INSERT INTO image_snapshot (image_id, {_NODE})"
            f" SELECT {int(image_id)}, {_NODE} FROM disk_snapshot WHERE vm_id = ? AND disk_id = ?",
            of_disk,
        )
        store.execute("DELETE FROM disk_snapshot WHERE vm_id = ? AND disk_id = ?", of_disk)
        counters = _counters(store, "disk", "vm_id = ? AND disk_id = ?", of_disk)
        _count_on(store, "image", "id = ?", (image_id,), counters)


def top(store: Store, image_id: int, volume: str, path: str) -> None:
    """What a persistent image is now lies in this volume, on the host where the image lies."""
    store.execute("UPDATE image_copy SET volume = ?, path = ? WHERE image_id = ?", (volume, path, image_id))


def has_tree(store: Store, image_id: int) -> bool:
    """Whether the image, which no VM uses, has snapshots."""
    return bool(store.query("SELECT 1 FROM image_snapshot WHERE image_id = ? LIMIT 1", (image_id,)))


def volumes(store: Store, image_id: int) -> list[str]:
    """Every volume that an image, which no VM uses, may consist of, each before those it lies on."""
    newest = _counters(store, "image", "id = ?", (image_id,)).get(LAYER, 0)
    return [image_layer(image_id, number) for number in range(newest, -1, -1)]


def _counters(store: Store, table: str, condition: str, key: tuple[int, ...]) -> dict[str, int]:
    attributes = json.loads(store.query(f"SELECT attributes FROM {table} WHERE {condition}", key)[0][0])
    return {name: int(attributes[name]) for name in _COUNTERS if name in attributes}


def _count_on(store: Store, table: str, condition: str, key: tuple[int, ...], counters: dict[str, int]) -> None:
    """Numbers go on where they were: none is given twice."""
    if not counters:
        return
    attributes = json.loads(store.query(f"SELECT attributes FROM {table} WHERE {condition}", key)[0][0])
    for name, value in counters.items():
        attributes[name] = str(max(value, int(attributes.get(name, 0))))
    store.execute(f"UPDATE {table} SET attributes = ? WHERE {condition}", (json.dumps(attributes), *key))
