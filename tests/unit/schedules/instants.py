"""Moments in tests, written with their offset from UTC so that none depends on what is tested."""

from __future__ import annotations

from datetime import datetime


def at(text: str) -> int:
    """Unix seconds of `2026-03-29T03:00+02:00`."""
    return int(datetime.fromisoformat(text).timestamp())
