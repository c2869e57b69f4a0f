"""A controller at work in the test's own event loop, and a face that asks it for things."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.controller.oracle import check
from vmconsole import config
from vmconsole.controller.core import Controller
from vmconsole.controller.lease import Lease
from vmconsole.controller.link import Link
from vmconsole.controller.notification import Notifier
from vmconsole.lifecycle import states
from vmconsole.lifecycle.states import Position
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id
from vmconsole.store.location import run_dir
from vmconsole.store.modelstore import open_model_store
from vmconsole.store.session import Session, open_session
from vmconsole.store.wakeup import nudge

T = TypeVar("T")
TEMPLATE = 'NAME = "{name}"\nCPU = "{cpu}"\nMEMORY = "{memory}"\n{more}'

QUICK: dict[str, Any] = {
    "sweep_period": 0.2,
    "placement_period": 0.3,
    "shutdown_timeout": 2.0,
    "missing_reports": 2,
    "unreachable_after": 2.0,
}
"""Settings under which nothing is waited for longer than a test can."""


class Rig:
    """``async with Rig(url) as rig``: a controller runs until the end of the block, and the store is sound after it."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.url = url
        self._settings = config.Settings({**QUICK, **settings})

    async def __aenter__(self) -> Self:
        self._models = open_model_store(self.url)
        self.session: Session = open_session(self.url, create=False)
        lease = Lease(self._models, permanent=True)
        assert lease.acquire()
        self._lease = lease
        self.controller = Controller(
            self._models, lease, self.url, self._settings, permanent=True, notifier=Notifier({})
        )
        self._task = asyncio.create_task(self.controller.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.controller._stop.set()
            await self._task
            self._lease.release()
            if kind is None:
                check(self.session)
        finally:
            self.session.close()
            self._models.close()

    # What a face does -------------------------------------------------------------------------------------------

    def submit(self, command: str, vm: int | None = None, **arguments: Any) -> str:
        """Queue an operation; returns its id."""
        with self.session.write():
            identity = insert(self.session, command, vm, arguments)
        nudge(run_dir(self.url))
        return identity

    async def ended(self, identity: str, within: float = 20) -> dict[str, Any]:
        """The operation's document when it has ended."""

        async def document() -> dict[str, Any] | None:
            found = operations.get(self.session, identity)
            return found if found is not None and found["state"] in operations.ENDED else None

        return await until(document, within)

    async def do(self, command: str, vm: int | None = None, **arguments: Any) -> dict[str, Any]:
        """Queue an operation and wait for its end."""
        return await self.ended(self.submit(command, vm, **arguments))

    async def done(self, command: str, vm: int | None = None, **arguments: Any) -> dict[str, Any]:
        """The result of an operation that is expected to succeed."""
        document = await self.do(command, vm, **arguments)
        assert document["state"] == "done", document["error"]
        result: dict[str, Any] = document["result"]
        return result

    async def refused(self, command: str, vm: int | None = None, **arguments: Any) -> dict[str, Any]:
        """The error of an operation that is expected to fail."""
        document = await self.do(command, vm, **arguments)
        assert document["state"] == "failed", document
        error: dict[str, Any] = document["error"]
        return error

    async def host(self, uri: str, name: str = "h1", **arguments: Any) -> int:
        """Take a host on; returns its id."""
        return int((await self.done("host.create", name=name, uri=uri, **arguments))["host_id"])

    async def create(
        self, name: str = "web", *, cpu: float = 1, memory: int = 64, more: str = "", **arguments: Any
    ) -> int:
        """Make a VM; returns its id."""
        template = TEMPLATE.format(name=name, cpu=cpu, memory=memory, more=more)
        return int((await self.done("vm.create", template=template, **arguments))["vm_ids"][0])

    async def running(self, name: str = "web", **arguments: Any) -> int:
        """Make a VM and wait until it runs."""
        number = await self.create(name, **arguments)
        await self.reaches(number, states.RUNNING)
        return number

    # What is so -------------------------------------------------------------------------------------------------

    def at(self, vm: int) -> Position:
        """Where a VM is."""
        return states.by_numbers(*self.session.query("SELECT state, lcm_state FROM vm WHERE id = ?", (vm,))[0])

    async def reaches(self, vm: int, place: Position, within: float = 20) -> None:
        """Wait until a VM is at a place and no operation holds it."""

        async def arrived() -> bool:
            return self.at(vm) is place and (place.is_transient or self.value("vm", "busy", vm) is None)

        try:
            await until(arrived, within)
        except AssertionError:
            raise AssertionError(f"VM {vm} is {self.at(vm)}, not {place}") from None

    def value(self, table: str, column: str, number: int) -> Any:
        """One column of one row."""
        return self.session.query(f"SELECT {column} FROM {table} WHERE id = ?", (number,))[0][0]

    def link(self, host_id: int = 0) -> Link:
        """The controller's hold on a host: what is done through it is done behind the controller's back."""
        return self.controller._fleet.link(host_id)

    def passed(self, identity: str) -> list[str]:
        """The positions an operation moved its VM to, in order."""
        return [event["position"] for event in operations.events(self.session, identity) if event["position"]]


def insert(session: Session, command: str, vm: int | None, arguments: dict[str, Any], **more: Any) -> str:
    """Queue an operation within a write transaction, as an administrator's face does; returns its id."""
    identity = new_operation_id()
    operations.insert(
        session, identity, command, arguments, user_id=0, asked_by="oneadmin", face="test", now=time.time(), vm_id=vm,
        **more,
    )  # fmt: skip
    return identity


async def until(probe: Callable[[], Awaitable[T | None]], within: float = 20) -> T:
    """What the probe returns as soon as it is true."""
    deadline = time.monotonic() + within
    while not (found := await probe()):
        assert time.monotonic() < deadline, f"waited {within:g} s in vain"
        await asyncio.sleep(0.02)
    return found
