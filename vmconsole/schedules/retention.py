"""How much stays of what an action makes again and again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

DAY = 86_400


class Retention(NamedTuple):
    """The latest so many stay, and all that is younger than so many days; without either, everything does."""

    last: int | None = None
    days: int | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Retention:
        """Of `keep_last` and `keep_days`, as the store, an operation and JSON have them; 0 is as good as none."""
        return cls(document.get("keep_last") or None, document.get("keep_days") or None)

    @property
    def columns(self) -> dict[str, int | None]:
        """The other way round."""
        return {"keep_last": self.last, "keep_days": self.days}

    def stays(self, rank: int, age: float) -> bool:
        """Whether the thing of this rank, the latest being 0, and of so many seconds stays."""
        if self.last is None and self.days is None:
            return True
        return (self.last is not None and rank < self.last) or (self.days is not None and age <= self.days * DAY)

    def __str__(self) -> str:
        words = [f"the last {self.last}"] if self.last is not None else []
        words += [f"{self.days} days"] if self.days is not None else []
        return " and ".join(words) or "everything"


EVERYTHING = Retention()
