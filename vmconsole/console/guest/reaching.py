"""The host that a VM runs on, opened by the screen itself: to look and to type, never to change anything."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import backends
from backends.base import BackendError
from vmconsole.errors import Failed
from vmconsole.store.location import run_dir

if TYPE_CHECKING:
    from backends.base import Host


class Place(NamedTuple):
    """Where a guest is: the store that knows its host, the host's name and URI, and the domain's UUID."""

    store: str
    host: str
    uri: str
    uuid: str


@asynccontextmanager
async def reached(place: Place) -> AsyncIterator[Host]:
    """The host, open. Raises Failed when it cannot be reached, or refuses."""
    try:
        host = backends.connect(place.uri, name=place.host, run_dir=Path(run_dir(place.store)))
        await host.open()
        try:
            yield host
        finally:
            await host.close()
    except BackendError as error:
        raise Failed(error.message, detail=error.detail) from error
