"""A domain's memory: saved on its host, saved into a pool, restored."""

from __future__ import annotations

from contextlib import suppress

import libvirt

from backends.base import DomainSpec, InvalidInput, WrongState
from backends.libvirt import domain_xml, pools, tags, xml
from backends.libvirt.definition import find, lookup
from backends.libvirt.power import collect_memory_stats


def save(conn: libvirt.virConnect, uuid: str) -> None:
    """Managed save. A domain that is off with its memory saved is fine."""
    domain = lookup(conn, uuid)
    try:
        domain.managedSave()
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID or domain.isActive():
            raise
        if not domain.hasManagedSaveImage():
            raise WrongState("a domain that is off has no memory to save") from None


def drop_saved(conn: libvirt.virConnect, uuid: str) -> None:
    """Remove the managed save, if there is one."""
    domain = lookup(conn, uuid)
    if domain.hasManagedSaveImage():
        domain.managedSaveRemove()


def has_saved(conn: libvirt.virConnect, uuid: str) -> bool:
    """Whether the domain's memory is saved on its host."""
    return bool(lookup(conn, uuid).hasManagedSaveImage())


def save_to(conn: libvirt.virConnect, uuid: str, pool: str, volume: str) -> None:
    """Save memory into a file of a pool. It always restores running, also when the domain was paused.

    The memory of a domain that is off with a managed save is moved: restored without running, and saved again. If that
    fails, it is a managed save again.
    """
    store = pools.lookup(conn, pool)
    path = pools.path_in(store, volume)
    domain = lookup(conn, uuid)
    asleep = not domain.isActive()
    if asleep:
        if domain.hasManagedSaveImage():
            domain.createWithFlags(libvirt.VIR_DOMAIN_START_PAUSED)
        elif _is_saved(conn, path, uuid):
            return
        else:
            raise WrongState("a domain that is off has no memory to save")
    try:
        domain.saveFlags(path, None, libvirt.VIR_DOMAIN_SAVE_RUNNING)
    except libvirt.libvirtError:
        if asleep:
            _put_back_to_sleep(domain)
        raise
    pools.refresh(store)


def _put_back_to_sleep(domain: libvirt.virDomain) -> None:
    """Libvirt lets a domain run whose saving failed, although this one was asleep before."""
    try:
        domain.managedSave()
    except libvirt.libvirtError:
        with suppress(libvirt.libvirtError):
            domain.suspend()


def restore_from(conn: libvirt.virConnect, spec: DomainSpec, pool: str, volume: str) -> None:
    """Restore memory saved by `save_to` and make the domain persistent; the file stays."""
    path = pools.path_in(pools.lookup(conn, pool), volume)
    domain = find(conn, spec.uuid)
    if domain is None or not domain.isActive():
        saved = conn.saveImageGetXMLDesc(path, libvirt.VIR_DOMAIN_SAVE_IMAGE_XML_SECURE)
        conn.restoreFlags(path, domain_xml.moved(saved, spec), 0)
        domain = lookup(conn, spec.uuid)
    # What is restored is transient; without a definition it would vanish when it stops.
    conn.defineXML(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_SECURE | libvirt.VIR_DOMAIN_XML_MIGRATABLE))
    if spec.tag:
        tags.store(domain, spec.tag)
    collect_memory_stats(domain)


def _is_saved(conn: libvirt.virConnect, path: str, uuid: str) -> bool:
    """Whether the file is a complete save of this domain; libvirt marks it complete only at the very end."""
    try:
        return xml.read(conn.saveImageGetXMLDesc(path)).findtext("uuid") == uuid
    except (libvirt.libvirtError, InvalidInput):
        return False
