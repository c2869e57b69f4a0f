"""How one gets from here to the display of a guest."""

from __future__ import annotations

import pytest

from backends import uri as uris
from backends.base import DisplaySeen
from vmconsole.console.guest.displays import way

SSH = "qemu+ssh://root@h1:2222/system?keyfile=/keys/one"


@pytest.mark.parametrize(
    ("uri", "display", "tunnel"),
    [
        (SSH, DisplaySeen("vnc", 5901, "127.0.0.1"),
         "ssh -N -L 127.0.0.1:5901:127.0.0.1:5901 -p 2222 -i /keys/one root@h1"),
        ("qemu+ssh://h1/system", DisplaySeen("spice", 5900, "0.0.0.0"),
         "ssh -N -L 127.0.0.1:5900:127.0.0.1:5900 h1"),
        ("qemu+ssh://h1/system", DisplaySeen("vnc", 5900, "::"), "ssh -N -L '127.0.0.1:5900:[::1]:5900' h1"),
        ("qemu+ssh://h1/system", DisplaySeen("vnc", 5900, "10.0.0.7"), "ssh -N -L 127.0.0.1:5900:10.0.0.7:5900 h1"),
        ("qemu+ssh://h1/system", DisplaySeen("vnc", 5900, "-oProxyCommand=x"),
         "ssh -N -L 127.0.0.1:5900:127.0.0.1:5900 h1"),
        ("qemu+tls://h1/system", DisplaySeen("vnc", 5900), "ssh -N -L 127.0.0.1:5900:127.0.0.1:5900 h1"),
        ("qemu:///system", DisplaySeen("vnc", 5900), ""),
    ],
)  # fmt: skip
def test_the_way_leads_through_ssh_unless_the_host_is_this_machine(uri: str, display: DisplaySeen, tunnel: str) -> None:
    found = way(uris.parse(uri), display)
    assert found.tunnel == tunnel
    assert found.viewer == f"remote-viewer {display.type}://127.0.0.1:{display.port}"
