"""How each action is typed: with what it needs to be carried out if it is legal."""

from __future__ import annotations

from collections.abc import Mapping

from tests.lab.faults.faults import AWAY, HOME
from vmconsole.lifecycle import actions

LAYERED = frozenset({"disk-snapshot-create", "disk-snapshot-revert", "disk-snapshot-delete", "disk-snapshot-rename"})
"""Actions for a VM whose disk 1 has two snapshots, and lies on the first again."""
LAYERS = ("disk-snapshot-create {vm} 1 first", "disk-snapshot-create {vm} 1 second", "disk-snapshot-revert {vm} 1 0")
"""What gives a VM that is off these snapshots."""
ASKS_THE_GUEST = frozenset({"poweroff", "undeploy", "terminate"})
"""What a guest that does not run at all does not do."""

MOVES = frozenset({"migrate", "live-migrate", "poweroff-migrate", "poweroff-hard-migrate"})

_WORDS: Mapping[str, str] = {
    "deploy": HOME,
    "migrate": "{other}",
    "disk-attach": "--image spare",
    "disk-detach": "2",
    "disk-resize": "0 2",
    "disk-saveas": "0 {place}-{vm}",
    "nic-attach": "--network lan",
    "nic-detach": "0",
    "disk-snapshot-create": "1 third",
    "disk-snapshot-revert": "1 0",
    "disk-snapshot-delete": "1 1",
    "disk-snapshot-rename": "1 0 {place}",
    "snapshot-revert": "0",
    "snapshot-delete": "0",
    "resize": "--cpu 0.2",
    "updateconf": "{folder}/configuration",
    "save": "saved-{vm}",
    "backup": "--datastore backups",
    "update": "{folder}/attributes --append",
    "rename": "walker-{vm}",
    "chmod": "640",
    "chown": "root",
    "chgrp": "oneadmin",
}
FILES: Mapping[str, str] = {
    "configuration": 'CONTEXT = [ WALKED = "yes" ]\n',
    "attributes": 'WALKED = "yes"\n',
}
"""What the files named above say, by name."""


def line(name: str, vm: int, *, place: str, host: str | None, folder: str) -> str:
    """The command that asks for an action on a VM.

    Args:
        place: where the VM is. host: on which host, if on any.
    """
    asked = actions.action(name)
    words = _WORDS.get(asked.command, "").format(vm=vm, place=place.lower(), folder=folder, other=other(host))
    return " ".join(filter(None, (asked.command, str(vm), words, asked.flag, "--yes")))


def other(host: str | None) -> str:
    """Where a VM that is on a host, or on none, could move to."""
    return HOME if host == AWAY else AWAY
