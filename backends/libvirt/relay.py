"""Copying a volume from host to host through this machine, as neither host needs to reach the other."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import libvirt

from backends.base import Aborted, VolumeSeen
from backends.libvirt import pools, transfer
from backends.libvirt.connection import Connection
from backends.libvirt.transfer import Meter, Piece

Place = tuple[str, str]
"""Pool and volume."""


@dataclass(slots=True)
class Pipe:
    """What a download hands to an upload that runs in another thread."""

    pieces: queue.Queue[Piece | None] = field(default_factory=lambda: queue.Queue(maxsize=32))
    broken: bool = False

    def put(self, piece: Piece | None) -> None:
        """Hand over; None ends it.

        Raises:
            Aborted: the other side has given up.
        """
        while not self.broken:
            try:
                return self.pieces.put(piece, timeout=0.5)
            except queue.Full:
                continue
        raise Aborted("the other side of the transfer gave up")

    def __iter__(self) -> Iterator[Piece]:
        while not self.broken:
            try:
                piece = self.pieces.get(timeout=0.5)
            except queue.Empty:
                continue
            if piece is None:
                return
            yield piece
        raise Aborted("the other side of the transfer gave up")


async def run(
    here: Connection, source: Place, there: Connection, target: Place, meter: Meter, *, stall: float
) -> VolumeSeen:
    """Copy the file of `meter.total` bytes.

    Args:
        here: a connection of its own to the host that has the volume; `there`: one to the other host.
        stall: seconds without a byte moving until it is given up.

    Raises:
        BackendError: what went wrong first; nothing is left on the target.
    """
    pipe = Pipe()

    def ended(task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task.exception():
            pipe.broken = True

    send = partial(_send, pool=source[0], name=source[1], pipe=pipe)
    receive = partial(transfer.receive, pool=target[0], name=target[1], pieces=pipe.__iter__, meter=meter)
    sending = asyncio.create_task(here.call(send, deadline=stall, pulse=lambda: meter.done))
    receiving = asyncio.create_task(there.call(receive, deadline=stall, pulse=lambda: meter.done))
    for task in (sending, receiving):
        task.add_done_callback(ended)
    results = await asyncio.gather(sending, receiving, return_exceptions=True)
    if failures := [result for result in results if isinstance(result, BaseException)]:
        # Whoever was merely told that the other side gave up has nothing to say.
        raise next((failure for failure in failures if not isinstance(failure, Aborted)), failures[0])
    return receiving.result()


def _send(conn: libvirt.virConnect, pool: str, name: str, pipe: Pipe) -> None:
    """Read a volume's file as it is into the pipe."""
    volume = pools.lookup(conn, pool).storageVolLookupByName(name)
    stream = conn.newStream()
    try:
        volume.download(stream, 0, 0, libvirt.VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
        while True:
            got = stream.recvFlags(transfer.CHUNK, libvirt.VIR_STREAM_RECV_STOP_AT_HOLE)
            if got == -3:
                pipe.put(stream.recvHole())
            elif got:
                pipe.put(got)
            else:
                break
        stream.finish()
        pipe.put(None)
    except BaseException:
        pipe.broken = True
        transfer.abort(stream)
        raise
