"""What a VM is made of now, in the words of a template: kept with a backup, and made a machine again of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from vmconsole.controller.supply import MIB
from vmconsole.templates.template import Template

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from vmconsole.controller.vm_record import Disk, VmRecord
    from vmconsole.store.session import Store
    from vmconsole.templates.template import Vector

DISK_ID = "DISK_ID"
"""In a DISK of a description, the disk it was; no template that is read has it."""
_APART = frozenset({"NAME", "CPU", "VCPU", "MEMORY", "DISK", "NIC", "NIC_ALIAS"})
_TUNING = ("CACHE", "DISCARD", "IO")


def describe(store: Store, vm: VmRecord) -> dict[str, Any]:
    """The template of a VM with the disks, NICs and capacity it has come to; its addresses stay its own."""
    user_template = json.loads(store.query("SELECT user_template FROM vm WHERE id = ?", (vm.id,))[0][0])
    whole = Template.from_data(
        {key: value for key, value in {**vm.template, **user_template}.items() if key not in _APART}
    )
    for key, value in (("CPU", f"{vm.cpu:g}"), ("VCPU", vm.vcpu), ("MEMORY", vm.memory_mib)):
        whole.add(key, str(value))
    for disk in vm.disks:
        if disk.type != "context":
            whole.add("DISK", {DISK_ID: str(disk.disk_id), **disk_vector(disk)})
    for nic in nic_vectors(store, vm.id):
        whole.add("NIC", nic)
    return whole.to_data()


def machine(description: Mapping[str, Any], name: str, images: Mapping[int, int]) -> Template:
    """The template of a new VM.

    Args:
        images: the new image of each disk by the id of the disk. Of what else had an image, CD-ROMs use it again.
    """
    whole = Template.from_data(description)
    disks = whole.vectors("DISK")
    whole.remove("DISK")
    whole.set("NAME", name)
    for vector in disks:
        number = int(vector.pop(DISK_ID))
        if number in images:
            kept = {key: value for key, value in vector.items() if key in ("TARGET", *_TUNING)}
            whole.add("DISK", {"IMAGE_ID": str(images[number]), **kept})
        elif "IMAGE_ID" in vector or "TYPE" in vector:
            whole.add("DISK", vector)
    return whole


def disk_vector(disk: Disk) -> Vector:
    """A disk in the words of a template; its image is still to be named, unless it is a CD-ROM."""
    vector: Vector = {"TARGET": disk.target, **{key: disk.attributes[key] for key in _TUNING if key in disk.attributes}}
    if disk.type in ("fs", "swap"):
        vector |= {"TYPE": disk.type, "SIZE": str(-(-disk.size_bytes // MIB)), "FORMAT": disk.format}
    elif disk.type == "cdrom":
        vector["IMAGE_ID"] = str(disk.image_id)
    elif disk.readonly:
        vector["READONLY"] = "YES"
    return vector


def nic_vectors(store: Store, vm_id: int) -> list[Vector]:
    """The NICs in the words of a template, without addresses."""
    rows = store.query("SELECT network_id, source, model FROM nic WHERE vm_id = ? ORDER BY nic_id", (vm_id,))
    return [
        {"MODEL": model, **({"BRIDGE": source} if network_id is None else {"NETWORK_ID": str(network_id)})}
        for network_id, source, model in rows
    ]
