"""Our mark in a domain's metadata. It survives save, migration and the loss of our store."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import libvirt

from backends.base import InvalidInput, Tag
from backends.libvirt import xml

NAMESPACE = "urn:vmconsole:tag:1"
PREFIX = "vmconsole"
MAX_RECORD_BYTES = 4096

ET.register_namespace(PREFIX, NAMESPACE)


def attach(domain: ET.Element, tag: Tag) -> None:
    """Put the tag into a domain's description, in the place of an older one."""
    metadata = domain.find("metadata")
    if metadata is None:
        metadata = ET.SubElement(domain, "metadata")
    for old in metadata.findall(f"{{{NAMESPACE}}}tag"):
        metadata.remove(old)
    metadata.append(_element(f"{{{NAMESPACE}}}tag", tag))


def find(domain: ET.Element) -> Tag | None:
    """The tag in a domain's description; None when there is none that can be read."""
    element = domain.find(f"metadata/{{{NAMESPACE}}}tag")
    if element is None:
        return None
    try:
        return Tag(
            instance=element.attrib["instance"],
            vm=int(element.attrib["vm"]),
            generation=int(element.attrib["generation"]),
            operation=element.get("operation", ""),
            record=element.text or "",
        )
    except (KeyError, ValueError):
        return None


def store(domain: libvirt.virDomain, tag: Tag) -> None:
    """Write the tag where the domain has a description: the running one, the kept one, or both."""
    flags = libvirt.VIR_DOMAIN_AFFECT_LIVE if domain.isActive() else 0
    flags |= libvirt.VIR_DOMAIN_AFFECT_CONFIG if domain.isPersistent() else 0
    # libvirt adds the namespace itself; a fragment that declares one becomes unreadable.
    fragment = xml.write(_element("tag", tag))
    domain.setMetadata(libvirt.VIR_DOMAIN_METADATA_ELEMENT, fragment, PREFIX, NAMESPACE, flags)


def _element(name: str, tag: Tag) -> ET.Element:
    if len(tag.record.encode()) > MAX_RECORD_BYTES:
        raise InvalidInput(f"the tag's record is longer than {MAX_RECORD_BYTES} bytes")
    element = ET.Element(
        name,
        instance=tag.instance,
        vm=str(tag.vm),
        generation=str(tag.generation),
        operation=tag.operation,
    )
    element.text = tag.record
    return element
