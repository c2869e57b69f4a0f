"""A call that needs two hosts at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import libvirt

from backends.base import DeadlinePassed
from backends.libvirt import errors
from backends.libvirt.connection import Connection

T = TypeVar("T")


async def call(
    here: Connection,
    there: Connection,
    work: Callable[[libvirt.virConnect, libvirt.virConnect], T],
    *,
    deadline: float,
    pulse: Callable[[], object] | None = None,
) -> T:
    """Do `work` with two connections, on a thread of the first; for the rest see `Connection.call`.

    Raises:
        Unreachable: one of the two died; the first is given up as well.
        DeadlinePassed: both are given up.
    """

    def both(conn: libvirt.virConnect) -> T:
        try:
            return there.use(partial(work, conn))
        except libvirt.libvirtError as error:
            if there.is_alive():
                raise
            failure = errors.translate(error, host=there.host, alive=False)
            errors.empty_frames(error)
        raise failure

    try:
        return await here.call(both, deadline=deadline, pulse=pulse)
    except DeadlinePassed:
        there.drop("deadline")
        raise
