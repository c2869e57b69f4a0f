"""What hosts say of themselves, their domains and their storage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from backends.specs import DiskKind, Tag

Progress = Callable[[int, int], None]
"""Called from a driver thread with bytes done and bytes in all (0 when unknown)."""


class Power(IntEnum):
    """Domain states, numbered as virDomainState."""

    NOSTATE = 0
    RUNNING = 1
    BLOCKED = 2
    PAUSED = 3
    SHUTDOWN = 4
    SHUTOFF = 5
    CRASHED = 6
    PMSUSPENDED = 7


@dataclass(frozen=True, slots=True)
class HostInfo:
    """What a host is; asked for once per connection."""

    hostname: str
    uuid: str
    """Host UUID of the capabilities; empty where the driver reports none."""
    cpus: int
    memory_kib: int
    hypervisor: str
    """Driver name as libvirt calls it: QEMU, TEST."""
    hypervisor_version: str
    libvirt_version: str
    domain_type: str
    """Best domain type for new domains: kvm, qemu or test."""
    machine_archs: tuple[str, ...]
    cpu_model: str
    features: frozenset[str] = frozenset()
    """What this host can do of what not every host can: stats, storage-transfer, save, migrate, console, hotplug,
    resize-disk, backup."""
    storage_root: str = ""
    """Folder under which our pools lie on this host."""


@dataclass(frozen=True, slots=True)
class HostLoad:
    """What a host is doing now. `cpu_percent` is of one core (400 on four busy cores), None until two samples exist."""

    cpu_percent: float | None
    memory_used_kib: int


@dataclass(frozen=True, slots=True)
class DomainState:
    """A domain's power state with libvirt's reason number."""

    uuid: str
    name: str
    power: Power
    reason: int


@dataclass(frozen=True, slots=True)
class DomainStats:
    """One domain in a sweep. Counters are totals since the domain started, None where the host gave none."""

    state: DomainState
    cpu_time_ns: int | None = None
    vcpus: int | None = None
    memory_max_kib: int | None = None
    memory_used_kib: int | None = None
    net_rx_bytes: int | None = None
    net_tx_bytes: int | None = None
    disk_read_bytes: int | None = None
    disk_write_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class DiskSeen:
    """A disk of an existing domain."""

    target: str
    kind: DiskKind
    source: str
    format: str
    bus: str
    readonly: bool = False


@dataclass(frozen=True, slots=True)
class NicSeen:
    """A network interface of an existing domain."""

    mac: str
    source_kind: str
    """network, bridge, user, direct …"""
    source: str
    model: str


@dataclass(frozen=True, slots=True)
class DisplaySeen:
    """A VNC or SPICE display of a domain; the port is -1 while the domain is off."""

    type: str
    port: int
    listen: str = ""


@dataclass(frozen=True, slots=True)
class DomainSeen:
    """A domain as its host describes it: what is needed to show a wild domain and to import it."""

    state: DomainState
    persistent: bool
    has_saved_memory: bool
    memory_kib: int
    vcpus: int
    title: str
    disks: tuple[DiskSeen, ...]
    nics: tuple[NicSeen, ...]
    displays: tuple[DisplaySeen, ...]
    tag: Tag | None
    start_time: int | None = None
    memory_max_kib: int = 0
    vcpus_max: int = 0


@dataclass(frozen=True, slots=True)
class VolumeSeen:
    """A volume as its pool reports it."""

    pool: str
    name: str
    path: str
    format: str
    capacity_bytes: int
    allocation_bytes: int
    physical_bytes: int
    backing_path: str = ""


@dataclass(frozen=True, slots=True)
class PoolSeen:
    """A storage pool and what is left in it."""

    name: str
    path: str
    active: bool
    capacity_bytes: int
    available_bytes: int


@dataclass(frozen=True, slots=True)
class NetworkSeen:
    """A virtual network of the host."""

    name: str
    active: bool
    bridge: str


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A long job of a domain (save, migration, block copy); byte counts may be 0 before it has begun to move."""

    operation: int
    bytes_done: int
    bytes_total: int


@dataclass(frozen=True, slots=True)
class Presence:
    """What a host says of a domain that may be on its way to or from another one."""

    power: Power
    reason: int
    persistent: bool
    incoming: bool
    """The domain is on its way here and runs elsewhere: never to be taken for a second copy."""
    busy: bool
    """A job is at work on it."""

    @property
    def runs(self) -> bool:
        """The guest's CPUs are this host's."""
        return not self.incoming and self.power not in (Power.SHUTOFF, Power.CRASHED, Power.NOSTATE)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What both hosts say of a domain after a migration; None where it is not known."""

    here: Presence | None
    there: Presence | None
    downtime_ms: int | None = None
    """How long the guest stood still; None when its new host does not tell."""


@dataclass(frozen=True, slots=True)
class SnapshotSeen:
    """A snapshot of a whole domain, kept by its host."""

    name: str
    parent: str
    """Empty for a root."""
    current: bool
    created: int
    """Seconds since 1970, UTC."""
    description: str
    power: Power
    """What the domain is after a revert to it."""
    has_memory: bool
    disks: tuple[tuple[str, str], ...]
    """(target, internal, external or no) of each disk."""
    xml: str
    """The whole description; what `redefine_snapshot` takes."""


class Happening(StrEnum):
    """What an event says. Events are hints: lost while disconnected, sometimes doubled; the sweep is the truth."""

    DOMAIN = "domain"
    """Something changed about one domain: look at it."""
    UP = "up"
    """The connection is (again) open: look at everything."""
    DOWN = "down"
    """The connection is lost."""


@dataclass(frozen=True, slots=True)
class Event:
    """One hint from a host."""

    host: str
    happening: Happening
    uuid: str = ""
    reason: str = ""
