"""Names of older releases and other tools: each means an action of today, and a notice says which."""

from __future__ import annotations

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.states import Position

_NAMES = {
    "shutdown": "terminate",
    "shutdown --hard": "terminate-hard",
    "cancel": "terminate-hard",
    "delete": "delete",
    "delete --recreate": "delete-recreate",
    "resubmit": "delete-recreate",
    "reset": "reboot-hard",
    "restart": "resume",
    "boot": "resume",
    "unpause": "resume",
    "livemigrate": "live-migrate",
    "saveas": "disk-saveas",
    "disk-snapshot": "disk-saveas",
    "attachdisk": "disk-attach",
    "detachdisk": "disk-detach",
    "detach": "disk-detach",
}
_BOOTING = frozenset({at.BOOT, at.BOOT_UNKNOWN, at.BOOT_POWEROFF, at.BOOT_SUSPENDED, at.BOOT_STOPPED})
_SCHEDULED = {"shutdown": "terminate", "shutdown-hard": "terminate-hard"}

NAMES: tuple[str, ...] = tuple(_NAMES)


def modern(name: str, position: Position | None = None) -> str | None:
    """The action an old command name means, or None if it is not an old name.

    `restart` depends on where the VM is: a boot in flight is ordered again, anything else is resumed.
    """
    if name == "restart" and position in _BOOTING:
        return "retry"
    return _NAMES.get(name)


def modern_scheduled(name: str) -> str:
    """The action a stored schedule of an older release means; other names as they are."""
    return _SCHEDULED.get(name, name)


def notice(name: str, title: str) -> str:
    """The line for stderr when an old name was used; `title` is the command of today as typed."""
    return f"{name} is the old name of `{title}`"
