"""Guests for a lab: the small Linux built by data/guest/build, and one without any system at all."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, tostring

from .command import LabError

RECIPE = Path(__file__).resolve().parents[2] / "data/guest/build"
READY = "vmconsole guest ready"
# What the boot loaders of the two disk images say to the kernel, for a boot without them.
PARAMETERS = "console=ttyS0 quiet panic=5 cryptomgr.notests"
DEAF = f"{PARAMETERS} vmconsole.deaf"


@dataclass(frozen=True, slots=True)
class GuestFiles:
    """The built guest: a kernel with its initramfs, and two bootable raw disks, of which one ignores ACPI."""

    kernel: Path
    initramfs: Path
    image: Path
    deaf_image: Path


def build_guest(directory: Path | None = None) -> GuestFiles:
    """Build the guest, if it is not built yet, in `directory` or else in the user's cache; raises LabError."""
    words = [sys.executable, str(RECIPE)] + ([str(directory)] if directory else [])
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    if done.returncode:
        raise LabError(done.stderr.strip())
    built = Path(done.stdout.strip())
    return GuestFiles(built / "vmlinuz", built / "initramfs", built / "guest.img", built / "deaf.img")


def domain_xml(
    name: str,
    *,
    files: GuestFiles | None = None,
    parameters: str = PARAMETERS,
    disk: str = "",
    network: str = "",
    memory_mib: int = 96,
) -> str:
    """A domain: it boots the kernel of `files`, or else `disk` (the path of a raw image), or else only the BIOS."""
    domain = Element("domain", type="qemu")
    SubElement(domain, "name").text = name
    SubElement(domain, "memory", unit="MiB").text = str(memory_mib)
    SubElement(domain, "vcpu").text = "1"
    system = SubElement(domain, "os")
    SubElement(system, "type", arch="x86_64", machine="pc").text = "hvm"
    if files is not None:
        SubElement(system, "kernel").text = str(files.kernel)
        SubElement(system, "initrd").text = str(files.initramfs)
        SubElement(system, "cmdline").text = parameters
    SubElement(SubElement(domain, "features"), "acpi")
    devices = SubElement(domain, "devices")
    if disk:
        drive = SubElement(devices, "disk", type="file", device="disk")
        SubElement(drive, "driver", name="qemu", type="raw")
        SubElement(drive, "source", file=disk)
        SubElement(drive, "target", dev="vda", bus="virtio")
    if network:
        card = SubElement(devices, "interface", type="network")
        SubElement(card, "source", network=network)
        SubElement(card, "model", type="virtio")
    SubElement(devices, "serial", type="pty")
    SubElement(devices, "memballoon", model="virtio")
    return tostring(domain, encoding="unicode")


def bare_xml(name: str) -> str:
    """The smallest domain: 32 MiB, nothing to boot. It starts in a quarter of a second and ignores ACPI."""
    return domain_xml(name, memory_mib=32)
