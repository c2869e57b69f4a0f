"""The values offered for the field that has the focus. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from vmconsole.console.completion import Candidate
from vmconsole.console.line_view import Line
from vmconsole.presentation import fit


class Suggestions:
    """Candidates for one field, narrowed by what is typed; of a list `a,b` the last one is meant.

    Args:
        typed: what was typed into the field; a candidate that is chosen later does not narrow them further.
        listed: whether the field takes a list.
    """

    def __init__(self, candidates: Sequence[Candidate], typed: str = "", *, listed: bool = False) -> None:
        self._all = list(candidates)
        self._listed = listed
        self._typed = typed

    def __bool__(self) -> bool:
        return bool(self._all)

    def _shown(self) -> list[Candidate]:
        word = self._last(self._typed)
        if any(word == each.word.lower() for each in self._all):
            return self._all
        return [each for each in self._all if word in each.word.rpartition(",")[2].lower()] or self._all

    def _last(self, text: str) -> str:
        return (text.rpartition(",")[2] if self._listed else text).strip().lower()

    def move(self, text: str, by: int) -> str:
        """The text with the next or the previous candidate in it."""
        shown = self._shown()
        at = self._at(shown, text)
        at = (at + by) % len(shown) if at is not None else (0 if by > 0 else len(shown) - 1)
        word = shown[at].word
        before, comma, _ = text.rpartition(",")
        return before + comma + word if self._listed and "," not in word else word

    def _at(self, shown: Sequence[Candidate], text: str) -> int | None:
        """Which candidate stands in the field; those for a list may come with what stands before them."""
        last = self._last(text)
        return next((index for index, each in enumerate(shown) if self._last(each.word) == last), None)

    def lines(self, text: str, height: int) -> list[Line]:
        """At most `height` candidates around the chosen one."""
        shown = self._shown()
        at = self._at(shown, text)
        first = max(0, min((at or 0) - height // 2, len(shown) - height))
        found: list[Line] = []
        for index, each in enumerate(shown[first : first + height], first):
            sign, role = ("   > ", "title") if index == at else ("     ", "text")
            found.append([(sign, "key"), (fit(each.word or "-", 24, more="…"), role), (f" {each.help}", "dim")])
        more = len(shown) - first - height
        if more > 0 and found:
            found[-1].append((f"   … {more} more", "dim"))
        return found
