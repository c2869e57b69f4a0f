"""How long an operation will take, from what it has moved so far."""

from __future__ import annotations

from typing import Any

import pytest

from vmconsole.store.operations import remaining


def moving(**changes: Any) -> dict[str, Any]:
    """An operation that has moved a quarter in ten seconds."""
    return {"state": "running", "bytes_done": 25, "bytes_total": 100, "moving_since": 1000.0, **changes}


def test_the_time_left_is_that_of_the_rest_at_the_same_speed() -> None:
    assert remaining(moving(), 1010.0) == 30
    assert remaining(moving(bytes_done=50), 1010.0) == 10
    assert remaining(moving(bytes_done=120), 1010.0) == 0


@pytest.mark.parametrize(
    "unknown",
    [{"bytes_done": None}, {"bytes_done": 0}, {"bytes_total": None}, {"moving_since": None}, {"state": "done"}],
)
def test_nobody_knows_how_long_what_does_not_move_will_take(unknown: dict[str, Any]) -> None:
    assert remaining(moving(**unknown), 1010.0) is None


def test_a_clock_that_is_behind_gives_no_negative_time() -> None:
    assert remaining(moving(), 900.0) == 0
