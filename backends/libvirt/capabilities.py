"""What a host is and can do."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from pathlib import Path, PurePosixPath

import libvirt

from backends.base import HostInfo
from backends.libvirt import xml
from backends.uri import HostUri

SYSTEM_ROOT = "/var/lib/libvirt/images/vmconsole"
TEST_ROOT = "/vmconsole"

_QEMU_FEATURES = frozenset(
    {"stats", "storage-transfer", "save", "migrate", "console", "hotplug", "resize-disk", "backup"}
)
_TEST_FEATURES = frozenset({"save"})


def describe(conn: libvirt.virConnect, uri: HostUri) -> HostInfo:
    """Ask the host what it is."""
    root = xml.read(conn.getCapabilities())
    info = conn.getInfo()
    hypervisor = conn.getType()
    archs = _archs(root)
    return HostInfo(
        hostname=conn.getHostname(),
        uuid=root.findtext("host/uuid") or "",
        cpus=info[2],
        memory_kib=_memory_kib(conn, info[1]),
        hypervisor=hypervisor,
        hypervisor_version=_version(conn.getVersion()),
        libvirt_version=_version(conn.getLibVersion()),
        domain_type=_domain_type(root, archs),
        machine_archs=archs,
        cpu_model=root.findtext("host/cpu/model") or "",
        features=_TEST_FEATURES if uri.driver == "test" else _QEMU_FEATURES,
        storage_root=storage_root(uri),
    )


def storage_root(uri: HostUri) -> str:
    """The folder on the host below which our pools lie."""
    if uri.driver == "test":
        return TEST_ROOT
    root_session = uri.session and (uri.user == "root" or (uri.local and os.geteuid() == 0))
    if not uri.session or root_session:
        return SYSTEM_ROOT
    if uri.local:
        data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    else:
        # libvirt does not tell where the account's home is; this is where distributions put it.
        data = str(PurePosixPath("/home", uri.user or os.environ.get("USER", ""), ".local", "share"))
    return f"{data}/libvirt/images/vmconsole"


def _archs(root: ET.Element) -> tuple[str, ...]:
    host = root.findtext("host/cpu/arch") or ""
    found = [arch.get("name", "") for arch in root.findall("guest/arch")]
    return tuple(sorted(dict.fromkeys(found), key=lambda arch: (arch != host, arch)))


def _domain_type(root: ET.Element, archs: tuple[str, ...]) -> str:
    types = [
        domain.get("type", "")
        for guest in root.findall("guest")
        if guest.findtext("os_type") == "hvm"
        for arch in guest.findall("arch")
        if arch.get("name") == archs[0]
        for domain in arch.findall("domain")
    ]
    return next((best for best in ("kvm", "qemu", "test") if best in types), "qemu")


def _memory_kib(conn: libvirt.virConnect, info_mib: int) -> int:
    try:
        return int(conn.getMemoryStats(libvirt.VIR_NODE_MEMORY_STATS_ALL_CELLS)["total"])
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_NO_SUPPORT:
            raise
        return info_mib * 1024


def _version(number: int) -> str:
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
