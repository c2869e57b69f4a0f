"""The network of a lab: a bridge, and for each host a network namespace with one cable to it."""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress

from .claim import Claim
from .command import LabError, run

OURS = 254  # the last byte of our own address on the bridge


class Wire:
    """The bridge and cables of the lab with this claim. Hosts are counted from 1."""

    def __init__(self, claim: Claim) -> None:
        self.bridge = claim.name
        self._prefix = claim.subnet.rpartition(".")[0]

    def address(self, host: int) -> str:
        return f"{self._prefix}.{host}"

    def namespace(self, host: int) -> str:
        """The name of the host's network namespace, which is the name of its port on the bridge too."""
        return f"{self.bridge}-h{host}"

    def build(self) -> None:
        """Make the bridge, with our own address on it."""
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "address", "add", f"{self.address(OURS)}/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")

    def plug(self, host: int) -> None:
        """Make the host's network namespace and plug its cable in. Its card has the same MAC address every time."""
        name = self.namespace(host)
        card = f"52:54:00:{host:02x}:00:01"
        run("ip", "netns", "add", name)
        run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "address", card, "netns", name)
        run("ip", "link", "set", name, "master", self.bridge, "up")
        run("ip", "-netns", name, "address", "add", f"{self.address(host)}/24", "dev", "eth0")
        run("ip", "-netns", name, "link", "set", "eth0", "up")
        run("ip", "-netns", name, "link", "set", "lo", "up")

    def unplug(self, host: int) -> None:
        """Remove the host's cable and network namespace with all that was set up in it; nothing may run there."""
        name = self.namespace(host)
        if name in self.ports():
            run("ip", "link", "delete", name)
        if name in self.namespaces():
            run("ip", "netns", "delete", name)

    def cut(self, host: int) -> None:
        run("ip", "link", "set", self.namespace(host), "down")

    def mend(self, host: int) -> None:
        run("ip", "link", "set", self.namespace(host), "up")

    def remove(self) -> None:
        """End every process in the lab's network namespaces and remove the network; works on half-built labs too."""
        for name in self.namespaces():
            _end_all(name)
            run("ip", "netns", "delete", name)
        # A port goes with its namespace, but only some time after.
        for name in self.ports():
            with suppress(LabError):
                run("ip", "link", "delete", name)

    def namespaces(self) -> list[str]:
        listed = (line.split()[0] for line in run("ip", "netns", "list").splitlines() if line)
        return sorted(name for name in listed if name.startswith(f"{self.bridge}-"))

    def ports(self) -> list[str]:
        """The links of this lab in our own namespace: ports first, the bridge last."""
        names = [link["ifname"] for link in json.loads(run("ip", "-json", "link", "show"))]
        ports = sorted(name for name in names if name.startswith(f"{self.bridge}-"))
        return ports + [name for name in names if name == self.bridge]


def _end_all(namespace: str) -> None:
    deadline = time.monotonic() + 10
    while pids := run("ip", "netns", "pids", namespace).split():
        if time.monotonic() > deadline:
            raise LabError(f"processes of {namespace} do not end: {' '.join(pids)}")
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        time.sleep(0.01)
