from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.libvirt.host import LibvirtHost

from .drivers import Connect
from .guests import GuestFiles, build_guest
from .hosts import Lab

Publish = Callable[[str, str], None]
_TABLES = pytest.StashKey[dict[str, str]]()


@pytest.fixture(scope="session")
def lab_ground() -> None:
    """Skip what needs a lab where none can be built; in continuous integration that is a failure."""
    reason = Lab.why_not()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    Lab.sweep()


@pytest.fixture(scope="session")
def session_lab(lab_ground: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab"), hosts=2, shared=True) as lab:
        yield lab


@pytest.fixture
def lab(session_lab: Lab) -> Iterator[Lab]:
    """Two hosts with a shared folder, as fresh as on their first day; the lab itself lasts for the whole session."""
    yield session_lab
    session_lab.reset()


@pytest.fixture(scope="session")
def guest(lab_ground: None) -> GuestFiles:
    """The small Linux guest, built on demand."""
    return build_guest()


@pytest.fixture(scope="session")
def guest_image(guest: GuestFiles) -> Path:
    """A bootable raw disk with the small Linux guest. It is everybody's: copy it before a guest writes to it."""
    return guest.image


@pytest.fixture
def connect(lab: Lab, tmp_path: Path) -> Connect:
    """Make the driver's host for a host of the lab. It is not open yet; its key is known."""

    def make(number: int = 0, query: str = "", **settings: Any) -> LibvirtHost:
        host = lab.hosts[number]
        uri = f"{host.uri}&known_hosts={lab.known_hosts}{query}"
        return LibvirtHost(uri, name=host.name, run_dir=tmp_path / "run", **settings)

    return make


@pytest.fixture
def publish(request: pytest.FixtureRequest, tmp_path: Path) -> Publish:
    """Make a table, by its title, part of the test report: a file in the test's folder, and shown at the end."""

    def show(title: str, text: str) -> None:
        (tmp_path / f"{title}.txt").write_text(f"{text}\n")
        request.config.stash.setdefault(_TABLES, {})[f"{title} ({tmp_path / title}.txt)"] = text

    return show


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show the tables that tests have made."""
    for title, text in config.stash.get(_TABLES, {}).items():
        terminalreporter.section(title)
        terminalreporter.write_line(text)
