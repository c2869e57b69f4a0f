"""What a VM template says of the machine itself: boot, screen, input devices, features."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vmconsole.templates import values
from vmconsole.templates.section import Section

FEATURES = ("ACPI", "PAE", "APIC", "LOCALTIME", "HYPERV", "GUEST_AGENT")

BOOT_KINDS = ("hd", "cdrom", "network", "fd")

_BOOT_DEVICE = re.compile(r"(?:disk|nic)[0-9]{1,3}|" + "|".join(BOOT_KINDS))


@dataclass(frozen=True, slots=True)
class OsSpec:
    """How the machine starts; `boot` are the devices in order (disk0, nic1, or hd, cdrom, network, fd)."""

    arch: str | None = None
    machine: str | None = None
    kernel: str | None = None
    initrd: str | None = None
    kernel_cmd: str | None = None
    root: str | None = None
    boot: tuple[str, ...] = ()
    bootloader: str | None = None
    uuid: str | None = None
    firmware: str | None = None


@dataclass(frozen=True, slots=True)
class GraphicsSpec:
    """The screen. `port` None lets the host choose; `listen` None means the host's own default, this host only."""

    type: str
    listen: str | None = None
    port: int | None = None
    password: str | None = None
    keymap: str | None = None


@dataclass(frozen=True, slots=True)
class InputSpec:
    """A mouse, tablet or keyboard and the bus it hangs on (None: the hypervisor's choice)."""

    type: str
    bus: str | None = None


def operating_system(section: Section) -> OsSpec:
    """Read OS; problems are noted in the section."""
    spec = OsSpec(
        arch=section.read("ARCH", values.word),
        machine=section.read("MACHINE", values.word),
        kernel=section.read("KERNEL", values.path),
        initrd=section.read("INITRD", values.path),
        kernel_cmd=section.read("KERNEL_CMD", values.line),
        root=section.read("ROOT", values.line),
        boot=section.read("BOOT", _boot) or (),
        bootloader=section.read("BOOTLOADER", values.path),
        uuid=section.read("UUID", values.uuid),
        firmware=section.read("FIRMWARE", _firmware),
    )
    for key in section.given("INITRD", "KERNEL_CMD", "ROOT"):
        if not section.has("KERNEL"):
            section.refuse(key, "is only used together with KERNEL")
    section.close()
    return spec


def graphics(section: Section) -> GraphicsSpec:
    """Read GRAPHICS; problems are noted in the section."""
    kind = section.read("TYPE", values.one_of("vnc", "spice", "sdl"))
    if not section.has("TYPE"):
        section.refuse("", "needs a TYPE: vnc, spice or sdl")
    spec = GraphicsSpec(
        type=kind or "",
        listen=section.read("LISTEN", _listen),
        port=section.read("PORT", values.whole(1, 65535)),
        password=section.read("PASSWD", values.line),
        keymap=section.read("KEYMAP", values.word),
    )
    section.close()
    return spec


def input_device(section: Section) -> InputSpec:
    """Read INPUT; problems are noted in the section."""
    kind = section.read("TYPE", values.one_of("mouse", "tablet", "keyboard"))
    if not section.has("TYPE"):
        section.refuse("", "needs a TYPE: mouse, tablet or keyboard")
    spec = InputSpec(kind or "", section.read("BUS", values.one_of("usb", "ps2", "virtio")))
    section.close()
    return spec


def features(section: Section) -> dict[str, bool]:
    """Read FEATURES: those that were given, switched on or off; problems are noted in the section."""
    switches = {key: section.read(key, values.flag) for key in FEATURES}
    section.close()
    return {key: switch for key, switch in switches.items() if switch is not None}


def cpu_model(section: Section) -> str | None:
    """Read CPU_MODEL: a model the hypervisor knows, or host-passthrough; problems are noted in the section."""
    model = section.read("MODEL", values.word)
    section.close()
    return model


def raw(section: Section) -> str | None:
    """Read RAW: a piece of domain XML, not looked into here; problems are noted in the section."""
    section.read("TYPE", values.one_of("kvm", "qemu"))
    data = section.read("DATA", str)
    section.close()
    return data


def _boot(text: str) -> tuple[str, ...]:
    devices = tuple(part.strip() for part in text.split(","))
    if len(set(devices)) == len(devices) and all(map(_BOOT_DEVICE.fullmatch, devices)):
        return devices
    raise ValueError(f"expected distinct devices such as disk0,nic0 or hd,network, found {values.shown(text)}")


def _listen(text: str) -> str:
    """An address or the name of a host: what has only digits and dots must be an address."""
    return values.ip(text) if ":" in text or not text.strip("0123456789.") else values.word(text)


def _firmware(text: str) -> str:
    return values.path(text) if text.startswith("/") else values.one_of("BIOS", "UEFI")(text)
