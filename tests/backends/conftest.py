from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backends.libvirt.host import LibvirtHost

MakeHost = Callable[..., LibvirtHost]


@pytest.fixture
def make_host(tmp_path: Path) -> MakeHost:
    """Make a host that is not open; by default libvirt's test driver with its one domain."""

    def make(uri: str = "test:///default", name: str = "h1", **settings: object) -> LibvirtHost:
        return LibvirtHost(uri, name=name, run_dir=tmp_path / "run", **settings)  # type: ignore[arg-type]

    return make
