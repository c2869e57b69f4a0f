"""The small fleet, and a zone for the clock in the header."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.fleet import small_store
from vmconsole.store.feed import Feed
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import current_user


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with the small fleet."""
    return small_store(tmp_path)


@pytest.fixture
def store(url: str) -> Iterator[Session]:
    """An open session on it."""
    with open_session(url, create=False) as session:
        yield session


@pytest.fixture
def feed(store: Session) -> Feed:
    """A feed for the founder, who is an administrator."""
    return Feed(store, current_user(store, os.environ))
