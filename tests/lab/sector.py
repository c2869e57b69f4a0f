"""A guest of one sector, up at once: it counts its boots, obeys its power button and lets go of devices."""

from __future__ import annotations

from pathlib import Path

from .hosts import Host

SECTOR = 512
SIZE = 1 << 20
# In real mode, as the BIOS leaves it. The ports are those of ACPI, as SeaBIOS and QEMU set them up.
_CODE = bytes.fromhex(
    "31c0 8ed8 8ec0"  # segments 0
    "fe06 fc7d"  # one boot more, at _COUNTER of this sector
    "b80103 bb007c b90100 b600 cd13"  # write the sector back to the disk that it came from
    "ba0206 b80001 ef"  # enable the event of the power button
    "fb f4"  # wait: sleep until an interrupt; the clock's come 18 times a second
    "ba04ae 66ed"  # which devices are to go?
    "ba08ae 66ef"  # let them go
    "ba0006 ed f6c401 74eb"  # unless the button was pressed, wait
    "ba0406 b80020 ef"  # off
    "ebe2"  # wait
)
_COUNTER = 508
_SIGNATURE = b"\x55\xaa"


def sector_image(path: Path) -> Path:
    """Write the guest's raw disk."""
    boot = _CODE.ljust(SECTOR - len(_SIGNATURE), b"\0") + _SIGNATURE
    path.write_bytes(boot.ljust(SIZE, b"\0"))
    return path


def boots(host: Host, path: str, format: str = "qcow2") -> int:
    """How often a disk has been booted from, as it is written there; a guest may be using it."""
    said = host.run("qemu-io", "-U", "-r", "-f", format, "-c", f"read -v {_COUNTER} 1", path)
    return int(said.split(":")[1].split()[0], 16)
