"""What a person is told before something is done: what is lost, and what stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vmconsole.lifecycle.actions import Action


class Consequence(NamedTuple):
    """`lost` cannot be brought back; `stays` says what is left or how to come back. Empty: nothing to say."""

    lost: str
    stays: str


_UNWRITTEN = "whatever the guests have not written to their disks"
_BY_ACTION = {
    "terminate": Consequence("their disks, unless an image is persistent", "persistent images and the history"),
    "terminate-hard": Consequence(
        f"their disks, unless an image is persistent, and {_UNWRITTEN}", "persistent images and the history"
    ),
    "delete": Consequence(
        "the VMs with their disks, unless an image is persistent", "persistent images and the history"
    ),
    "delete-recreate": Consequence(
        "everything on their disks", "the VMs themselves, which start afresh from their images"
    ),
    "delete-db": Consequence("all we know of them", "whatever is on the hosts: it is not touched, and becomes wild"),
    "poweroff-hard": Consequence(_UNWRITTEN, "disks and the place on the host; resume starts them again"),
    "undeploy-hard": Consequence(_UNWRITTEN, "disks, in the datastore; resume places them anew"),
    "reboot-hard": Consequence(_UNWRITTEN, "disks and the place on the host"),
    "poweroff-hard-migrate": Consequence(_UNWRITTEN, "disks, on the new host"),
    "snapshot-revert": Consequence("memory and disks as they are now", "the snapshots"),
    "snapshot-delete": Consequence("the snapshot", "the VMs as they are now"),
    "disk-snapshot-revert": Consequence("the disk as it is now", "the snapshots"),
    "disk-snapshot-delete": Consequence("the snapshot", "the disk as it is now"),
    "disk-detach": Consequence("the disk, unless its image is persistent", "the VMs and their other disks"),
    "poweroff": Consequence("", "disks and the place on the host; resume starts them again"),
    "reboot": Consequence("", "disks and the place on the host"),
    "suspend": Consequence("", "memory and disks on the host; resume goes on where they were"),
    "stop": Consequence("", "memory and disks in the datastore; resume goes on where they were"),
    "undeploy": Consequence("", "disks, in the datastore; resume places them anew"),
}


def consequence(actions: Sequence[Action]) -> Consequence:
    """What the actions cost and leave, put together."""
    known = [_BY_ACTION[action.name] for action in actions if action.name in _BY_ACTION]
    lost = [each.lost for each in known if each.lost]
    stays = [each.stays for each in known if each.stays]
    return Consequence("; ".join(dict.fromkeys(lost)), "; ".join(dict.fromkeys(stays)))
