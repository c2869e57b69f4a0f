"""What a hypervisor host must offer, the values that cross the border, and the errors a driver raises.

Error tree, split by what the caller may do:
  BackendError
    Unreachable          no answer; nothing is known of what became of the request
      DeadlinePassed     the host took longer than the call's deadline; its connection was dropped
    AuthFailed           ssh or libvirt refused us
    HostKeyUnknown       the host's key has never been accepted
    HostKeyChanged       the host shows another key than the accepted one
    BadUri               the URI is outside the allow-list
    NotFound             the named domain, pool, volume, network or snapshot is not there
    AlreadyExists        the name or UUID is taken
    WrongState           the domain's state forbids this
    InvalidInput         the host says the description is malformed or contradictory
    NotSupported         this driver or this host cannot do it
    Busy                 somebody else's job holds the domain
    Aborted              the job was cancelled
    AccessDenied         the account may not do this
    NoSpace              the host's storage is full
    Refused              anything else the host said no to, in its own words
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Protocol

Progress = Callable[[int, int], None]
"""Called from a driver thread with bytes done and bytes in all (0 when unknown)."""


class BackendError(Exception):
    """A host did not do what was asked.

    Args:
        message: one sentence without the driver's jargon.
        host: the host's name in the store.
        detail: the driver's own words, unsanitised.
    """

    def __init__(self, message: str, *, host: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.host = host
        self.detail = detail


class Unreachable(BackendError):
    """The host did not answer; nothing is known of what it did with the request."""


class DeadlinePassed(Unreachable):
    """The host did not answer in time; its connection was dropped."""


class AuthFailed(BackendError):
    """The host refused our credentials."""


class HostKeyUnknown(BackendError):
    """The host's ssh key has never been accepted. `fingerprint` is what it shows now, when it could be asked."""

    fingerprint = ""


class HostKeyChanged(HostKeyUnknown):
    """The host shows another ssh key than the accepted one."""


class BadUri(BackendError):
    """The URI is refused; nothing was contacted."""


class NotFound(BackendError):
    """What was named is not on the host."""


class AlreadyExists(BackendError):
    """The name or UUID is taken on the host."""


class WrongState(BackendError):
    """The domain is not in a state that allows this."""


class InvalidInput(BackendError):
    """The host calls the description malformed or contradictory."""


class NotSupported(BackendError):
    """The driver, or this host's version, cannot do this."""


class Busy(BackendError):
    """Another job holds the domain; nothing happened."""


class Aborted(BackendError):
    """The job was cancelled."""


class AccessDenied(BackendError):
    """The account may not do this on the host."""


class NoSpace(BackendError):
    """The host's storage is full."""


class Refused(BackendError):
    """The host said no, in its own words (`detail`)."""


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


class DiskKind(StrEnum):
    """How a disk appears to the guest."""

    DISK = "disk"
    CDROM = "cdrom"


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
    """What this host can do of what not every host can: stats, storage-transfer, save, migrate, console, hotplug."""
    storage_root: str = ""
    """Folder under which our pools lie on this host."""


@dataclass(frozen=True, slots=True)
class HostLoad:
    """What a host is doing now. `cpu_percent` is of one core (400 on four busy cores), None until two samples exist."""

    cpu_percent: float | None
    memory_used_kib: int


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
    graphics: tuple[tuple[str, int], ...]
    """(type, port) of each display; port -1 while the domain is off."""
    tag: Tag | None
    start_time: int | None = None


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


class Host(Protocol):
    """One hypervisor host, driven from an asyncio loop; blocking work is done on the host's own few threads.

    Every method may raise `Unreachable` (with `DeadlinePassed` when its deadline went by) and `AccessDenied`.
    Verbs are convergent: asking for what is already so succeeds, so that a repeated operation finds its own work done;
    `reboot` and `reset` alone are once-only.
    """

    name: str
    uri: str

    @property
    def is_open(self) -> bool: ...

    async def open(self) -> HostInfo:
        """Connect (two connections, keepalive, events) and describe the host. Also raises AuthFailed, HostKeyUnknown."""
        ...

    async def close(self) -> None: ...

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called for each event, from a driver thread; it must only enqueue."""
        ...

    # What is so -------------------------------------------------------------------------------------------------

    async def load(self) -> HostLoad: ...

    async def sweep(self) -> Sequence[DomainStats]:
        """State and counters of every domain by one bulk call that never waits for a busy domain."""
        ...

    async def states(self) -> Mapping[str, DomainState]:
        """State of every domain by UUID; nearly free."""
        ...

    async def domains(self) -> Sequence[DomainSeen]:
        """Every domain in full: one call for each, so at connect and on demand only."""
        ...

    async def domain(self, uuid: str) -> DomainSeen | None:
        """One domain in full, None when the host does not know it."""
        ...

    async def domain_xml(self, uuid: str) -> str:
        """The domain's own description, without secrets."""
        ...

    async def job(self, uuid: str) -> JobSeen | None:
        """The domain's running job, None when there is none."""
        ...

    async def settle(self, uuid: str, *, deadline: float = 600.0) -> None:
        """Return when no job runs on the domain: what an interrupted caller left behind has ended."""
        ...

    # The life of a domain ---------------------------------------------------------------------------------------

    async def define(self, spec: DomainSpec) -> None:
        """Define or redefine the domain; validated by the host. Raises InvalidInput, AlreadyExists."""
        ...

    async def retag(self, uuid: str, tag: Tag) -> None:
        """Write the ownership tag, live and persistent."""
        ...

    async def start(self, uuid: str, *, paused: bool = False, discard_saved: bool = False) -> None:
        """Boot, or restore a managed save. `discard_saved` boots cold although saved memory exists."""
        ...

    async def shutdown(self, uuid: str) -> None:
        """Press the power button once; the guest may not react. A domain that is off is fine."""
        ...

    async def destroy(self, uuid: str) -> None:
        """Pull the plug; a domain that is off or gone is fine."""
        ...

    async def reboot(self, uuid: str) -> None:
        """Ask the guest to reboot. Once-only."""
        ...

    async def reset(self, uuid: str) -> None:
        """Press the reset button. Once-only."""
        ...

    async def pause(self, uuid: str) -> None: ...

    async def unpause(self, uuid: str) -> None: ...

    async def save(self, uuid: str, progress: Progress | None = None) -> None:
        """Save memory on the host (managed save) and stop; the next `start` restores it. Raises NoSpace: still running."""
        ...

    async def drop_saved(self, uuid: str) -> None:
        """Remove a managed save, if there is one."""
        ...

    async def save_to(self, uuid: str, pool: str, volume: str, progress: Progress | None = None) -> None:
        """Save memory into a file of a pool, visible there as a volume, and stop. Raises NoSpace: still running."""
        ...

    async def restore_from(self, spec: DomainSpec, pool: str, volume: str) -> None:
        """Restore the memory file and make the domain persistent with `spec`'s disks and tag. The file stays."""
        ...

    async def undefine(self, uuid: str) -> None:
        """Forget an inactive domain with its managed save and snapshot metadata; storage stays. Gone is fine."""
        ...

    # Storage ----------------------------------------------------------------------------------------------------

    async def ensure_pool(self, name: str, path: str) -> PoolSeen:
        """Define, build and start a directory pool; one that is there is only started."""
        ...

    async def pools(self) -> Sequence[PoolSeen]: ...

    async def networks(self) -> Sequence[NetworkSeen]: ...

    async def volume(self, pool: str, name: str) -> VolumeSeen | None: ...

    async def volumes(self, pool: str) -> Sequence[VolumeSeen]: ...

    async def create_volume(
        self, pool: str, name: str, *, capacity_bytes: int, format: str, backing: str = "", backing_format: str = ""
    ) -> VolumeSeen:
        """An empty thin volume, or an overlay on the file `backing`. One of the same size that is there is fine."""
        ...

    async def clone_volume(self, pool: str, name: str, source_pool: str, source: str, *, format: str) -> VolumeSeen:
        """An independent copy made by the host itself."""
        ...

    async def resize_volume(self, pool: str, name: str, capacity_bytes: int) -> None:
        """Grow a volume that no running domain uses."""
        ...

    async def delete_volume(self, pool: str, name: str) -> None:
        """Delete; gone is fine. The caller has made sure that nothing uses it."""
        ...

    async def upload(self, pool: str, name: str, source: Path, progress: Progress | None = None) -> VolumeSeen:
        """Copy a file of this machine into a volume, holes kept. A partial volume is removed on failure."""
        ...

    async def send_volume(
        self, pool: str, name: str, target: Host, target_pool: str, target_name: str,
        progress: Progress | None = None,
    ) -> VolumeSeen:  # fmt: skip
        """Copy a volume's file as it is to another host, through this machine."""
        ...
