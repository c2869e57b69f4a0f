"""The guest's agent, as far as it is needed: to have the file systems at rest."""

from __future__ import annotations

import libvirt

from backends.base import NotSupported
from backends.libvirt import xml
from backends.libvirt.definition import find, lookup

CHANNEL = "org.qemu.guest_agent.0"
PATIENCE = 10
"""Seconds that an agent may take; libvirt would wait for ever."""


def is_ready(conn: libvirt.virConnect, uuid: str) -> bool:
    """Whether the agent has its channel open; the guest is not asked."""
    domain = find(conn, uuid)
    if domain is None or not domain.isActive():
        return False
    channels = xml.read(domain.XMLDesc()).findall("devices/channel/target")
    return any(one.get("name") == CHANNEL and one.get("state") == "connected" for one in channels)


def freeze(conn: libvirt.virConnect, uuid: str) -> None:
    """Freeze all file systems.

    Raises:
        NotSupported: the guest has no agent.
        GuestUnwilling: it does not answer.
    """
    if not is_ready(conn, uuid):
        raise NotSupported("the guest has no agent that could freeze its file systems")
    domain = lookup(conn, uuid)
    limit(domain)
    domain.fsFreeze()


def thaw(conn: libvirt.virConnect, uuid: str) -> None:
    """Thaw all file systems."""
    if is_ready(conn, uuid):
        domain = lookup(conn, uuid)
        limit(domain)
        domain.fsThaw()


def limit(domain: libvirt.virDomain) -> None:
    """Have libvirt give up an agent that does not answer."""
    domain.agentSetResponseTimeout(PATIENCE)
