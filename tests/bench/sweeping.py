"""Rows: one look at every domain of a host, against the one libvirt call it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import libvirt

import backends
from tests.bench.measuring import Row, against, in_turns
from tests.lab.guests import bare_xml
from tests.lab.hosts import Lab

DOMAINS = 10_000
DOMAINS_OF_LAB = 20
ROUNDS = 9
# What a list needs: state, CPU time, memory, virtual processors, traffic of cards and disks.
GROUPS = (
    libvirt.VIR_DOMAIN_STATS_STATE | libvirt.VIR_DOMAIN_STATS_CPU_TOTAL | libvirt.VIR_DOMAIN_STATS_BALLOON
    | libvirt.VIR_DOMAIN_STATS_VCPU | libvirt.VIR_DOMAIN_STATS_INTERFACE | libvirt.VIR_DOMAIN_STATS_BLOCK
)  # fmt: skip


def rows(work: Path) -> Iterator[Row]:
    description = work / "node.xml"
    description.write_bytes(node(DOMAINS))
    yield _row(f"sweep of {DOMAINS:,} domains, test driver", f"test://{description}", work)
    if Lab.why_not() is None:
        with Lab(work, hosts=1) as lab:
            for number in range(DOMAINS_OF_LAB):
                lab.hosts[0].virsh("create", "/dev/stdin", feed=bare_xml(f"idle-{number}"))
            lab.trust(Path.home() / ".ssh/known_hosts")
            yield _row(f"sweep of {DOMAINS_OF_LAB} domains over ssh", lab.hosts[0].uri, work)


def _row(what: str, uri: str, work: Path) -> Row:
    host = backends.connect(uri, name="bench", run_dir=work, timeout=60)
    bare = libvirt.open(uri)
    try:
        with asyncio.Runner() as runner:
            runner.run(host.open())
            floor, ours = in_turns(
                lambda: bare.getAllDomainStats(GROUPS, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT),
                lambda: runner.run(host.sweep()),
                ROUNDS,
            )
            runner.run(host.close())
    finally:
        bare.close()
    return against(what, floor, ours, times=1.25)


def node(domains: int) -> bytes:
    """A host for the test driver with so many running domains."""
    node = ET.Element("node")
    for number in range(domains):
        domain = ET.SubElement(node, "domain", type="test")
        ET.SubElement(domain, "name").text = f"vm-{number}"
        ET.SubElement(domain, "memory").text = "131072"
        system = ET.SubElement(domain, "os")
        ET.SubElement(system, "type").text = "hvm"
    return ET.tostring(node)
