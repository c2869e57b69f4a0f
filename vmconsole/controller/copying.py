"""Copies that a host makes of its own volumes, watched from outside: the host itself tells nothing until it is done."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from backends.base import BackendError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from backends.base import Host, Progress, VolumeSeen

Place = tuple[str, str]
"""Pool and volume."""
LOOK_EVERY = 0.5
"""Seconds between two looks at how far a copy is."""


async def copy_all(
    host: Host, pairs: Sequence[tuple[Place, Place]], report: Progress, before_each: Callable[[], None]
) -> list[VolumeSeen]:
    """Flat qcow2 copies of volumes, one after the other; what an interrupted attempt left of one is made anew.

    Args:
        pairs: of each volume where it is, and where its copy goes.
        report: told the bytes written and about to be written in all.
        before_each: may raise to have no further one copied.

    Returns:
        the copies.
    """
    lengths = [await _length(host, *source) for source, _ in pairs]
    made = []
    for index, (source, target) in enumerate(pairs):
        before_each()
        watch = asyncio.create_task(_watch(host, target, report, sum(lengths[:index]), sum(lengths)))
        copy = asyncio.ensure_future(host.clone_volume(*target, *source, format="qcow2"))
        try:
            made.append(await asyncio.shield(copy))
        except asyncio.CancelledError:
            await asyncio.wait([copy])  # the host cannot be stopped, and deletes nothing that it still writes
            raise
        finally:
            watch.cancel()
    return made


async def _length(host: Host, pool: str, name: str) -> int:
    """Bytes of a volume and of what it lies on, which is about what a copy writes."""
    return sum(volume.allocation_bytes for volume in await host.volume_chain(pool, name))


async def _watch(host: Host, copy: Place, report: Progress, before: int, total: int) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY)
        try:
            volume = await host.volume(*copy)
        except BackendError:
            continue
        if volume is not None:
            report(min(before + volume.allocation_bytes, total), total)
