"""Files that describe hosts of libvirt's test driver."""

from __future__ import annotations

import uuid
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement

_NAMESPACE = "http://libvirt.org/schemas/domain/test/1.0"


def write(path: Path, *, domains: int = 0, cpus: int = 16, memory_mib: int = 65536, running: bool = True) -> str:
    """Describe a host with some domains; returns its URI."""
    node = Element("node", {"xmlns:test": _NAMESPACE})
    cpu = SubElement(node, "cpu")
    for name, value in (("mhz", 2000), ("model", "x86_64"), ("active", cpus), ("nodes", 1), ("sockets", 1)):
        SubElement(cpu, name).text = str(value)
    SubElement(cpu, "cores").text = str(cpus)
    SubElement(cpu, "threads").text = "1"
    SubElement(node, "memory").text = str(memory_mib * 1024)
    for number in range(domains):
        domain = SubElement(node, "domain", {"type": "test"})
        SubElement(domain, "name").text = f"{path.stem}-{number}"
        SubElement(domain, "uuid").text = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{path.stem}-{number}"))
        SubElement(domain, "memory", {"unit": "MiB"}).text = "64"
        SubElement(domain, "vcpu").text = "1"
        SubElement(SubElement(domain, "os"), "type").text = "hvm"
        SubElement(domain, "test:runstate").text = "1" if running else "5"
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree(node).write(path, encoding="utf-8")
    return f"test://{path}"
