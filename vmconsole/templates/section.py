"""One vector of a template while it is being checked: typed reading that notes every problem and goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import TypeVar

from vmconsole.templates.errors import MOST_PROBLEMS, Problem
from vmconsole.templates.template import Attribute, Place

T = TypeVar("T")


class Section:
    """The attributes of one vector (or the single texts of a template), asked for one by one.

    A value that is not acceptable is added to `problems` with its place, and reads as if it were not there.
    """

    def __init__(
        self, name: str, values: Mapping[str, str], places: Mapping[str, Place], place: Place, problems: list[Problem]
    ) -> None:
        self.name = name
        self.values = values
        self.problems = problems
        self._places = places
        self._place = place
        self._asked: set[str] = set()

    @classmethod
    def of(cls, attribute: Attribute, problems: list[Problem]) -> Section | None:
        """The section of a vector; None, and a problem noted, when the attribute is a single text."""
        if isinstance(attribute.value, str):
            problems.append(
                Problem(*attribute.place, f"{attribute.key}: expected a vector [ … ], found a single value")
            )
            return None
        return cls(attribute.key, attribute.value, attribute.places, attribute.place, problems)

    def read(self, key: str, check: Callable[[str], T]) -> T | None:
        """The value of `key` as `check` returns it; None when it is missing, empty or refused with ValueError."""
        self._asked.add(key)
        text = self.values.get(key, "")
        if not text:
            return None
        try:
            return check(text)
        except ValueError as err:
            self.refuse(key, str(err))
            return None

    def has(self, key: str) -> bool:
        """Whether `key` was given a value, acceptable or not."""
        return bool(self.values.get(key))

    def given(self, *keys: str) -> list[str]:
        """Those of `keys` that were given a value."""
        return [key for key in keys if self.has(key)]

    def refuse(self, key: str, message: str) -> None:
        """Note a problem with the value of `key`; with an empty key, with the section as a whole."""
        place = self._places.get(key, self._place)
        subject = "/".join(part for part in (self.name, key) if part)
        self.problems.append(Problem(*place, f"{subject}: {message}"))

    def close(self) -> None:
        """Note every attribute that was never asked for: a misspelt one must not be dropped in silence."""
        for key in self.values:
            if key not in self._asked and len(self.problems) < MOST_PROBLEMS:
                self.refuse(key, f"{self.name} has no such attribute{_suggestion(key, self._asked)}")


def _suggestion(key: str, known: Iterable[str]) -> str:
    close = get_close_matches(key, sorted(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""
