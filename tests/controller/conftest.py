from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.controller import simulated
from tests.controller.processes import Controllers
from tests.controller.unruly import UnrulyHost, use

MakeUri = Callable[..., str]
Unruly = dict[str, UnrulyHost]


@pytest.fixture
def host_uri(tmp_path: Path) -> MakeUri:
    """Describe a simulated host, by default one without domains; returns its URI."""

    def make(name: str = "h1", **wishes: Any) -> str:
        return simulated.write(tmp_path / "hosts" / f"{name}.xml", **wishes)

    return make


@pytest.fixture(autouse=True)
def _private_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets and logs of a store in PostgreSQL lie where this test alone looks."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def unruly(monkeypatch: pytest.MonkeyPatch) -> Unruly:
    """Hosts by name whose guests and wires do not obey; each appears when it is connected to."""
    return use(monkeypatch)


@pytest.fixture
def controllers(tmp_path: Path) -> Iterator[Controllers]:
    """Controllers as processes of their own, ended after the test."""
    started = Controllers(tmp_path)
    try:
        yield started
    finally:
        started.stop()
