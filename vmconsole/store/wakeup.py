"""A nudge for the controller: a datagram socket beside the store. Losing a nudge costs a moment, never an operation."""

from __future__ import annotations

import os
import socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PATH = 100
"""Bytes a socket's path may have, with a margin; the kernel's limit is 108."""


def socket_path(run_dir: str) -> str:
    """Where the controller of the store with this run directory listens."""
    path = os.path.join(run_dir, "wake")
    if len(os.fsencode(path)) <= _MAX_PATH:
        return path
    import hashlib

    # Too long for a socket: an abstract name of the same uniqueness. Anybody may nudge it; a nudge only says "look".
    return "\0vmconsole-" + hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:32]


def nudge(run_dir: str) -> bool:
    """Tell the controller to look at the store now. False when nobody listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        try:
            sender.sendto(b"look", socket_path(run_dir))
        except BlockingIOError:
            return True  # its queue is full of nudges already
        except OSError:
            return False
    return True


class Listener:
    """The controller's end. `on_nudge` is called in the event loop that `attach` was given."""

    def __init__(self, run_dir: str) -> None:
        self._path = socket_path(run_dir)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        if not self._path.startswith("\0"):
            try:
                os.unlink(self._path)
            except FileNotFoundError:
                pass
        self._socket.bind(self._path)

    def fileno(self) -> int:
        return self._socket.fileno()

    def drain(self, on_nudge: Callable[[], None]) -> None:
        """Swallow all waiting nudges, then call `on_nudge` once."""
        try:
            while self._socket.recv(16):
                pass
        except BlockingIOError:
            pass
        on_nudge()

    def close(self) -> None:
        self._socket.close()
        if not self._path.startswith("\0"):
            try:
                os.unlink(self._path)
            except FileNotFoundError:
                pass
