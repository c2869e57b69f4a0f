"""What every test may ask for: the store on both engines, and the rule that CI skips nothing."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.store.cluster import Cluster
from vmconsole.store.session import Session, open_session

pytest_plugins = ["tests.covering"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test counts as failed in CI: otherwise a missing program would look like success."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed in CI: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[Cluster]:
    """A database server of this test run alone, reached through a socket in a temporary directory."""
    programs = Cluster.programs()
    if programs is None:
        pytest.skip("the PostgreSQL server programs are not installed")
    cluster = Cluster(programs)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture
def postgres_url(postgres_cluster: Cluster) -> Iterator[str]:
    """The URL of an empty database."""
    name = postgres_cluster.create_database()
    yield postgres_cluster.url(name)
    postgres_cluster.drop_database(name)


@pytest.fixture
def sqlite_path(tmp_path: Path) -> str:
    """Where a store may be made; nothing is there yet."""
    return str(tmp_path / "store" / "vmconsole.db")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> str:
    """A store that does not exist yet, on each engine."""
    name = "sqlite_path" if request.param == "sqlite" else "postgres_url"
    return str(request.getfixturevalue(name))


@pytest.fixture
def session(store_url: str) -> Iterator[Session]:
    """An open session in a new store, on each engine."""
    with open_session(store_url, create=True) as opened:
        yield opened
