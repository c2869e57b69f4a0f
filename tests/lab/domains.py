"""What a host itself knows about its domains: asked of its virsh, its QEMU's logs and its folders."""

from __future__ import annotations

import re

from .hosts import Host, Lab
from .product import Document

SYSTEM = "var/lib/libvirt/images/vmconsole/system"
SAVES = "var/lib/libvirt/qemu/save"

# What virsh says of the domain of a VM in each short state: (state, has a managed save), or None for no domain at all.
SAYS = {
    "runn": ("running", False),
    "susp": ("shut off", True),
    "poff": ("shut off", False),
    "stop": None,
    "unde": None,
    "done": None,
}


def power(host: Host, domain: str) -> tuple[str, bool] | None:
    """State of a domain and whether it has a managed save; None if the host has no such domain."""
    if domain not in host.domains("--all"):
        return None
    facts = dict(line.split(":", 1) for line in host.virsh("dominfo", domain).splitlines() if ":" in line)
    return facts["State"].strip(), facts["Managed save"].strip() == "yes"


def check(lab: Lab, vm: Document, domain: str = "") -> None:
    """Fail unless the hosts agree with what the product says of a VM that is at rest."""
    seen = {host.name: power(host, domain or f"one-{vm['id']}") for host in lab.hosts}
    says = SAYS[vm["stat"]]
    expected = {host.name: says if host.name == vm["host"] else None for host in lab.hosts}
    assert seen == expected, (vm["stat"], vm["host"])


def life(host: Host, domain: str) -> list[str]:
    """What QEMU's log tells about a domain: `started` for each start, and for each end its reason, like `saved`.

    It goes back to earlier domains of the same name: compare with what it told before.
    """
    log = host.folder / f"var/log/libvirt/qemu/{domain}.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    found = re.findall(r"starting up libvirt|shutting down, reason=(\w+)", text)
    return [reason or "started" for reason in found]


def files(lab: Lab) -> set[str]:
    """Everything on all hosts that was made for VMs: volumes, checkpoints, managed saves and definitions."""
    places = (SYSTEM, SAVES, "etc/libvirt/qemu")
    found = [path for host in lab.hosts for place in places for path in (host.folder / place).glob("*")]
    return {path.name for path in found if path.is_file()}
