"""The moving of running domains to another host, as `backends.base.Host` promises it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from backends.base import (
    BackendError,
    DiskMove,
    Host,
    InvalidInput,
    Presence,
    Progress,
    Unreachable,
    Whereabouts,
    WrongState,
)
from backends.libvirt import block_copies, block_jobs, definition, jobs, migration, migration_checks, pair
from backends.libvirt.job_watch import INTERVAL, JobWatch
from backends.libvirt.linked import Linked


class MigrationVerbs(Linked):
    """See `backends.base.Host`."""

    async def whereabouts(self, uuid: str) -> Presence | None:
        return await self._links.look(partial(migration.presence, uuid=uuid))

    async def migration_problems(
        self, uuid: str, target: Host, *, copies: Sequence[DiskMove] = (), shared: bool = False
    ) -> list[str]:
        there = self._colleague(target)
        try:
            leaving = await self._links.look(partial(migration.describe, uuid=uuid))
        except WrongState as error:
            return [error.message]
        needed = await self._links.look(partial(migration_checks.needs, uuid=uuid))
        problems = [
            *migration_checks.versions(self._described(), there._described()),
            *await self._links.look(partial(migration_checks.at_home, uuid=uuid)),
        ]
        abroad = partial(migration_checks.abroad, leaving=leaving, needed=needed, copies=copies, shared=shared)
        # On its `job` connection: a pool may have to be read anew.
        return problems + await there._links.work(abroad, deadline=there._deadlines.define)

    async def migrate_live(
        self, uuid: str, target: Host, *, copies: Sequence[DiskMove] = (), shared: bool = False, address: str = "",
        bandwidth_mib: int = 0, progress: Progress | None = None,
    ) -> Whereabouts:  # fmt: skip
        there = self._colleague(target)
        if await self._has_moved(uuid, there):
            return await self._arrived(uuid, there)
        leaving = await self._links.look(partial(migration.describe, uuid=uuid))
        _check_layers(leaving, copies, shared=shared)
        make_room = partial(migration.make_room, leaving=leaving, copies=copies)
        paths = await there._links.work(make_room, deadline=there._deadlines.define)
        work = partial(
            migration.move,
            leaving=leaving,
            copies=copies,
            paths=paths,
            shared=shared,
            address=address or there._uri.host,
            bandwidth_mib=bandwidth_mib,
        )
        patience = self._deadlines.stall
        try:
            async with (
                self._links.extra() as source,
                there._links.extra() as destination,
                # By the migration's own connection: should the guest's QEMU hang, nothing else is held up.
                JobWatch(
                    partial(source.call, deadline=self._deadlines.verb), uuid, progress, patience=patience
                ) as watch,
            ):
                # Longer than the watch's own patience: a cancelled job needs a moment to say so.
                await pair.call(source, destination, work, deadline=1.5 * patience, pulse=lambda: watch.seen)
        except BackendError:
            if not await self._has_moved_after_all(leaving, there, copies):
                raise
        return await self._arrived(uuid, there)

    async def move_disk_live(self, uuid: str, move: DiskMove, progress: Progress | None = None) -> None:
        start = partial(block_copies.start, uuid=uuid, move=move)
        if await self._links.work(start, deadline=self._deadlines.define):
            look = partial(block_jobs.is_ready, uuid=uuid, target=move.target)
            try:
                while not await self._links.verb(look):
                    job = await self._links.verb(partial(block_jobs.seen, uuid=uuid, target=move.target))
                    if job and progress:
                        progress(job.bytes_done, job.bytes_total)
                    await asyncio.sleep(INTERVAL)
                await self._links.verb(partial(block_jobs.pivot, uuid=uuid, target=move.target))
            except BackendError as error:
                if not isinstance(error, Unreachable):
                    await self._links.verb(partial(block_copies.give_up, uuid=uuid, move=move))
                raise
        await self._links.verb(partial(block_copies.keep, uuid=uuid, move=move))

    async def _has_moved(self, uuid: str, there: Linked) -> bool:
        here, abroad = await self.whereabouts(uuid), await there._links.look(partial(migration.presence, uuid=uuid))
        return abroad is not None and abroad.runs and not (here and here.runs)

    async def _has_moved_after_all(self, leaving: migration.Leaving, there: Linked, copies: Sequence[DiskMove]) -> bool:
        """Whether a migration that ended in an error did come to pass. If surely not, its volumes are removed."""
        uuid = leaving.uuid
        with suppress(BackendError):  # A host that cannot be asked is the reason of the first error, and enough of it.
            if await self._has_moved(uuid, there):
                return True
            here = await self.whereabouts(uuid)
            if here and here.runs and await there._links.look(partial(migration.presence, uuid=uuid)) is None:
                clear = partial(migration.clear_room, leaving=leaving, copies=copies)
                await there._links.work(clear, deadline=there._deadlines.define)
        return False

    async def _arrived(self, uuid: str, there: Linked) -> Whereabouts:
        """Do what is left to be done after the domain has come to run there, and see what both hosts say."""
        await there._links.verb(partial(migration.settle_in, uuid=uuid))
        here = await self.whereabouts(uuid)
        if here and not here.runs and not here.incoming:
            await self._links.verb(partial(definition.undefine, uuid=uuid))
            here = await self.whereabouts(uuid)
        return Whereabouts(
            here,
            await there._links.look(partial(migration.presence, uuid=uuid)),
            await there._links.look(partial(jobs.downtime, uuid=uuid)),
        )


def _check_layers(leaving: migration.Leaving, copies: Sequence[DiskMove], *, shared: bool) -> None:
    """Refuse what libvirt would do wrong or only in part.

    Raises:
        InvalidInput: a disk is left out; or one without layers is to be put on a backing.
    """
    moves = {move.target: move for move in copies}
    for disk in leaving.disks:
        move = moves.get(disk.target)
        if move is None and not shared and not disk.readonly:
            raise InvalidInput(f"disk {disk.target} is neither shared nor to be copied")
        if move and move.backing and not disk.layered:
            raise InvalidInput(f"disk {disk.target} lies on nothing")
