"""Identifiers that a client makes before it sends anything, so that a repeated request is recognised."""

from __future__ import annotations

import os
import threading
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BITS = 80


class _Source:
    """Gives out numbers of 128 bits that grow: 48 bits of milliseconds, then chance."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        number = time.time_ns() // 1_000_000 << _RANDOM_BITS | int.from_bytes(os.urandom(_RANDOM_BITS // 8))
        with self._lock:
            self._last = max(number, self._last + 1)
            return self._last


_source = _Source()


def new_operation_id() -> str:
    """A ULID: 26 characters that sort by the time they were made, within a process strictly in order."""
    number = _source.next()
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
