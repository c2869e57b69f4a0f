"""What the controller tells the service manager that started it: that it is ready, that it lives, that it leaves.

Without a service manager nobody listens, and nothing is sent. See sd_notify(3).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


class Notifier:
    """Sends messages to the socket that the environment names."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        name = environ.get("NOTIFY_SOCKET", "")
        # An @ stands for the NUL of an abstract socket.
        self._address = "\0" + name[1:] if name.startswith("@") else name

    def ready(self, status: str) -> None:
        """It is as far as it can come by itself; `status` says in one line how far that is."""
        self._send(f"READY=1\nSTATUS={status}\nWATCHDOG=1")

    def alive(self) -> None:
        """Another turn of the work is done. To be sent by what works, so that it fails to come when that hangs."""
        self._send("WATCHDOG=1")

    def leaving(self) -> None:
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as speaker:
                speaker.sendto(text.encode(), self._address)
        except OSError:  # who does not listen will act on the silence
            pass
