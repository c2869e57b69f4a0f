"""Volumes: making, copying on the host, growing, deleting."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence

import libvirt

from backends.base import AlreadyExists, InvalidInput, VolumeSeen
from backends.libvirt import errors, pools, xml

_SOURCE_KEYS = ("file", "dev", "name")


def find(pool: libvirt.virStoragePool, name: str) -> libvirt.virStorageVol | None:
    """The volume; the host is made to look again before it is called missing."""
    for last_try in (False, True):
        try:
            return pool.storageVolLookupByName(name)
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_VOL:
                raise
            if not last_try:
                pools.refresh(pool)
    return None


def seen(conn: libvirt.virConnect, pool: str, name: str) -> VolumeSeen | None:
    """One volume, None when it is not there."""
    store = pools.lookup(conn, pool)
    volume = find(store, name)
    try:
        return None if volume is None else describe(volume, pool)
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_VOL:
            raise
        pools.refresh(store)  # The file went behind libvirt's back, as what QEMU merges does.
        return None


def all_seen(conn: libvirt.virConnect, pool: str) -> Sequence[VolumeSeen]:
    """Every volume of a pool; one that goes meanwhile is left out."""
    found = []
    for volume in pools.lookup(conn, pool).listAllVolumes():
        try:
            found.append(describe(volume, pool))
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_VOL:
                raise
    return found


def create(
    conn: libvirt.virConnect,
    pool: str,
    name: str,
    *,
    capacity_bytes: int,
    format: str,
    backing: str,
    backing_format: str,
) -> VolumeSeen:
    """An empty thin volume, or an overlay.

    Raises:
        AlreadyExists: another volume has the name.
        InvalidInput: an overlay without its backing's format, or smaller than it.
    """
    pools.check_volume_name(name)
    if backing:
        _check_overlay(conn, capacity_bytes, format, backing, backing_format)
    text = _description(name, capacity_bytes, format, backing, backing_format)
    try:
        volume = pools.lookup(conn, pool).createXML(text)
    except libvirt.libvirtError as error:
        if not isinstance(errors.translate(error, host=""), AlreadyExists):
            raise
        return _same(seen(conn, pool, name), capacity_bytes, format, backing)
    return describe(volume, pool)


def clone(conn: libvirt.virConnect, pool: str, name: str, source_pool: str, source: str, *, format: str) -> VolumeSeen:
    """An independent copy. A volume of the name that no domain uses may be a copy cut short: it is made anew."""
    pools.check_volume_name(name)
    original = pools.lookup(conn, source_pool).storageVolLookupByName(source)
    make_way(conn, pool, name)
    text = _description(name, describe(original, source_pool).capacity_bytes, format, "", "")
    goal = pools.lookup(conn, pool)
    if conn.getType() == "TEST":  # It looks for the original in the copy's pool, and has no content to copy.
        return describe(goal.createXML(text), pool)
    return describe(goal.createXMLFrom(text, original), pool)


def resize(conn: libvirt.virConnect, pool: str, name: str, capacity_bytes: int) -> None:
    """Grow to `capacity_bytes`; a volume never shrinks."""
    volume = pools.lookup(conn, pool).storageVolLookupByName(name)
    capacity = volume.info()[1]
    check_growth(name, capacity, capacity_bytes)
    if capacity_bytes > capacity:
        volume.resize(capacity_bytes)


def check_growth(name: str, capacity: int, wanted: int) -> None:
    """Refuse to make smaller what holds data.

    Raises:
        InvalidInput: `wanted` bytes are fewer than `capacity`.
    """
    if wanted < capacity:
        raise InvalidInput(f"{name} has {capacity} bytes and is not made smaller")


def delete(conn: libvirt.virConnect, pool: str, name: str) -> None:
    """Delete; gone is fine."""
    volume = find(pools.lookup(conn, pool), name)
    if volume is None:
        return
    try:
        volume.delete()
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_STORAGE_VOL:
            raise


def make_way(conn: libvirt.virConnect, pool: str, name: str) -> None:
    """Remove what an interrupted copy may have left under this name.

    Raises:
        AlreadyExists: a domain uses it, or another volume lies on it. libvirt itself would delete it all the same.
    """
    volume = find(pools.lookup(conn, pool), name)
    if volume is None:
        return
    if user := _user_of(conn, volume.path()) or _overlay_on(conn, volume.path()):
        raise AlreadyExists(f"volume {name} is there and is used by {user}")
    volume.delete()


def wipe(conn: libvirt.virConnect, pool: str, name: str) -> None:
    """Overwrite the file with zeros; gone is fine. Of a qcow2 nothing but zeros is left."""
    volume = find(pools.lookup(conn, pool), name)
    if volume is not None:
        volume.wipe()


def create_raw(conn: libvirt.virConnect, pool: str, name: str, size: int) -> libvirt.virStorageVol:
    """An empty file of `size` bytes to be filled by a stream."""
    pools.check_volume_name(name)
    make_way(conn, pool, name)
    return pools.lookup(conn, pool).createXML(_description(name, size, "raw", "", ""))


def file_size(conn: libvirt.virConnect, pool: str, name: str) -> int:
    """Bytes of the volume's file, which is what a transfer moves."""
    volume = pools.lookup(conn, pool).storageVolLookupByName(name)
    return int(volume.infoFlags(libvirt.VIR_STORAGE_VOL_GET_PHYSICAL)[2])


def allocation(conn: libvirt.virConnect, pool: str, name: str) -> int:
    """Bytes that the volume's file takes on the host: without its holes."""
    volume = pools.lookup(conn, pool).storageVolLookupByName(name)
    return int(volume.info()[2])


def describe(volume: libvirt.virStorageVol, pool: str) -> VolumeSeen:
    """The volume as its pool reports it now."""
    root = xml.read(volume.XMLDesc())
    form = root.find("target/format")
    return VolumeSeen(
        pool=pool,
        name=volume.name(),
        path=root.findtext("target/path") or "",
        format=_as_qemu_reads(form),
        capacity_bytes=int(root.findtext("capacity") or 0),
        allocation_bytes=int(root.findtext("allocation") or 0),
        physical_bytes=int(root.findtext("physical") or 0),
        backing_path=root.findtext("backingStore/path") or "",
    )


def _as_qemu_reads(form: ET.Element | None) -> str:
    """The format to open the file with: libvirt also reports what a raw file holds, such as an ISO file system."""
    kind = "raw" if form is None else form.get("type", "raw")
    return "raw" if kind in ("iso", "none", "unknown") else kind


def _description(name: str, capacity: int, format: str, backing: str, backing_format: str) -> str:
    root = ET.Element("volume")
    xml.add(root, "name", name)
    if capacity or not backing:
        xml.add(root, "capacity", capacity, unit="bytes")
    xml.add(root, "allocation", 0, unit="bytes")  # A raw volume would be filled with zeros otherwise.
    target = xml.add(root, "target")
    xml.add(target, "format", type=format)
    xml.add(xml.add(target, "permissions"), "mode", "0600")
    if format == "qcow2":
        xml.add(target, "compat", "1.1")  # 0.10 keeps no bitmaps for backups.
    if backing:
        store = xml.add(root, "backingStore")
        xml.add(store, "path", backing)
        xml.add(store, "format", type=backing_format)
    return xml.write(root)


def _check_overlay(conn: libvirt.virConnect, capacity: int, format: str, backing: str, backing_format: str) -> None:
    if format != "qcow2" or not backing_format:
        # Without it the file says that what it lies on is raw, and the guest sees the bytes of a qcow2 header.
        raise InvalidInput("an overlay is qcow2 and names the format of what it lies on")
    base = conn.storageVolLookupByPath(backing).info()[1]
    if 0 < capacity < base:
        raise InvalidInput(f"an overlay of {capacity} bytes would cut off what it lies on ({base} bytes)")


def _same(found: VolumeSeen | None, capacity: int, format: str, backing: str) -> VolumeSeen:
    same = (
        found is not None
        and found.format == format
        and found.backing_path == backing
        and (found.capacity_bytes == capacity or (bool(backing) and not capacity))
    )
    if found is None or not same:
        raise AlreadyExists("another volume has this name")
    return found


def _user_of(conn: libvirt.virConnect, path: str) -> str:
    """The domain with a disk on this file, empty when there is none. Looks at every domain: rarely needed."""
    for domain in conn.listAllDomains():
        root = xml.read(domain.XMLDesc())
        # Below backingStore too: a running domain lists the whole chain.
        sources = [source for disk in root.findall("devices/disk") for source in disk.iter("source")]
        if any(source.get(key) == path for source in sources for key in _SOURCE_KEYS):
            return f"domain {domain.name()}"
    return ""


def _overlay_on(conn: libvirt.virConnect, path: str) -> str:
    """The volume that lies on this file, empty when there is none. Looks at every volume."""
    for pool in conn.listAllStoragePools(libvirt.VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE):
        for overlay in all_seen(conn, pool.name()):
            if overlay.backing_path == path:
                return f"volume {overlay.name}"
    return ""
