"""What can befall a host: done and mended by what is done inside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tests.lab.field import NETWORK, POOL
from tests.lab.hosts import Host

DEFINITIONS = "/etc/libvirt/qemu"


@dataclass(frozen=True, slots=True)
class Harm:
    """One kind of harm; both are lines for the shell of a host, in which $vm is the number of a VM."""

    story: str
    do: str
    mend: str
    each: bool = False
    """Done to the files of each VM, not to the host as a whole."""

    def befall(self, host: Host, vms: Iterable[int]) -> None:
        self._run(host, self.do, vms)

    def undo(self, host: Host, vms: Iterable[int]) -> None:
        self._run(host, self.mend, vms)

    def _run(self, host: Host, line: str, vms: Iterable[int]) -> None:
        numbers = [str(vm) for vm in vms] if self.each else [""]
        host.run("sh", "-ec", f'for vm in "$@"; do {line}; done', "sh", *numbers)


def _overwritten(story: str, file: str, first: str) -> Harm:
    """The first bytes of a file, by which its kind is known, are others."""
    write = f"printf %b '{{}}' | dd status=none conv=notrunc of={POOL}/{file}"
    return Harm(story, write.format("XXXX"), write.format(first), each=True)


def _read_only(story: str, directory: str) -> Harm:
    do = f"mount --bind {directory} {directory}; mount -o remount,bind,ro {directory}"
    return Harm(story, do, f"umount {directory}")


_LOST = "/var/lib/libvirt/lost-$vm"

NETWORK_GONE = Harm("its network is gone", f"virsh -q net-destroy {NETWORK}", f"virsh -q net-start {NETWORK}")
POOL_FULL = Harm("its pool is full", f"cat /dev/zero >{POOL}/filler 2>/dev/null || true", f"rm {POOL}/filler")
POOL_READ_ONLY = _read_only("its pool is read-only", POOL)
DEFINITIONS_READ_ONLY = _read_only("its definitions are read-only", DEFINITIONS)
VOLUME_LOST = Harm(
    "a volume is missing", f"mv {POOL}/one-$vm-disk-1 {_LOST}", f"mv {_LOST} {POOL}/one-$vm-disk-1", each=True
)
IMAGE_CORRUPT = _overwritten("an image is corrupt", "one-$vm-disk-1", "QFI\\0373")
MEMORY_CORRUPT = _overwritten("the saved memory is corrupt", "one-$vm.checkpoint", "Libv")
