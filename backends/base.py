"""What a hypervisor host must offer, and by one name all that crosses the border: `values`, `specs`, `errors`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from backends.errors import (
    Aborted,
    AccessDenied,
    AlreadyExists,
    AuthFailed,
    BackendError,
    BadUri,
    Busy,
    DeadlinePassed,
    GuestUnwilling,
    HostKeyChanged,
    HostKeyUnknown,
    InvalidInput,
    NetworkOff,
    NoSpace,
    NotFound,
    NotSupported,
    Refused,
    Unreachable,
    WrongState,
)
from backends.guests import Console, Guests
from backends.hardware import Hardware
from backends.moments import Moments
from backends.specs import (
    DiskKind,
    DiskMove,
    DiskSpec,
    DomainSpec,
    GraphicsSpec,
    NicSpec,
    Tag,
)
from backends.storage import Storage
from backends.values import (
    DiskSeen,
    DisplaySeen,
    DomainSeen,
    DomainState,
    DomainStats,
    Event,
    Happening,
    HostInfo,
    HostLoad,
    JobSeen,
    NetworkSeen,
    NicSeen,
    PoolSeen,
    Power,
    Presence,
    Progress,
    SnapshotSeen,
    VolumeSeen,
    Whereabouts,
)

__all__ = [
    "Aborted",
    "AccessDenied",
    "AlreadyExists",
    "AuthFailed",
    "BackendError",
    "BadUri",
    "Busy",
    "Console",
    "DeadlinePassed",
    "DiskKind",
    "DiskMove",
    "DiskSeen",
    "DiskSpec",
    "DisplaySeen",
    "DomainSeen",
    "DomainSpec",
    "DomainState",
    "DomainStats",
    "Event",
    "GraphicsSpec",
    "GuestUnwilling",
    "Happening",
    "Host",
    "HostInfo",
    "HostKeyChanged",
    "HostKeyUnknown",
    "HostLoad",
    "InvalidInput",
    "JobSeen",
    "NetworkOff",
    "NetworkSeen",
    "NicSeen",
    "NicSpec",
    "NoSpace",
    "NotFound",
    "NotSupported",
    "PoolSeen",
    "Power",
    "Presence",
    "Progress",
    "Refused",
    "SnapshotSeen",
    "Storage",
    "Tag",
    "Unreachable",
    "VolumeSeen",
    "Whereabouts",
    "WrongState",
]


class Host(Storage, Hardware, Moments, Guests, Protocol):
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
        """Connect (two connections, keepalive, events), describe the host. Also raises AuthFailed, HostKeyUnknown."""
        ...

    async def close(self) -> None: ...

    def subscribe(self, listener: Callable[[Event], None]) -> None:
        """Have `listener` called for each event, from a driver thread; it must only enqueue."""
        ...

    # What is so -------------------------------------------------------------------------------------------------

    async def load(self) -> HostLoad: ...

    async def sweep(self, *, deadline: float = 15.0) -> Sequence[DomainStats]:
        """State and counters of every domain by one bulk call that never waits for a busy domain.

        Args:
            deadline: seconds the host may take to answer; one that misses them is asked once more.
        """
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

    async def job(self, uuid: str) -> JobSeen | None:
        """The domain's running job, None when there is none."""
        ...

    async def abort_job(self, uuid: str) -> None:
        """Have the domain's job (migration, save, backup) stop; its caller gets Aborted. No job is fine."""
        ...

    async def whereabouts(self, uuid: str) -> Presence | None:
        """What the host says of a domain that may be moving, None when it does not know it."""
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
        """Save memory on the host (managed save) and stop; `start` restores it. Raises NoSpace: still running."""
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

    # Moving while it runs ---------------------------------------------------------------------------------------

    async def migration_problems(
        self, uuid: str, target: Host, *, copies: Sequence[DiskMove] = (), shared: bool = False
    ) -> list[str]:
        """Why `migrate_live` with these arguments would fail, one sentence each."""
        ...

    async def move_disk_live(self, uuid: str, move: DiskMove, progress: Progress | None = None) -> None:
        """Have a running domain use a copy of a disk in another pool of the same host, now and after its next start.

        The old file stays behind. On an error the domain uses it on, and nothing is left of the copy.
        """
        ...

    async def migrate_live(
        self, uuid: str, target: Host, *, copies: Sequence[DiskMove] = (), shared: bool = False, address: str = "",
        bandwidth_mib: int = 0, progress: Progress | None = None,
    ) -> Whereabouts:  # fmt: skip
        """Move a running domain with its definition to another host.

        The memory goes directly from host to host, by TCP from port 49152 on; the connections of this process steer it.
        If they break, or nothing moves for long, the domain stays where it is. The files of copied disks stay behind as
        well. A disk that lies on another file arrives as one flat file, unless its move names the backing there.

        Args:
            copies: the disks to copy, into volumes that are made for them.
            shared: the other disks are the same files on both hosts; libvirt takes our word for it.
            address: where the source host reaches the target, when it is not the host of the target's URI. libvirt
                itself would use the name that the target calls itself, which the source may not know.
            bandwidth_mib: MiB/s at most, 0 for no limit.
            progress: told bytes done and in all; the total is not constant.

        Returns:
            what both hosts say afterwards. A domain that runs on the target already has been moved.

        Raises:
            Aborted: `abort_job` was called, or nothing moved; the domain runs where it was.
        """
        ...
