"""What may stand in a field: objects in the store, with what a person chooses by. For any thread."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vmconsole.commands import host
from vmconsole.console import orders
from vmconsole.console.completion import Candidate
from vmconsole.lifecycle import actions
from vmconsole.presentation import safe
from vmconsole.resources import data_path
from vmconsole.store import feed, vm_reading
from vmconsole.store.session import open_session
from vmconsole.templates.sizes import human

if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.console.completion import Names
    from vmconsole.console.forms.fields import Field


VM_KINDS = ("vm", "vms")
LISTED = ("vms", "list-multiple")
"""Kinds of fields that take several words, parted by commas."""


class Sources:
    """Candidates for the fields of one form, remembered while it is open.

    Args:
        url: the store.
        names: names of VMs.
    """

    def __init__(self, url: str, names: Names) -> None:
        self._url = url
        self._names = names
        self._known: dict[tuple[str, int | None, str], list[Candidate]] = {}

    def at_hand(
        self, field: Field, text: str, values: Mapping[str, str], vm_id: int | None
    ) -> Sequence[Candidate] | None:
        """What may stand in a field, as far as that needs no reading; None when `read` has to find out."""
        if field.switch or field.choices or field.answer:
            return field.choices
        if field.kind in VM_KINDS:
            return [Candidate(*found) for found in self._names(field.kind, text)]
        return self._known.get(self._key(field, values, vm_id))

    def read(self, field: Field, values: Mapping[str, str], vm_id: int | None) -> Sequence[Candidate]:
        """What may stand in a field, from the store; may be called in any thread."""
        found = self._known[self._key(field, values, vm_id)] = candidates(self._url, field, values, vm_id)
        return found

    def _key(self, field: Field, values: Mapping[str, str], vm_id: int | None) -> tuple[str, int | None, str]:
        return field.name, vm_id, values.get("disk_id", "")


def candidates(url: str, field: Field, values: Mapping[str, str], vm_id: int | None) -> list[Candidate]:
    """The values a field may have; none where anything can be typed.

    Args:
        values: the other fields.
        vm_id: the VM that the form is about, for its disks, snapshots and the like.
    """
    if field.kind == "action":
        return [Candidate(action.name, action.help) for action in actions.schedulable()]
    with open_session(url, create=False, read_only=True) as session:
        context = orders.context(session)
        if field.name in _PARTS and vm_id is not None:
            documents = vm_reading.documents(session, context.user, [vm_id])
            found = _PARTS[field.name](documents[0], values) if documents else []
        elif field.kind in _KINDS:
            found = _KINDS[field.kind](context)
        else:
            found = [Candidate(name, "") for name in feed.names_of(session, field.kind)]
    return [each for each in found if safe(each.word) == each.word]


def _hosts(context: Context) -> list[Candidate]:
    """Hosts with what they have left: those that can take something first, the emptiest at the top."""
    documents = sorted(host.host_documents(context), key=lambda each: (each["stat"] != "on", -_free(each)))
    return [Candidate(each["name"], _capacity(each)) for each in documents]


def _free(document: dict[str, Any]) -> int:
    return int(document["allocatable_memory_kib"])


def _capacity(each: dict[str, Any]) -> str:
    left = f"{each['allocatable_cpu'] / 100:g} of {each['total_cpu'] / 100:g} cpu"
    memory = f"{human(max(_free(each), 0))} of {human(each['total_memory_kib'])} left"
    return f"{each['stat']:5} {left}, {memory}, {each['running_vms']} VMs"


def _images(context: Context) -> list[Candidate]:
    rows = context.session.query("SELECT name, type, format, size_bytes, state FROM image ORDER BY name")
    return [Candidate(row[0], f"{row[1]} {row[2]} {human(row[3] / 1024)} {row[4]}") for row in rows]


def _templates(context: Context) -> list[Candidate]:
    rows = context.session.query(
        "SELECT template.name, template.id, user_account.name FROM template"
        " JOIN user_account ON user_account.id = template.user_id ORDER BY template.name"
    )
    return [Candidate(row[0], f"{row[1]}, of {row[2]}") for row in rows]


def _files(context: Context) -> list[Candidate]:
    names = sorted(entry.removesuffix(".tmpl") for entry in os.listdir(data_path("templates")))
    return [Candidate(f"@{name}", "template of ours") for name in names]


_KINDS: dict[str, Callable[[Context], list[Candidate]]] = {
    "file": _files,
    "host": _hosts,
    "image": _images,
    "template": _templates,
}


def _disks(vm: dict[str, Any], values: Mapping[str, str]) -> list[Candidate]:
    return [
        Candidate(str(disk["disk_id"]), f"{disk['target']} {disk['image'] or disk['type']}"
                  f" {human(disk['size_bytes'] / 1024)}")
        for disk in vm["disks"]
    ]  # fmt: skip


def _nics(vm: dict[str, Any], values: Mapping[str, str]) -> list[Candidate]:
    return [Candidate(str(nic["nic_id"]), f"{nic['network']} {nic['mac']} {nic['ip']}") for nic in vm["nics"]]


def _snapshots(vm: dict[str, Any], values: Mapping[str, str]) -> list[Candidate]:
    """Of a disk if one is named, else of the VM."""
    disk = values.get("disk_id")
    if disk is None:
        return [Candidate(str(each["id"]), each["name"]) for each in vm["snapshots"]]
    return [Candidate(str(each["id"]), each["name"]) for each in vm["disk_snapshots"] if str(each["disk_id"]) == disk]


def _schedules(vm: dict[str, Any], values: Mapping[str, str]) -> list[Candidate]:
    return [Candidate(str(each["id"]), " ".join([each["action"], *each["args"]])) for each in vm["schedules"]]


_PARTS: dict[str, Callable[[dict[str, Any], Mapping[str, str]], list[Candidate]]] = {
    "disk_id": _disks,
    "nic_id": _nics,
    "snapshot": _snapshots,
    "number": _schedules,
}
"""By the name of a field: what hangs on the VM that the form is about."""
