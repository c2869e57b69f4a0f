"""All hosts the controller holds a link to."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import backends
from backends.base import BackendError
from vmconsole.controller.link import Link
from vmconsole.errors import NotFound
from vmconsole.lifecycle.host_states import OFFLINE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from backends.base import Event, Host, HostInfo
    from vmconsole.config import Settings
    from vmconsole.store.session import Store

log = logging.getLogger(__name__)

LOOK_EVERY = 0.1
"""Seconds between two looks at whether a host is back."""


class Offer(NamedTuple):
    """An open connection to a host that an operation is about to put into the store."""

    operation_id: str
    uri: str
    backend: Host
    info: HostInfo


class Fleet:
    """Links by host id; follows the store's table of hosts."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        run_dir: str,
        on_event: Callable[[Link, Event], None],
        prepare: Callable[[Link], Awaitable[None]],
    ) -> None:
        self._store = store
        self._settings = settings
        self._run_dir = Path(run_dir)
        self._on_event = on_event
        self._prepare = prepare
        self._links: dict[int, Link] = {}
        self._offers: list[Offer] = []
        self._refused: set[int] = set()
        self._leaving: set[asyncio.Task[None]] = set()

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
            leaving = asyncio.create_task(self._links.pop(host_id).stop())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
        for host_id, name, uri, timeout in rows:
            if host_id not in self._links and host_id not in self._refused:
                try:
                    backend, info = self._accept(uri) or (self._connect(uri, name, timeout), None)
                except BackendError as error:
                    # It was accepted by another version of this program; the other hosts must not suffer from it.
                    log.error("host %s: %s", name, error.message)
                    self._refused.add(host_id)
                    continue
                slots = int(self._settings["operations_per_host"])
                link = Link(host_id, backend, self._on_event, slots, self._prepare)
                self._links[host_id] = link
                link.start(info)

    def _connect(self, uri: str, name: str, timeout: float) -> Host:
        return backends.connect(uri, name=name, run_dir=self._run_dir, timeout=timeout)

    def _accept(self, uri: str) -> tuple[Host, HostInfo] | None:
        """The connection offered for a host that is linked now, if there is one."""
        for offer in self._offers:
            if offer.uri == uri:
                self._offers.remove(offer)
                return offer.backend, offer.info
        return None

    def offer(self, operation_id: str, uri: str, backend: Host, info: HostInfo) -> None:
        """Have `refresh` take over an open connection when the host stands in the store."""
        self._offers.append(Offer(operation_id, uri, backend, info))

    async def withdraw(self, operation_id: str) -> None:
        """Close what the operation offered, if nobody took it."""
        for offer in [offer for offer in self._offers if offer.operation_id == operation_id]:
            self._offers.remove(offer)
            await offer.backend.close()

    async def wait_up(self, host_id: int | None) -> None:
        """Return as soon as the host is connected; one that was taken offline may be brought back meanwhile."""
        number = -1 if host_id is None else host_id
        # There may be no link now whose event could be waited for.
        while (link := self._links.get(number)) is None or not link.is_up:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY)

    async def stop(self) -> None:
        links, self._links = list(self._links.values()), {}
        offers, self._offers = self._offers, []
        ends = [*(link.stop() for link in links), *(offer.backend.close() for offer in offers), *self._leaving]
        await asyncio.gather(*ends, return_exceptions=True)
