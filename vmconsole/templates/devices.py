"""Disks and network cards as a VM template describes them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vmconsole.templates import values
from vmconsole.templates.section import Section
from vmconsole.templates.sizes import disk_mib

CACHES = ("default", "none", "writethrough", "writeback", "directsync", "unsafe")
FORMATS = ("raw", "qcow2")
BUS_PREFIXES = ("vd", "sd", "hd")

_id = values.whole(0)


class VolatileType(StrEnum):
    """The kinds of disks that are made for the VM and vanish with it."""

    FS = "fs"
    SWAP = "swap"


@dataclass(frozen=True, slots=True)
class DiskSpec:
    """A disk: an image by id or by name (of `image_owner`), or a volatile one of a size.

    `size_mib` of an image disk is the size it is grown to; None keeps the image's own.
    """

    image_id: int | None = None
    image: str | None = None
    image_owner: str | None = None
    volatile: VolatileType | None = None
    size_mib: int | None = None
    format: str | None = None
    file_system: str | None = None
    target: str | None = None
    prefix: str | None = None
    cache: str | None = None
    discard: str | None = None
    io: str | None = None
    readonly: bool = False


@dataclass(frozen=True, slots=True)
class NicSpec:
    """A network card; with `parent` it is a further address on the card of that name, not a card of its own.

    `automatic` leaves the choice of the network to the scheduler.
    """

    network_id: int | None = None
    network: str | None = None
    network_owner: str | None = None
    automatic: bool = False
    bridge: str | None = None
    ip: str | None = None
    mac: str | None = None
    model: str | None = None
    name: str | None = None
    parent: str | None = None


def disk(section: Section) -> DiskSpec:
    """Read a DISK; problems are noted in the section."""
    driver, image_format = (section.read(key, values.one_of(*FORMATS)) for key in ("DRIVER", "FORMAT"))
    spec = DiskSpec(
        image_id=section.read("IMAGE_ID", _id),
        image=section.read("IMAGE", values.line),
        image_owner=section.read("IMAGE_UNAME", values.line),
        volatile=_volatile(section),
        size_mib=section.read("SIZE", disk_mib),
        format=driver or image_format,
        file_system=section.read("FS", values.word),
        target=section.read("TARGET", _target),
        prefix=section.read("DEV_PREFIX", values.one_of(*BUS_PREFIXES)),
        cache=section.read("CACHE", values.one_of(*CACHES)),
        discard=section.read("DISCARD", values.one_of("ignore", "unmap")),
        io=section.read("IO", values.one_of("native", "threads", "io_uring")),
        readonly=section.read("READONLY", values.flag) or False,
    )
    sources = section.given("IMAGE", "IMAGE_ID", "TYPE")
    if len(sources) != 1:
        found = " and ".join(sources) or "none of them"
        section.refuse("", f"expected exactly one of IMAGE, IMAGE_ID and TYPE, found {found}")
    if section.has("TYPE") and not section.has("SIZE"):
        section.refuse("", "a volatile disk needs a SIZE")
    if section.has("IMAGE_UNAME") and not section.has("IMAGE"):
        section.refuse("IMAGE_UNAME", "the owner of an image is only used with its name, IMAGE")
    _agree(section, "DRIVER", "FORMAT")
    section.close()
    return spec


def nic(section: Section) -> NicSpec:
    """Read a NIC or a NIC_ALIAS; problems are noted in the section."""
    is_alias = section.name == "NIC_ALIAS"
    spec = NicSpec(
        network_id=section.read("NETWORK_ID", _id),
        network=section.read("NETWORK", values.line),
        network_owner=section.read("NETWORK_UNAME", values.line),
        automatic=section.read("NETWORK_MODE", values.one_of("auto")) is not None,
        bridge=section.read("BRIDGE", values.word),
        ip=section.read("IP", values.ip),
        mac=section.read("MAC", values.mac),
        model=section.read("MODEL", values.word),
        name=section.read("NAME", values.word),
        parent=section.read("PARENT", values.word) if is_alias else None,
    )
    sources = section.given("NETWORK", "NETWORK_ID", "NETWORK_MODE")
    if len(sources) > 1 or not (sources or section.has("BRIDGE")):
        found = " and ".join(sources) or "none of them"
        section.refuse("", f"expected one of NETWORK, NETWORK_ID, NETWORK_MODE and BRIDGE, found {found}")
    if section.has("NETWORK_UNAME") and not section.has("NETWORK"):
        section.refuse("NETWORK_UNAME", "the owner of a network is only used with its name, NETWORK")
    if is_alias and not section.has("PARENT"):
        section.refuse("", "an alias needs the PARENT whose card it shares")
    section.close()
    return spec


def _volatile(section: Section) -> VolatileType | None:
    kind = section.read("TYPE", values.one_of(*VolatileType))
    return VolatileType(kind) if kind else None


def _target(text: str) -> str:
    """A device name in the guest, such as vda or sdaa."""
    prefix, letters = text[:2], text[2:]
    if prefix in BUS_PREFIXES and letters.isascii() and letters.isalpha() and letters.islower() and len(letters) <= 3:
        return text
    raise ValueError(f"expected a device such as vda, sdb or hdc, found {values.shown(text)}")


def _agree(section: Section, first: str, second: str) -> None:
    one, other = section.values.get(first), section.values.get(second)
    if one and other and one.lower() != other.lower():
        section.refuse(second, f"{first} says {values.shown(one)}, they mean the same and must agree")
