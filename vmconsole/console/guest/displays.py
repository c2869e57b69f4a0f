"""The displays of a running guest, VNC or SPICE, and how to get to them from here."""

from __future__ import annotations

import ipaddress
import shlex
from typing import TYPE_CHECKING, NamedTuple

from backends import uri as uris
from vmconsole.console.guest.reaching import Place, reached

if TYPE_CHECKING:
    from backends.base import DisplaySeen
    from backends.uri import HostUri


class Way(NamedTuple):
    """One display: where it listens, the line that brings it here (empty on this machine), and one that shows it."""

    address: str
    tunnel: str
    viewer: str


async def ways(place: Place) -> list[Way]:
    """The ways to the displays of a guest; none when it has no display, or is off. Raises Failed."""
    async with reached(place) as host:
        domain = await host.domain(place.uuid)
    displays = [] if domain is None else [each for each in domain.displays if each.port > 0]
    return [way(uris.parse(place.uri), display) for display in displays]


def way(host: HostUri, display: DisplaySeen) -> Way:
    """How to get from here to a display on a host.

    Displays listen on the host's own loopback as a rule, so the way leads through ssh; a port of the same number is
    opened here, on the loopback as well.
    """
    target = _within(display.listen)
    address = f"{display.type}://{_bracketed(target)}:{display.port}"
    viewer = f"remote-viewer {display.type}://127.0.0.1:{display.port}"
    if host.local:
        return Way(address, "", f"remote-viewer {address}")
    login = f"{host.user}@{host.host}" if host.user else host.host
    port = ["-p", str(host.port)] if host.port is not None and host.transport == "ssh" else []
    key = ["-i", host.parameter("keyfile")] if host.parameter("keyfile") else []
    forward = f"127.0.0.1:{display.port}:{_bracketed(target)}:{display.port}"
    return Way(address, shlex.join(["ssh", "-N", "-L", forward, *port, *key, login]), viewer)


def _within(listen: str) -> str:
    """The address a display is reached at from its host itself: one that means every address is its loopback, too."""
    try:
        address = ipaddress.ip_address(listen or "127.0.0.1")
    except ValueError:  # the host's own text: nothing but an address belongs on a command line
        return "127.0.0.1"
    if address.is_unspecified:
        return "127.0.0.1" if address.version == 4 else "::1"
    return str(address)


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
