"""Stores for consoles that run in a terminal of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.console.fleet import small_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A store with the small fleet."""
    return small_store(tmp_path)
