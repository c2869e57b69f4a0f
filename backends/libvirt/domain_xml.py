"""Domain descriptions, built from a `DomainSpec`."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

from backends.base import DomainSpec, HostInfo, InvalidInput
from backends.libvirt import device_xml, tags, xml

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}\Z")
_CPU_MODES = ("host-passthrough", "host-model", "maximum")

# cgroup v1 takes 2 to 262144, v2 1 to 10000.
_SHARES_MIN, _SHARES_MAX = 2, 10_000

MEMORY_STATS_SECONDS = 5


def build(spec: DomainSpec, host: HostInfo) -> str:
    """The description that makes a host define the domain.

    Raises:
        InvalidInput: a value that libvirt would misread rather than refuse.
    """
    if not _NAME.match(spec.name):
        raise InvalidInput("a domain name is 1 to 63 letters, digits, '_', '.', '-', starting with a letter or digit")
    domain = ET.Element("domain", type=_domain_type(spec, host))
    xml.add(domain, "name", spec.name)
    xml.add(domain, "uuid", spec.uuid)
    if spec.title:
        xml.add(domain, "title", " ".join(spec.title.split()))
    if spec.tag:
        tags.attach(domain, spec.tag)
    xml.add(domain, "memory", max(spec.memory_kib, spec.memory_max_kib), unit="KiB")
    if spec.memory_max_kib > spec.memory_kib:
        xml.add(domain, "currentMemory", spec.memory_kib, unit="KiB")
    grows = spec.vcpus_max > spec.vcpus
    xml.add(domain, "vcpu", max(spec.vcpus, spec.vcpus_max), current=spec.vcpus if grows else None)
    if spec.cpu_shares is not None:
        shares = min(max(spec.cpu_shares, _SHARES_MIN), _SHARES_MAX)
        xml.add(xml.add(domain, "cputune"), "shares", shares)
    _add_boot(domain, spec, host)
    _add_features(domain, spec)
    xml.add(domain, "clock", offset="localtime" if spec.localtime else "utc")
    for event, action in (("on_poweroff", "destroy"), ("on_reboot", "restart"), ("on_crash", "destroy")):
        xml.add(domain, event, action)
    _add_devices(domain, spec)
    _add_raw(domain, spec.raw)
    return xml.write(domain)


def without_cpu_shares(text: str) -> str | None:
    """The description without its CPU weight; None when it has none."""
    domain = xml.read(text)
    tune = domain.find("cputune")
    shares = tune.find("shares") if tune is not None else None
    if tune is None or shares is None:
        return None
    tune.remove(shares)
    return xml.write(domain)


def moved(text: str, spec: DomainSpec) -> str:
    """The description of a saved domain with the disks' places, networks, title and tag of `spec`.

    Nothing else of it can change: the guest's memory was saved together with its devices.
    """
    domain = xml.read(text)
    sources = {disk.target: disk.source for disk in spec.disks}
    for disk in domain.findall("devices/disk"):
        place = sources.get(xml.attribute(disk, "target", "dev"))
        source = disk.find("source")
        if place is not None and source is not None:
            source.set("dev" if disk.get("type") == "block" else "file", place)
        # The chain below the file is found anew on the new host.
        for chain in disk.findall("backingStore"):
            disk.remove(chain)
    networks = {nic.mac.lower(): nic for nic in spec.nics}
    for interface in domain.findall("devices/interface"):
        nic = networks.get(xml.attribute(interface, "mac", "address").lower())
        source = interface.find("source")
        if (
            nic
            and source is not None
            and interface.get("type") == nic.source_kind
            and device_xml.NIC_SOURCES[nic.source_kind]
        ):
            source.attrib.clear()
            source.set(device_xml.NIC_SOURCES[nic.source_kind], nic.source)
    if spec.tag:
        tags.attach(domain, spec.tag)
    return xml.write(domain)


def _domain_type(spec: DomainSpec, host: HostInfo) -> str:
    foreign = spec.arch and host.machine_archs and spec.arch != host.machine_archs[0]
    return "qemu" if foreign and host.domain_type == "kvm" else host.domain_type


def _add_boot(domain: ET.Element, spec: DomainSpec, host: HostInfo) -> None:
    by_path = spec.firmware.startswith("/")
    automatic = spec.firmware.lower() in ("efi", "uefi")
    if spec.firmware and not by_path and not automatic and spec.firmware.lower() != "bios":
        raise InvalidInput("firmware is bios, uefi or the absolute path of a loader on the host")
    system = xml.add(domain, "os", firmware="efi" if automatic else None)
    # The test driver knows one architecture, not that of the machine it runs on.
    arch = "" if host.domain_type == "test" else spec.arch
    xml.add(system, "type", "hvm", arch=arch, machine=spec.machine)
    if by_path:
        xml.add(system, "loader", spec.firmware, readonly="yes", type="pflash")
    for tag, value in (("kernel", spec.kernel), ("initrd", spec.initrd), ("cmdline", spec.kernel_cmd)):
        if value:
            xml.add(system, tag, value)
    for device in spec.boot:
        xml.add(system, "boot", dev=device)


def _add_features(domain: ET.Element, spec: DomainSpec) -> None:
    features = xml.add(domain, "features")
    for name, wanted in (("acpi", spec.acpi), ("apic", spec.apic), ("pae", spec.pae)):
        if wanted:
            xml.add(features, name)
    if spec.cpu_model in _CPU_MODES:
        xml.add(domain, "cpu", mode=spec.cpu_model)
    elif spec.cpu_model:
        cpu = xml.add(domain, "cpu", mode="custom", match="exact")
        xml.add(cpu, "model", spec.cpu_model, fallback="allow")


def _add_devices(domain: ET.Element, spec: DomainSpec) -> None:
    devices = xml.add(domain, "devices")
    devices.extend([device_xml.disk(disk) for disk in spec.disks])
    devices.extend([device_xml.nic(nic) for nic in spec.nics])
    # Every guest has a serial console: it is the one door that needs no network.
    xml.add(xml.add(devices, "serial", type="pty"), "target", port=0)
    xml.add(xml.add(devices, "console", type="pty"), "target", type="serial", port=0)
    if spec.guest_agent:
        xml.add(xml.add(devices, "channel", type="unix"), "target", type="virtio", name="org.qemu.guest_agent.0")
    for kind, bus in spec.inputs:
        xml.add(devices, "input", type=kind, bus=bus)
    devices.extend([device_xml.graphics(display) for display in spec.graphics])
    xml.add(xml.add(devices, "memballoon", model="virtio"), "stats", period=MEMORY_STATS_SECONDS)


def _add_raw(domain: ET.Element, text: str) -> None:
    """Add elements as they were given; of a section that is there, such as devices, what is in it."""
    for piece in xml.read_pieces(text):
        section = domain.find(piece.tag)
        if section is None:
            domain.append(piece)
        else:
            section.attrib |= piece.attrib
            section.extend(piece)
