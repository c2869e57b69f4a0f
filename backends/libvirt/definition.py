"""Defining, finding and forgetting domains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import libvirt

from backends.base import DomainSeen, DomainSpec, DomainState, HostInfo, InvalidInput, NotFound, Power, Tag, WrongState
from backends.libvirt import domain_reading, domain_xml, tags, xml

_SECRETS = libvirt.VIR_DOMAIN_XML_SECURE
_KEPT = _SECRETS | libvirt.VIR_DOMAIN_XML_INACTIVE


def find(conn: libvirt.virConnect, uuid: str) -> libvirt.virDomain | None:
    """The domain, None when the host does not know it."""
    try:
        return conn.lookupByUUIDString(uuid)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def lookup(conn: libvirt.virConnect, uuid: str) -> libvirt.virDomain:
    """The domain.

    Raises:
        NotFound: the host does not know it.
    """
    domain = find(conn, uuid)
    if domain is None:
        raise NotFound(f"the host knows no domain {uuid}")
    return domain


def define(conn: libvirt.virConnect, spec: DomainSpec, host: HostInfo, *, session: bool) -> None:
    """Define or redefine; a tag that `spec` does not speak of is kept."""
    if session:
        spec = replace(spec, cpu_shares=None)  # An ordinary user's libvirt owns no cgroups.
    if spec.tag is None and (old := find(conn, spec.uuid)) is not None:
        spec = replace(spec, tag=tags.find(xml.read(old.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))))
    text = domain_xml.build(spec, host)
    conn.defineXMLFlags(text, _checks(host))


def _checks(host: HostInfo) -> int:
    # The test driver checks a description against nothing.
    return 0 if host.domain_type == "test" else int(libvirt.VIR_DOMAIN_DEFINE_VALIDATE)


def drop_cpu_shares(conn: libvirt.virConnect, domain: libvirt.virDomain) -> bool:
    """Redefine the domain without CPU weight; False when it has none."""
    text = domain_xml.without_cpu_shares(domain.XMLDesc(_KEPT))
    if text is None:
        return False
    conn.defineXML(text)
    return True


def retag(conn: libvirt.virConnect, uuid: str, tag: Tag) -> None:
    """Write the ownership tag."""
    tags.store(lookup(conn, uuid), tag)


def undefine(conn: libvirt.virConnect, uuid: str) -> None:
    """Forget an inactive domain; one that is unknown is fine."""
    domain = find(conn, uuid)
    if domain is None:
        return
    if domain.isActive():
        # libvirt would make it transient, to vanish when it stops.
        raise WrongState("a running domain is not forgotten: stop it first")
    common = libvirt.VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
    checkpoints = getattr(libvirt, "VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA", 0)
    try:
        domain.undefineFlags(common | libvirt.VIR_DOMAIN_UNDEFINE_NVRAM | checkpoints)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_INVALID_ARG:
            domain.undefineFlags(common)  # A driver without firmware variables and checkpoints.
        elif error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
            raise


def seen(conn: libvirt.virConnect, uuid: str) -> DomainSeen | None:
    """One domain in full."""
    domain = find(conn, uuid)
    if domain is None:
        return None
    try:
        power, reason = domain.state()
        state = DomainState(uuid, domain.name(), Power(power), reason)
        persistent, saved = bool(domain.isPersistent()), bool(domain.hasManagedSaveImage())
        return domain_reading.seen(domain.XMLDesc(), state, persistent=persistent, has_saved_memory=saved)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_NO_DOMAIN:
            return None
        raise


def all_seen(conn: libvirt.virConnect) -> Sequence[DomainSeen]:
    """Every domain in full; one that goes or cannot be read meanwhile is left out."""
    persistent = _uuids(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT)
    saved = _uuids(conn, libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE)
    found = []
    for domain, record in conn.getAllDomainStats(libvirt.VIR_DOMAIN_STATS_STATE):
        uuid = domain.UUIDString()
        state = DomainState(uuid, domain.name(), Power(record["state.state"]), record["state.reason"])
        kept, memory = uuid in persistent, uuid in saved
        try:
            found.append(domain_reading.seen(domain.XMLDesc(), state, persistent=kept, has_saved_memory=memory))
        except InvalidInput:
            continue
        except libvirt.libvirtError as error:
            if error.get_error_code() != libvirt.VIR_ERR_NO_DOMAIN:
                raise
    return found


def description(conn: libvirt.virConnect, uuid: str, *, secrets: bool, kept: bool) -> str:
    """The domain's XML: of what runs or of what is kept, with or without secrets."""
    flags = _SECRETS if secrets else 0
    return str(lookup(conn, uuid).XMLDesc(flags | (libvirt.VIR_DOMAIN_XML_INACTIVE if kept else 0)))


def define_xml(conn: libvirt.virConnect, uuid: str, text: str, host: HostInfo) -> None:
    """Replace the kept definition by an edited one; a tag that was edited away, or changed, is put back.

    Raises:
        InvalidInput: the text is no domain's description, or that of another domain.
    """
    domain = lookup(conn, uuid)
    edited, tag = xml.read(text), tags.find(xml.read(domain.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE)))
    if edited.tag != "domain":
        raise InvalidInput("this describes no domain")
    if (edited.findtext("uuid"), edited.findtext("name")) != (uuid, domain.name()):
        raise InvalidInput("an edited definition keeps the domain's name and UUID")
    if tag:
        tags.attach(edited, tag)
    conn.defineXMLFlags(xml.write(edited), _checks(host))


def is_active(conn: libvirt.virConnect, uuid: str) -> bool:
    """Whether the domain has a QEMU."""
    domain = find(conn, uuid)
    return domain is not None and bool(domain.isActive())


def _uuids(conn: libvirt.virConnect, filter_flag: int) -> frozenset[str]:
    return frozenset(domain.UUIDString() for domain in conn.listAllDomains(filter_flag))
