"""What reaches into a guest: its agent, its screen, its serial console."""

from __future__ import annotations

from typing import Protocol, Self


class Console(Protocol):
    """An open serial console: bytes both ways. Also an async context manager that closes it."""

    async def read(self) -> bytes:
        """The next bytes; empty when the guest, the host or somebody with `force` has ended it."""
        ...

    async def write(self, data: bytes) -> None: ...

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *error: object) -> None: ...


class Guests(Protocol):
    """Reaching into running guests."""

    async def agent_ready(self, uuid: str) -> bool:
        """Whether the guest's agent has its channel open."""
        ...

    async def freeze(self, uuid: str) -> None:
        """Have the agent freeze all file systems. Raises NotSupported: no agent; GuestUnwilling: a silent one."""
        ...

    async def thaw(self, uuid: str) -> None:
        """Have the agent thaw them; thawed, or a guest that is off, is fine."""
        ...

    async def screenshot(self, uuid: str) -> tuple[str, bytes]:
        """Type (image/png, image/x-portable-pixmap) and bytes of a picture of the guest's first screen."""
        ...

    async def console(self, uuid: str, *, force: bool = False) -> Console:
        """Open the serial console. Raises Busy: somebody else has it open; `force` throws them out."""
        ...
