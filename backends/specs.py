"""What a domain is to be: the values a driver turns into its own description."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class DiskKind(StrEnum):
    """How a disk appears to the guest."""

    DISK = "disk"
    CDROM = "cdrom"


@dataclass(frozen=True, slots=True)
class Tag:
    """Ownership tag kept in a domain's metadata; enough to rebuild a lost store from the hosts."""

    instance: str
    """UUID of the store that owns the domain."""
    vm: int
    generation: int
    operation: str
    record: str
    """Compact JSON of name, owner, group and template; under 4 KiB."""


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """A disk of a domain to be defined."""

    target: str
    source: str
    """Absolute path on the host."""
    format: str
    kind: DiskKind = DiskKind.DISK
    bus: str = "virtio"
    cache: str = "default"
    discard: str = ""
    io: str = ""
    readonly: bool = False
    serial: str = ""


@dataclass(frozen=True, slots=True)
class NicSpec:
    """A network interface of a domain to be defined."""

    mac: str
    source_kind: str
    """network, bridge or user."""
    source: str
    model: str = "virtio"


@dataclass(frozen=True, slots=True)
class GraphicsSpec:
    """A display of a domain to be defined. `password` never appears in logs or error texts."""

    type: str
    listen: str = "127.0.0.1"
    port: int | None = None
    password: str = field(default="", repr=False)
    keymap: str = ""


@dataclass(frozen=True, slots=True)
class DomainSpec:
    """A domain to be defined; the driver turns it into its own description."""

    name: str
    uuid: str
    title: str
    memory_kib: int
    vcpus: int
    cpu_shares: int | None = None
    """Relative CPU weight, 1024 for one whole CPU."""
    disks: tuple[DiskSpec, ...] = ()
    nics: tuple[NicSpec, ...] = ()
    graphics: tuple[GraphicsSpec, ...] = ()
    boot: tuple[str, ...] = ("hd",)
    """Boot order: hd, cdrom, network."""
    arch: str = ""
    machine: str = ""
    kernel: str = ""
    initrd: str = ""
    kernel_cmd: str = ""
    firmware: str = ""
    cpu_model: str = ""
    acpi: bool = True
    apic: bool = True
    pae: bool = False
    localtime: bool = False
    guest_agent: bool = False
    inputs: tuple[tuple[str, str], ...] = ()
    """(type, bus) of each input device."""
    tag: Tag | None = None
    vcpus_max: int = 0
    """CPUs that the running guest may grow to; 0 for no more than `vcpus`."""
    memory_max_kib: int = 0
    """Memory that the running guest may grow to; 0 for no more than `memory_kib`."""
    raw: str = ""
    """Elements of the driver's own description, added as they are: who wrote them may do anything on the host."""


@dataclass(frozen=True, slots=True)
class DiskMove:
    """Where a disk goes when its domain moves to another host.

    One that can only be read is not copied: its volume has been sent ahead.
    """

    target: str
    """The disk as the guest knows it: vda."""
    pool: str
    """Pool on the other host."""
    volume: str
    backing: str = ""
    """Path, on the other host, of what the disk lies on. It must be there already; only the top layer is copied."""
