"""What can be changed about a domain's devices, capacity and definition."""

from __future__ import annotations

from typing import Protocol

from backends.specs import DiskSpec, NicSpec


class Hardware(Protocol):
    """A running domain is changed at once, a persistent one for its next start too; most are both.

    Every verb finds its own work done when it is repeated.
    """

    async def attach_disk(self, uuid: str, spec: DiskSpec) -> None:
        """Plug a disk in. Raises AlreadyExists: its target is taken by, or its file is in use as, another disk."""
        ...

    async def detach_disk(self, uuid: str, target: str) -> None:
        """Unplug a disk; gone is fine.

        Raises:
            GuestUnwilling: the guest did not let go of it in time. Running and kept definition still have it; should
                the guest yet let go, the same verb completes the work.
        """
        ...

    async def attach_nic(self, uuid: str, spec: NicSpec) -> None:
        """Plug a network interface in. Raises AlreadyExists: the domain has another one of this MAC address.

        Whether other domains have the address is not looked at: that is known to whoever gives addresses out.
        """
        ...

    async def detach_nic(self, uuid: str, mac: str) -> None:
        """Unplug a network interface, as `detach_disk` does."""
        ...

    async def change_media(self, uuid: str, target: str, source: str | None, *, format: str = "raw") -> None:
        """Put the file `source` into a CD-ROM drive, None for nothing, whether or not the guest has locked its tray."""
        ...

    async def resize_disk(self, uuid: str | None, target: str, pool: str, volume: str, capacity_bytes: int) -> None:
        """Grow a disk: through the guest's QEMU while it runs, as a file while it does not (or there is no domain).

        Raises:
            InvalidInput: the disk has more bytes already; none is ever made smaller.
        """
        ...

    async def set_capacity(self, uuid: str, vcpus: int, memory_kib: int) -> None:
        """Give a domain this many CPUs and KiB of memory.

        One that is off takes any number; its maxima follow unless they stood higher. A running one grows in CPUs up to
        its maximum, and in memory either way below its maximum, by the balloon.

        Raises:
            NotSupported: what of it a running guest cannot be given, and why; nothing was changed.
            GuestUnwilling: the guest's balloon did not move in time; the CPUs were given.
        """
        ...

    async def define_xml(self, uuid: str, text: str) -> None:
        """Replace the kept definition by an edited one of the same name and UUID; the ownership tag stays.

        Raises:
            InvalidInput: it is malformed, or another domain's.
        """
        ...

    async def domain_xml(self, uuid: str, *, secrets: bool = False, kept: bool = False) -> str:
        """The domain's own description.

        Args:
            secrets: with the passwords in it; for `define_xml`, never for logs.
            kept: the definition for the next start, not what runs.
        """
        ...
