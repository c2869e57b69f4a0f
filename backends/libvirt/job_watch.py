"""Watching a long job of a domain: a save, a migration."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

from backends.base import BackendError, JobSeen, Progress
from backends.libvirt import jobs
from backends.libvirt.links import Work

Ask = Callable[[Work[Any]], Awaitable[Any]]

INTERVAL = 0.5
"""Seconds between two looks at the job."""


class JobWatch:
    """Tells how far the job is, and cancels it when no byte has moved for `patience` seconds: the domain runs on.

    Args:
        ask: has work done on a connection to the host, within a deadline; the job itself is somebody else's call.
        uuid: the domain.
        progress: told at each step.
        patience: seconds.
    """

    def __init__(self, ask: Ask, uuid: str, progress: Progress | None, *, patience: float) -> None:
        self.seen: JobSeen | None = None
        self._ask = ask
        self._uuid = uuid
        self._progress = progress
        self._patience = patience

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._task.cancel()

    async def _watch(self) -> None:
        moved = time.monotonic()
        while True:
            await asyncio.sleep(INTERVAL)
            # What the host does not tell now it may tell next time; the job's own call is the one that fails.
            with suppress(BackendError):
                now = await self._ask(partial(jobs.current, uuid=self._uuid))
                if now != self.seen:
                    self.seen, moved = now, time.monotonic()
                    self._tell()
                elif time.monotonic() - moved > self._patience:
                    await self._ask(partial(jobs.cancel, uuid=self._uuid))

    def _tell(self) -> None:
        if self.seen and self._progress:
            self._progress(self.seen.bytes_done, self.seen.bytes_total)
