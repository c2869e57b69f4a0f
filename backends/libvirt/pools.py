"""Storage pools and virtual networks of a host."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from contextlib import suppress

import libvirt

from backends.base import AlreadyExists, InvalidInput, NetworkSeen, NoSpace, PoolSeen
from backends.libvirt import xml

REFRESH_PATIENCE = 60.0
"""Seconds to wait for a pool that is busy with somebody else's transfer to be read anew."""


def lookup(conn: libvirt.virConnect, name: str) -> libvirt.virStoragePool:
    """The pool, which must exist."""
    return conn.storagePoolLookupByName(name)


def ensure(conn: libvirt.virConnect, name: str, path: str) -> PoolSeen:
    """A started directory pool of this name.

    Raises:
        AlreadyExists: the pool lies elsewhere, or another pool has this folder.
    """
    pool = _find(conn, name) or _define(conn, name, path)
    found = path_of(pool)
    if found.rstrip("/") != path.rstrip("/"):
        raise AlreadyExists(f"pool {name} is already there, at {found}")
    if not pool.isActive():
        _start(pool)
    return _seen(pool)


def all_seen(conn: libvirt.virConnect) -> Sequence[PoolSeen]:
    """Every pool; one that goes meanwhile is left out."""
    found = []
    for pool in conn.listAllStoragePools():
        with suppress(libvirt.libvirtError):
            found.append(_seen(pool))
    return found


def networks(conn: libvirt.virConnect) -> Sequence[NetworkSeen]:
    """Every virtual network; one that goes meanwhile is left out."""
    found = []
    for network in conn.listAllNetworks():
        with suppress(libvirt.libvirtError):
            found.append(NetworkSeen(network.name(), bool(network.isActive()), _bridge(network)))
    return found


def path_in(pool: libvirt.virStoragePool, volume: str) -> str:
    """The path of a file of a directory pool.

    Raises:
        InvalidInput: the name would lead out of the pool.
    """
    check_volume_name(volume)
    return f"{path_of(pool).rstrip('/')}/{volume}"


def check_volume_name(name: str) -> None:
    """Refuse what a file name in a pool must not be; libvirt itself takes newlines and options."""
    if not name or len(name.encode()) > 240 or name[0] in ".-" or "/" in name or not name.isprintable():
        raise InvalidInput("a volume name has up to 240 printable bytes without '/', not starting with '.' or '-'")


def refresh(pool: libvirt.virStoragePool) -> None:
    """Have the host read the pool anew. While a transfer runs in the pool, the host refuses that for a time."""
    until = time.monotonic() + REFRESH_PATIENCE
    while True:
        try:
            pool.refresh()
            return
        except libvirt.libvirtError as error:
            busy = "asynchronous jobs" in (error.get_error_message() or "")  # It has no number of its own.
            if not busy or time.monotonic() > until:
                raise
            time.sleep(0.25)


def require_room(conn: libvirt.virConnect, name: str, size_bytes: int) -> None:
    """Refuse beforehand what does not fit: a transfer into a full pool may hang until its deadline.

    Raises:
        NoSpace: the pool has fewer bytes left.
    """
    pool = lookup(conn, name)
    with suppress(libvirt.libvirtError):
        pool.refresh()  # Refused while another transfer runs there; then its last figure has to do.
    left = int(pool.info()[3])
    if left < size_bytes:
        raise NoSpace(f"pool {name} has {left >> 10} KiB left, and {-(-size_bytes >> 10)} KiB are to come")


def _find(conn: libvirt.virConnect, name: str) -> libvirt.virStoragePool | None:
    try:
        return lookup(conn, name)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_STORAGE_POOL:
            return None
        raise


def _define(conn: libvirt.virConnect, name: str, path: str) -> libvirt.virStoragePool:
    root = ET.Element("pool", type="dir")
    xml.add(root, "name", name)
    xml.add(xml.add(root, "target"), "path", path)
    pool = conn.storagePoolDefineXML(xml.write(root))
    pool.setAutostart(1)
    return pool


def _start(pool: libvirt.virStoragePool) -> None:
    is_folder = xml.read(pool.XMLDesc()).get("type") == "dir"
    try:
        # For a folder, building makes it if need be; for other kinds it could format something.
        pool.create(libvirt.VIR_STORAGE_POOL_CREATE_WITH_BUILD if is_folder else 0)
    except libvirt.libvirtError as error:
        code = error.get_error_code()
        if code == libvirt.VIR_ERR_INVALID_ARG:
            pool.create()  # The test driver takes no flags, and has no folders either.
        elif code != libvirt.VIR_ERR_OPERATION_INVALID or not pool.isActive():
            raise


def _seen(pool: libvirt.virStoragePool) -> PoolSeen:
    _, capacity, _, available = pool.info()
    return PoolSeen(pool.name(), path_of(pool), bool(pool.isActive()), capacity, available)


def path_of(pool: libvirt.virStoragePool) -> str:
    """The folder or device of a pool."""
    return xml.read(pool.XMLDesc()).findtext("target/path") or ""


def _bridge(network: libvirt.virNetwork) -> str:
    try:
        return str(network.bridgeName())
    except libvirt.libvirtError:
        return ""  # Not every kind of network has a bridge.
