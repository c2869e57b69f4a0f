"""The records of disks that are saved: each as an image that is there at once, locked until its content is.

One disk is saved by itself, or all of a VM together, with a template that makes more VMs like it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from vmconsole.controller import disk_snapshot_entries as disk_snapshots
from vmconsole.controller import vm_record
from vmconsole.controller.machine_description import disk_vector, nic_vectors
from vmconsole.controller.registration import add_image, add_template, refuse_twin
from vmconsole.errors import BadInput, Conflict, NotFound
from vmconsole.lifecycle.steps import Entry
from vmconsole.templates import syntax, vm
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.sizes import memory_mib

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.vm_record import Disk, VmRecord
    from vmconsole.store.session import Store
    from vmconsole.templates.template import Template, Vector

_VOLATILE = ("fs", "swap")


def open_saved_disk(store: Store, job: Job) -> dict[str, Any]:
    """The image that a disk, or a snapshot of it, is saved as (ON-104).

    Raises:
        NotFound: there is no such disk or snapshot. Conflict: it is volatile, or the image's name is taken.
        BadInput: the type is none of images.
    """
    record, text = vm_record.load(store, job.vm_id), str(job.arguments["disk_id"])
    disk = next((disk for disk in record.disks if str(disk.disk_id) == text), None)
    if disk is None:
        raise NotFound(f"VM {job.vm_id} has no disk {text}", code="NO_DISK", hint=f"vmconsole show {job.vm_id}")
    if disk.type in (*_VOLATILE, "context"):
        raise Conflict(f"disk {text} is volatile: it cannot be saved as an image", code="DISK_KIND")
    node = disk_snapshots.name_disk_snapshot_to_copy(store, job)
    kind = str(job.arguments.get("type") or _kind(store, disk)).upper()
    if kind not in ("OS", "DATABLOCK", "CDROM"):
        raise BadInput(f"an image is os, datablock or cdrom, not {kind.lower()!r}", code="INPUT_IMAGE")
    name = str(job.arguments["name"])
    image_id = add_image(store, name, kind, user_id=job.user_id, now=int(time.time()))
    return {"image_id": image_id, "copies": [{"disk_id": disk.disk_id, "image_id": image_id, **node}]}


def open_saved_vm(store: Store, job: Job) -> dict[str, Any]:
    """A private template of the VM as it is, with an image for each disk that has content (ON-141 to ON-144).

    What the VM's own template says now is taken over, except capacity, disks and NICs. Volatile disks stay empty,
    CD-ROMs are shared as they are, and NICs get new addresses.

    Raises:
        Conflict: the VM was not made from a template, or a name is taken. NotFound: that template is gone.
        BadInput: the template would not make a VM.
    """
    record = vm_record.load(store, job.vm_id)
    source_id, source = _source(store, record)
    name, now = str(job.arguments["name"]), int(time.time())
    vectors = [(disk, disk_vector(disk)) for disk in record.disks if disk.type != "context"]
    saved = {disk.disk_id: f"{name}-disk-{disk.disk_id}" for disk, _ in vectors if _has_content(disk)}
    refuse_twin(store, "template", name, job.user_id)
    for image in saved.values():
        refuse_twin(store, "image", image, job.user_id)
    template = _resembling(source, record, nic_vectors(store, record.id))
    for key, value in {"NAME": name, "SAVED_TEMPLATE_ID": str(source_id)}.items():
        template.set(key, value)
    _check(template, f"template {source_id} and {record.label} do not agree", [vector for _, vector in vectors])

    # Nothing is refused from here on.
    copies = []
    for disk, vector in vectors:
        if disk.disk_id in saved:
            image_id = add_image(
                store, saved[disk.disk_id], _kind(store, disk), user_id=job.user_id, now=now,
                persistent=bool(job.arguments.get("persistent")),
            )  # fmt: skip
            copies.append({"disk_id": disk.disk_id, "image_id": image_id})
            vector["IMAGE_ID"] = str(image_id)
        template.add("DISK", vector)
    template_id = add_template(store, name, syntax.render(template), user_id=job.user_id, now=now)
    return {"template_id": template_id, "copies": copies}


def _has_content(disk: Disk) -> bool:
    """Whether there is something to be saved: a volatile disk stays empty, and nobody writes to a CD-ROM."""
    return disk.type not in (*_VOLATILE, "cdrom")


def _resembling(source: Template, record: VmRecord, nics: list[Vector]) -> Template:
    """The template with the VM's capacity and NICs, and no disks yet."""
    template = source.copy()
    for key in ("DISK", "NIC", "NIC_ALIAS"):
        template.remove(key)
    for nic in nics:
        template.add("NIC", nic)
    for key, value in (("CPU", f"{record.cpu:g}"), ("VCPU", str(record.vcpu)), ("MEMORY", str(record.memory_mib))):
        template.set(key, value)
    for key, read, has in (("VCPU_MAX", int, record.vcpu), ("MEMORY_MAX", memory_mib, record.memory_mib)):
        if template.text(key) and read(template.text(key)) < has:  # it has outgrown what it was to grow to
            template.remove(key)
    return template


def _check(template: Template, complaint: str, disks: list[Vector]) -> None:
    """Raise BadInput unless a VM can be made of the template with these disks."""
    trial = template.copy()
    for vector in disks:
        trial.add("DISK", vector if "TYPE" in vector else {"IMAGE_ID": "0", **vector})
    try:
        vm.check(trial)
    except BadTemplate as error:
        raise BadInput(f"{complaint}: {error}", code="INPUT_TEMPLATE") from error


def settle_saved(store: Store, job: Job, entry: Entry) -> None:
    """The images can be used, or are in error; of a whole VM nothing is kept unless everything was saved."""
    numbers = [copy["image_id"] for copy in job.arguments["copies"]]
    template_id = job.arguments.get("template_id")
    if entry is not Entry.READY and template_id is not None:
        store.execute("DELETE FROM template WHERE id = ?", (template_id,))
        for number in numbers:
            store.execute("DELETE FROM image WHERE id = ? AND state = 'lock'", (number,))
        return
    state = "rdy" if entry is Entry.READY else "err"
    for number in numbers:
        store.execute(
            "UPDATE image SET state = ?, changed = ? WHERE id = ? AND state = 'lock'",
            (state, store.next_change(), number),
        )


def _source(store: Store, record: VmRecord) -> tuple[int, Template]:
    """The template the VM was made from, as it is now."""
    ((number,),) = store.query("SELECT template_id FROM vm WHERE id = ?", (record.id,))
    if number is None:
        raise Conflict(f"{record.label} was not made from a template", code="VM_TEMPLATE")
    rows = store.query("SELECT body FROM template WHERE id = ?", (number,))
    if not rows:
        raise NotFound(f"template {number}, of which {record.label} was made, is gone", code="NO_TEMPLATE")
    try:
        return int(number), syntax.parse(rows[0][0])
    except BadTemplate as error:
        raise BadInput(f"template {number}: {error}", code="INPUT_TEMPLATE") from error


def _kind(store: Store, disk: Disk) -> str:
    """The type of the image a disk was made on."""
    rows = store.query("SELECT type FROM image WHERE id = ?", (disk.image_id,))
    return str(rows[0][0]) if rows else "DATABLOCK"
