"""All hosts the controller holds a link to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import backends
from vmconsole.controller.link import Link
from vmconsole.errors import NotFound
from vmconsole.lifecycle.host_states import OFFLINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backends.base import Event, Host, HostInfo
    from vmconsole.config import Settings
    from vmconsole.store.session import Store


class Fleet:
    """Links by host id; follows the store's table of hosts."""

    def __init__(self, store: Store, settings: Settings, run_dir: str, on_event: Callable[[Link, Event], None]) -> None:
        self._store = store
        self._settings = settings
        self._run_dir = Path(run_dir)
        self._on_event = on_event
        self._links: dict[int, Link] = {}

    def __iter__(self) -> Iterator[Link]:
        return iter(list(self._links.values()))

    def link(self, host_id: int | None) -> Link:
        """The link of a host. Raises NotFound."""
        link = self._links.get(-1 if host_id is None else host_id)
        if link is None:
            raise NotFound(f"host {host_id} is not connected to this controller", code="NO_HOST")
        return link

    def refresh(self) -> None:
        """Link hosts that were added or brought back; drop links of hosts that are gone or offline."""
        rows = self._store.query("SELECT id, name, uri, connect_timeout FROM host WHERE state <> ?", (OFFLINE,))
        wanted = {row[0] for row in rows}
        for host_id in [known for known in self._links if known not in wanted]:
            asyncio.get_running_loop().create_task(self._links.pop(host_id).stop())
        for host_id, name, uri, timeout in rows:
            if host_id not in self._links:
                backend = backends.connect(uri, name=name, run_dir=self._run_dir, timeout=timeout)
                link = Link(host_id, backend, self._on_event, int(self._settings["operations_per_host"]))
                self._links[host_id] = link
                link.start()

    def adopt(self, host_id: int, backend: Host, info: HostInfo) -> None:
        """Keep a host that has just been taken on, connected as it is."""
        link = self._links[host_id] = Link(host_id, backend, self._on_event, int(self._settings["operations_per_host"]))
        link.start(info)

    async def stop(self) -> None:
        links, self._links = list(self._links.values()), {}
        await asyncio.gather(*(link.stop() for link in links), return_exceptions=True)
