"""A simulated host whose guests do not obey and whose wire can be cut, which the test driver alone never has."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import backends
from backends.base import DomainState, DomainStats, Event, Happening, HostInfo, Power, Progress, Unreachable
from backends.libvirt.host import LibvirtHost


class UnrulyHost(LibvirtHost):
    """libvirt's test driver behind a wire of our own."""

    deaf = False
    """Its guests ignore the power button."""
    cut_after_save = False
    """The wire breaks while a save is being answered: it was done, and nobody learns it."""
    cut_before_save = False
    """The wire breaks while a save is being asked for: it was not done, and nobody learns it."""

    presses = 0
    saves = 0
    _mended: asyncio.Event | None = None

    def cut(self) -> None:
        """Break the wire: the host answers nothing more, and its connection is found lost."""
        self._mended = asyncio.Event()
        self._emit(Event(self.name, Happening.DOWN, reason="cut"))

    def mend(self) -> None:
        assert self._mended is not None
        self._mended.set()
        self._mended = None

    @property
    def is_open(self) -> bool:
        return self._mended is None and super().is_open

    def _reach(self) -> None:
        if self._mended is not None:
            raise Unreachable(f"{self.name} does not answer", host=self.name)

    async def open(self) -> HostInfo:
        self._reach()
        return await super().open()

    async def sweep(self, *, deadline: float = 15.0) -> Sequence[DomainStats]:
        self._reach()
        return await super().sweep(deadline=deadline)

    async def states(self) -> Mapping[str, DomainState]:
        self._reach()
        return await super().states()

    async def settle(self, uuid: str, *, deadline: float = 600.0) -> None:
        self._reach()
        await super().settle(uuid, deadline=deadline)

    async def shutdown(self, uuid: str) -> None:
        self._reach()
        self.presses += 1
        if not self.deaf:
            await super().shutdown(uuid)

    async def reboot(self, uuid: str) -> None:
        self._reach()
        await super().reboot(uuid)

    async def save(self, uuid: str, progress: Progress | None = None) -> None:
        self._reach()
        if self.cut_before_save:
            self.cut_before_save = False
            self.cut()
            self._reach()
        if not await self._is_off(uuid):
            self.saves += 1
        await super().save(uuid, progress)
        if self.cut_after_save:
            self.cut_after_save = False
            self.cut()
            self._reach()

    async def _is_off(self, uuid: str) -> bool:
        return (await super().states())[uuid].power is not Power.RUNNING


def use(monkeypatch: pytest.MonkeyPatch) -> dict[str, UnrulyHost]:
    """Have every host that is connected to from now on be an unruly one; returns them by name, as they come."""
    hosts: dict[str, UnrulyHost] = {}

    def connect(uri: str, *, name: str, run_dir: Path, timeout: float = 10.0) -> UnrulyHost:
        hosts[name] = UnrulyHost(uri, name=name, run_dir=run_dir, timeout=timeout)
        return hosts[name]

    monkeypatch.setattr(backends, "connect", connect)
    return hosts
