"""What every group of a host's verbs works with."""

from __future__ import annotations

from backends.base import HostInfo, NotSupported, Unreachable
from backends.libvirt.links import Deadlines, Links
from backends.uri import HostUri


class Linked:
    """A host's connections, and what it said of itself when they were opened."""

    def __init__(self, uri: HostUri, name: str, links: Links, deadlines: Deadlines) -> None:
        self.name = name
        self._uri = uri
        self._links = links
        self._deadlines = deadlines
        self._info: HostInfo | None = None

    def _described(self) -> HostInfo:
        if self._info is None:
            raise Unreachable(f"{self.name} is not connected", host=self.name)
        return self._info

    def _need_files(self, otherwise: str) -> None:
        if self._uri.driver == "test":
            raise NotSupported(f"{self.name} is a test driver without files: {otherwise}", host=self.name)

    def _colleague(self, target: object) -> Linked:
        """Another host of this driver."""
        if not isinstance(target, Linked):
            raise NotSupported(f"{self.name} works together only with hosts of its own driver", host=self.name)
        return target
