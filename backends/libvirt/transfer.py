"""Filling volumes from streams. Holes stay holes.

A stream that ends early is a success for libvirt, so both ends count, and the size that arrived is looked at.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import libvirt

from backends.base import InvalidInput, Progress, Refused, VolumeSeen
from backends.libvirt import pools, volumes

CHUNK = 256 * 1024
"""Bytes in one message of a stream; libvirt splits larger ones."""

Piece = bytes | int
"""Bytes, or the length of a hole."""


@dataclass(slots=True)
class Meter:
    """How far a transfer is; read by others while it runs."""

    progress: Progress | None = None
    total: int = 0
    done: int = 0

    def add(self, count: int) -> None:
        self.done += count
        if self.progress:
            self.progress(self.done, self.total)


def upload(conn: libvirt.virConnect, pool: str, name: str, source: Path, meter: Meter) -> VolumeSeen:
    """Copy a file of this machine into a new volume.

    Raises:
        InvalidInput: the file cannot be read.
    """
    try:
        meter.total = source.stat().st_size
        with source.open("rb", buffering=0) as file:
            return receive(conn, pool, name, partial(_file_pieces, file.fileno(), meter.total), meter)
    except OSError as error:
        raise InvalidInput(f"{source} cannot be read: {error.strerror}") from None


def _file_pieces(descriptor: int, size: int) -> Iterator[Piece]:
    """A file's bytes and holes, in order."""
    position = 0
    while position < size:
        data = _next_data(descriptor, position, size)
        if data > position:
            yield data - position
        position = data
        end = os.lseek(descriptor, position, os.SEEK_HOLE) if position < size else size
        while position < end:
            piece = os.pread(descriptor, min(CHUNK, end - position), position)
            if not piece:
                raise Refused("the file became shorter while it was read")
            yield piece
            position += len(piece)


def _next_data(descriptor: int, position: int, size: int) -> int:
    try:
        return os.lseek(descriptor, position, os.SEEK_DATA)
    except OSError:
        return size  # ENXIO: nothing but a hole up to the end.


def receive(
    conn: libvirt.virConnect, pool: str, name: str, pieces: Callable[[], Iterator[Piece]], meter: Meter
) -> VolumeSeen:
    """Fill a new volume of `meter.total` bytes from a stream; on failure nothing is left of it."""
    volume = volumes.create_raw(conn, pool, name, meter.total)
    try:
        stream = conn.newStream()
        try:
            volume.upload(stream, 0, meter.total, libvirt.VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM)
            for piece in pieces():
                _send(stream, piece)
                meter.add(piece if isinstance(piece, int) else len(piece))
            stream.finish()
        except BaseException:
            abort(stream)
            raise
        return _arrived(conn, pool, name, meter)
    except BaseException:
        _remove(volume)
        raise


def _send(stream: libvirt.virStream, piece: Piece) -> None:
    if isinstance(piece, int):
        stream.sendHole(piece)
        return
    rest = memoryview(piece)
    while rest:
        rest = rest[stream.send(bytes(rest)) :]


def _arrived(conn: libvirt.virConnect, pool: str, name: str, meter: Meter) -> VolumeSeen:
    if meter.done != meter.total:
        raise Refused(f"volume {name}: {meter.done} of {meter.total} bytes were sent")
    store = pools.lookup(conn, pool)
    # Reads the file's header: what was made as raw may be a qcow2 now.
    pools.refresh(store)
    arrived = volumes.file_size(conn, pool, name)
    if arrived != meter.total:
        raise Refused(f"volume {name}: {arrived} of {meter.total} bytes have arrived")
    return volumes.describe(store.storageVolLookupByName(name), pool)


def abort(stream: libvirt.virStream) -> None:
    """Give a stream up; its connection stays usable."""
    try:
        stream.abort()
    except libvirt.libvirtError:
        return  # It had ended already.


def _remove(volume: libvirt.virStorageVol) -> None:
    for _ in range(3):
        try:
            volume.delete()
            return
        except libvirt.libvirtError:
            time.sleep(0.2)  # The host lets go of the stream's end a moment after its abort.
