"""A network as a template describes it: its source on the hosts, what guests are told of it, its address ranges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address

from vmconsole.templates import values
from vmconsole.templates.errors import NameRefused, Problem, TemplateError
from vmconsole.templates.names import check_vm_name
from vmconsole.templates.section import Section
from vmconsole.templates.template import NOWHERE, Template

LARGEST_RANGE = 1 << 16
MAC_PREFIX = 0x0200
"""First two bytes of the MAC address that belongs to an IPv4 address; the address itself is the other four."""

_SOURCES = ("BRIDGE", "NETWORK", "USER")
_TOLD = ("GATEWAY", "NETWORK_MASK", "DNS")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class AddressRange:
    """So many addresses from the first on, each with a MAC address: counted from `mac`, or made of the IPv4 address."""

    first: Address
    size: int
    mac: str = ""

    def pairs(self) -> Iterator[tuple[str, str]]:
        """(IP, MAC) of each address, in order."""
        return (self._pair(index) for index in range(self.size))

    def mac_of(self, ip: str) -> str | None:
        """The MAC address that goes with an address of the range; None for one that is not in it."""
        index = self.place(ip)
        return None if index is None else self._pair(index)[1]

    def place(self, ip: str) -> int | None:
        """How many addresses of the range come before this one; None for one that is not in it."""
        try:
            address = ip_address(ip)
        except ValueError:
            return None
        index = int(address) - int(self.first)
        return index if address.version == self.first.version and 0 <= index < self.size else None

    @property
    def last(self) -> Address:
        return self.first + (self.size - 1)

    def overlaps(self, other: AddressRange) -> bool:
        """Whether an address is in both."""
        mine, theirs = int(self.first), int(other.first)
        return self.first.version == other.first.version and mine < theirs + other.size and theirs < mine + self.size

    def _pair(self, index: int) -> tuple[str, str]:
        ip = self.first + index
        number = int(self.mac.replace(":", ""), 16) + index if self.mac else MAC_PREFIX << 32 | int(ip)
        return str(ip), number.to_bytes(6, "big").hex(":")


@dataclass(frozen=True, slots=True)
class NetworkSpec:
    """A network as it is asked for.

    Args:
        kind: network (one of libvirt's), bridge, or user (QEMU's own, which needs no privilege).
        source: name of the network or bridge on the hosts; empty for user.
        attributes: the rest; GATEWAY, NETWORK_MASK and DNS are told to guests in their context.
    """

    name: str
    kind: str
    source: str
    vlan: str = ""
    ranges: tuple[AddressRange, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


def check_network(template: Template) -> NetworkSpec:
    """The network a template describes. TemplateError lists every problem."""
    problems: list[Problem] = []
    texts = {key: text for key, text in template.to_data().items() if isinstance(text, str) and text}
    section = Section("", texts, {}, NOWHERE, problems)
    sources = [key for key in _SOURCES if section.has(key)]
    if len(sources) != 1:
        found = " and ".join(sources) or "none of them"
        section.refuse("", f"expected exactly one of {', '.join(_SOURCES)}, found {found}")
    kind = (sources[0] if sources else "USER").lower()
    told = {key: section.read(key, values.ip) for key in _TOLD[:2]}
    told["DNS"] = section.read("DNS", _addresses)
    others = {key: text for key, text in texts.items() if key not in {"NAME", "VLAN_ID", *_SOURCES, *_TOLD}}
    if kind == "user" and section.has("USER") and section.read("USER", values.flag) is False:
        section.refuse("USER", "expected YES, or another source")
    spec = NetworkSpec(
        name=section.read("NAME", _name) or "",
        kind=kind,
        source="" if kind == "user" else section.read(kind.upper(), values.word) or "",
        vlan=str(section.read("VLAN_ID", values.whole(1, 4094)) or ""),
        ranges=_ranges(template, problems),
        attributes=others | {key: text for key, text in told.items() if text},
    )
    if not section.has("NAME"):
        section.refuse("NAME", "is missing")
    if problems:
        raise TemplateError(problems)
    return spec


def check_range(template: Template) -> AddressRange:
    """The one AR of a template. TemplateError lists every problem."""
    problems: list[Problem] = []
    ranges = _ranges(template, problems)
    if not problems and len(ranges) != 1:
        problems.append(Problem(*NOWHERE, f"AR: expected exactly one, found {len(ranges)}"))
    if problems:
        raise TemplateError(problems)
    return ranges[0]


def _ranges(template: Template, problems: list[Problem]) -> tuple[AddressRange, ...]:
    sections = [Section.of(attribute, problems) for attribute in template.attributes("AR")]
    found = [spec for section in sections if section is not None and (spec := _range(section)) is not None]
    for index, one in enumerate(found):
        if any(one.overlaps(other) for other in found[:index]):
            problems.append(Problem(*NOWHERE, f"AR: the range from {one.first} overlaps with another one"))
    return tuple(found)


def _range(section: Section) -> AddressRange | None:
    kind = section.read("TYPE", values.one_of("IP4", "IP6"))
    first = section.read("IP", _address)
    size = section.read("SIZE", values.whole(1, LARGEST_RANGE))
    mac = section.read("MAC", values.mac) or ""
    section.close()
    for key, value in (("IP", first), ("SIZE", size)):
        if value is None and not section.has(key):
            section.refuse(key, "is missing: a range has a first IP and a SIZE")
    if first is None or size is None:
        return None
    if kind is not None and kind != f"IP{first.version}":
        section.refuse("TYPE", f"{first} is no {kind} address")
    if first.version == 6 and not mac:
        section.refuse("MAC", "is missing: an IPv6 range has a first MAC, from which the others are counted")
        return None
    if int(first) + size > 1 << first.max_prefixlen:
        section.refuse("SIZE", f"there are no {size} addresses from {first} on")
        return None
    return AddressRange(first, size, mac)


def _address(text: str) -> Address:
    return ip_address(values.ip(text))


def _addresses(text: str) -> str:
    """IP addresses separated by blanks."""
    return " ".join(values.ip(word) for word in text.split())


def _name(text: str) -> str:
    try:
        return check_vm_name(text)
    except NameRefused as error:
        raise ValueError(str(error)) from None
