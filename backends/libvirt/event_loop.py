"""libvirt's own event loop, turned by one thread for the whole process.

It carries keepalive and events of all connections. asyncio's loop cannot take its place: libvirt adds and removes
handles from whatever thread makes a call.
"""

from __future__ import annotations

import threading
import time

import libvirt

_lock = threading.Lock()
_running = threading.Event()


def ensure_running() -> None:
    """Start the loop if it does not run. A connection opened before this never gets keepalive."""
    with _lock:
        if not _running.is_set():
            # libvirt prints every error to stderr otherwise: litter on a full screen.
            libvirt.registerErrorHandler(lambda _context, _error: None, None)
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=_turn, name="libvirt-events", daemon=True).start()
            _running.set()


def _turn() -> None:
    while True:
        try:
            libvirt.virEventRunDefaultImpl()
        except libvirt.libvirtError:
            # One broken handle must not end the events of all hosts, nor spin.
            time.sleep(0.1)
