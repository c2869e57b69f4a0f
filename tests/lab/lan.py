"""A network that the guests of all hosts and this machine are on: one that a guest does not leave when it moves."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType
from typing import Self

from .command import run
from .hosts import Host, Lab

BRIDGE = "guests"
"""What the bridge is called on every host."""
PORT = 7


class Lan:
    """As a context manager; the cables are gone when the block is left."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._bridge = f"{lab.name}-lan"
        self._prefix = f"172.29.{lab.hosts[0].address.split('.')[2]}"

    def __enter__(self) -> Self:
        run("ip", "link", "add", self._bridge, "type", "bridge")
        run("ip", "address", "add", f"{self.address(254)}/24", "dev", self._bridge)
        run("ip", "link", "set", self._bridge, "up")
        for host in self._lab.hosts:
            self.plug(host)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        run("ip", "link", "delete", self._bridge)

    def address(self, number: int) -> str:
        return f"{self._prefix}.{number}"

    def plug(self, host: Host) -> None:
        """Put a host on the network; one that was killed has lost its cable."""
        space, card = f"{self._lab.name}-{host.name}", f"{self._lab.name}-l{host.name}"
        run("ip", "link", "add", card, "type", "veth", "peer", "name", "lan0", "netns", space)
        run("ip", "link", "set", card, "master", self._bridge, "up")
        host.run("ip", "link", "add", BRIDGE, "type", "bridge")
        host.run("ip", "link", "set", "lan0", "master", BRIDGE, "up")
        host.run("ip", "link", "set", BRIDGE, "up")

    def wake(self, host: Host, number: int, address: str) -> None:
        """Give a guest its address, and have it send back whatever is sent to it."""
        commands = f"ip addr add {address}/24 dev eth0; ip link set eth0 up; nc -ll -p {PORT} -e cat & echo '<'up'>'"
        host.serial(f"one-{number}", "<up>", say=commands)


class Echo:
    """One connection to a guest that answers; as a context manager it asks all the time, and notes the longest wait.

    A connection that breaks ends the block with an error.
    """

    INTERVAL = 0.02

    def __init__(self, address: str) -> None:
        self._socket = socket.create_connection((address, PORT), timeout=60)
        self._over = threading.Event()
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._ask)
        self.answers = 0
        self.longest_wait = 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()
        if self._error is not None:
            raise self._error

    def _ask(self) -> None:
        try:
            while not self._over.is_set():
                question = f"{self.answers}\n".encode()
                asked = time.monotonic()
                self._socket.sendall(question)
                heard = b""
                while heard != question:
                    if not (more := self._socket.recv(64)):
                        raise ConnectionError("the guest has hung up")
                    heard += more
                self.longest_wait = max(self.longest_wait, time.monotonic() - asked)
                self.answers += 1
                time.sleep(self.INTERVAL)
        except OSError as error:
            self._error = error
