"""How much is left in the datastores of a host: asked now and then, for placement and for people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmconsole.controller.link import Link
    from vmconsole.controller.work import Surroundings


class Space:
    """Asks each host for its pools as often as samples are kept."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._asked: dict[int, float] = {}

    async def note(self, link: Link) -> None:
        """Write down the room in the pools of our datastores on a host, if it is time to ask. Raises BackendError."""
        period = self._around.settings.number("sample_period")
        if time.monotonic() - self._asked.get(link.host_id, -period) < period:
            return
        self._asked[link.host_id] = time.monotonic()
        ours = dict(self._around.store.query("SELECT pool, id FROM datastore"))
        rows = [
            (ours[pool.name], link.host_id, pool.capacity_bytes, pool.available_bytes)
            for pool in await link.backend.pools()
            if pool.name in ours and pool.active
        ]
        if rows:
            with self._around.journal.write() as store:
                store.executemany(
                    "INSERT INTO datastore_space (datastore_id, host_id, total_bytes, free_bytes) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT (datastore_id, host_id) DO UPDATE SET total_bytes = excluded.total_bytes,"
                    " free_bytes = excluded.free_bytes",
                    rows,
                )
