"""What the walk found, as a table of actions and places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmconsole.lifecycle import states

from .expected import FAILED, PLACES

REFUSED, STAYS = "·", "="
_WIDTH = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """One action at one place: where it ended, or that it was refused; and what is wrong with that."""

    action: str
    place: str
    end: str = ""
    wrong: str = ""

    @property
    def mark(self) -> str:
        if self.wrong:
            return "!!"
        if not self.end:
            return REFUSED
        return STAYS if self.end == self.place else _alias(self.end)


def _alias(place: str) -> str:
    return "paus" if place == "PAUSED" else states.position(place).alias


def _head(place: str) -> str:
    return f"f{states.position(place).lcm}" if place in FAILED else _alias(place)


def rendered(cells: Sequence[Cell], seconds: float) -> str:
    """The table, what its words mean, and everything that is wrong in full."""
    found = {(cell.action, cell.place): cell for cell in cells}
    actions = list(dict.fromkeys(cell.action for cell in cells))
    places = [place for place in PLACES if any(cell.place == place for cell in cells)]
    width = max(map(len, actions))
    lines = [" " * width + "".join(f"{_head(place):>{_WIDTH}}" for place in places)]
    for action in actions:
        marks = [found[action, place].mark if (action, place) in found else "" for place in places]
        lines.append(f"{action:<{width}}" + "".join(f"{mark:>{_WIDTH}}" for mark in marks))
    wrong = [f"{cell.action} at {cell.place}: {cell.wrong}" for cell in cells if cell.wrong]
    refused = sum(not cell.end and not cell.wrong for cell in cells)
    accepted = len(cells) - refused - len(wrong)
    failures = ", ".join(f"{_head(place)} {place}" for place in places if place.endswith("_FAILURE"))
    return "\n".join(
        (
            *lines,
            "",
            f"{STAYS} accepted, the state stays; {REFUSED} refused, nothing changed; else where it ends; !! wrong",
            failures,
            f"{len(cells)} cells: {accepted} accepted, {refused} refused, {len(wrong)} wrong; {seconds:.0f} s",
            *wrong,
        )
    )
