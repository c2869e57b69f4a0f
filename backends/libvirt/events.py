"""Which of libvirt's events are worth a look at a domain."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import libvirt

from backends.libvirt.connection import Connection

Listener = Callable[[str, str], None]
"""Called on libvirt's event thread with a domain's UUID and what happened; it may only enqueue."""

_LIFECYCLE = (
    "defined",
    "undefined",
    "started",
    "suspended",
    "resumed",
    "stopped",
    "shutdown",
    "pmsuspended",
    "crashed",
)

# A reboot is told up to five times over, and metadata changes are our own doing: neither is listened to. By name, as
# what is missing in an older library must not stop the rest.
_OTHERS = {
    "VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON": "io-error",
    "VIR_DOMAIN_EVENT_ID_DEVICE_ADDED": "device-added",
    "VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED": "device-removed",
    "VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2": "block-job",
    "VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE": "agent",
}


def register(connection: Connection, listener: Listener, _conn: libvirt.virConnect) -> None:
    """Have a connection's domain events told to `listener`; what its host does not offer is left out."""

    def lifecycle(_conn: object, domain: libvirt.virDomain, event: int, detail: int, _opaque: object) -> None:
        name = _LIFECYCLE[event] if event < len(_LIFECYCLE) else str(event)
        listener(domain.UUIDString(), f"{name}/{detail}")

    def other(_conn: object, domain: libvirt.virDomain, *rest: object) -> None:
        listener(domain.UUIDString(), str(rest[-1]))

    _add(connection, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lifecycle, None)
    for constant, reason in _OTHERS.items():
        number = getattr(libvirt, constant, None)
        if number is not None:
            _add(connection, number, other, reason)


def _add(connection: Connection, number: int, callback: Callable[..., None], opaque: str | None) -> None:
    try:
        connection.listen(partial(_register, number=number, callback=callback, opaque=opaque))
    except libvirt.libvirtError as error:
        refused = (libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_INVALID_ARG, libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED)
        if error.get_error_code() not in refused:
            raise


def _register(conn: libvirt.virConnect, *, number: int, callback: Callable[..., None], opaque: str | None) -> int:
    return int(conn.domainEventRegisterAny(None, number, callback, opaque))
