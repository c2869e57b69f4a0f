"""Pictures of a guest's screen."""

from __future__ import annotations

import libvirt

from backends.base import Refused
from backends.libvirt.definition import lookup
from backends.libvirt.transfer import CHUNK, abort

MAX_BYTES = 64 << 20
"""A picture of 4096 x 4096 points without compression, and some more."""


def shoot(conn: libvirt.virConnect, uuid: str) -> tuple[str, bytes]:
    """Type and bytes of a picture of the first screen."""
    stream = conn.newStream()
    try:
        kind = lookup(conn, uuid).screenshot(stream, 0)
        picture = bytearray()
        while piece := stream.recv(CHUNK):
            picture += piece
            if len(picture) > MAX_BYTES:
                raise Refused(f"the picture has more than {MAX_BYTES} bytes")
        stream.finish()
    except BaseException:
        abort(stream)
        raise
    return str(kind), bytes(picture)
