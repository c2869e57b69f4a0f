"""A host's pools and volumes, and its networks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from backends.values import NetworkSeen, PoolSeen, Progress, VolumeSeen


class Storage(Protocol):
    """Where a domain's files lie, and what it can be plugged into."""

    name: str

    async def ensure_pool(self, name: str, path: str) -> PoolSeen:
        """Define, build and start a directory pool; one that is there is only started."""
        ...

    async def pools(self) -> Sequence[PoolSeen]: ...

    async def networks(self) -> Sequence[NetworkSeen]: ...

    async def volume(self, pool: str, name: str) -> VolumeSeen | None: ...

    async def volumes(self, pool: str) -> Sequence[VolumeSeen]: ...

    async def create_volume(
        self, pool: str, name: str, *, capacity_bytes: int, format: str, backing: str = "", backing_format: str = ""
    ) -> VolumeSeen:
        """An empty thin volume, or an overlay on the file `backing`. One of the same size that is there is fine."""
        ...

    async def clone_volume(self, pool: str, name: str, source_pool: str, source: str, *, format: str) -> VolumeSeen:
        """An independent copy made by the host itself."""
        ...

    async def resize_volume(self, pool: str, name: str, capacity_bytes: int) -> None:
        """Grow a volume that no running domain uses."""
        ...

    async def delete_volume(self, pool: str, name: str) -> None:
        """Delete; gone is fine. The caller has made sure that nothing uses it."""
        ...

    async def upload(self, pool: str, name: str, source: Path, progress: Progress | None = None) -> VolumeSeen:
        """Copy a file of this machine into a volume, holes kept. A partial volume is removed on failure."""
        ...

    async def send_volume(
        self, pool: str, name: str, target: Storage, target_pool: str, target_name: str,
        progress: Progress | None = None,
    ) -> VolumeSeen:  # fmt: skip
        """Copy a volume's file as it is to another host, through this machine."""
        ...

    async def wipe_volume(self, pool: str, name: str) -> None:
        """Overwrite a volume's file with zeros; it is fit for nothing but deletion then. Gone is fine."""
        ...
