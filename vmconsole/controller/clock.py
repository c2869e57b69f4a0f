"""What time it is, and how much of it has passed; a test may have time run faster."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

VARIABLE = "VMCONSOLE_TEST_CLOCK"
"""Environment variable ``BASE:RATE``: from the Unix second BASE on, so many seconds pass in each."""
JUMP = 2.0
"""Seconds by which wall clock and steady clock may part between two looks without anybody having set the first."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The time of schedules: the machine's, or one that runs `rate` times as fast since `base`."""

    base: float = 0.0
    rate: float = 1.0

    @classmethod
    def from_environment(cls) -> Clock:
        base, _, rate = os.environ.get(VARIABLE, "").partition(":")
        return cls(float(base), float(rate)) if rate else cls()

    def wall(self) -> float:
        """Unix seconds."""
        return self.base + (time.time() - self.base) * self.rate

    def steady(self) -> float:
        """Seconds from some moment on, whatever the wall clock is set to."""
        return time.monotonic() * self.rate


class JumpWatch:
    """Notices that somebody has set the wall clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._steady = clock.wall(), clock.steady()

    def jump(self) -> float:
        """Seconds by which the wall clock was put forward since the last call, negative if back; 0 if it was not."""
        wall, steady = self._clock.wall(), self._clock.steady()
        jumped = (wall - self._wall) - (steady - self._steady)
        self._wall, self._steady = wall, steady
        return jumped if abs(jumped) > JUMP * self._clock.rate else 0.0
