"""The Life pane: where in its life the VM is, and every way that leads on from there (ON-042)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from vmconsole.console.line_view import Line
from vmconsole.console.palette import GLYPHS, role_of
from vmconsole.console.panes.show import heading
from vmconsole.lifecycle import actions, stages
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.states import Position
from vmconsole.lifecycle.steps import Variant
from vmconsole.presentation import fit
from vmconsole.store.detail import Detail

_TITLE = 22
_RESTS = (
    (at.PENDING, at.HOLD),
    (at.RUNNING, at.UNKNOWN),
    (at.SUSPENDED, at.POWEROFF, at.STOPPED, at.UNDEPLOYED),
    (at.DONE,),
)
"""The states a VM rests in: before it runs, running, at rest on a host or in the datastore, and gone."""


class Way(NamedTuple):
    """An action that is legal, and the positions it leads through; none where the VM stays as it is."""

    action: actions.Action
    chain: tuple[Position, ...]


def lines(detail: Detail, now: float, width: int) -> list[Line]:
    """The map of resting states with the VM on it, the step it is in, and each legal action with where it leads."""
    vm = detail.document
    place = at.by_numbers(vm["state_number"], vm["lcm_state_number"])
    found = [heading("Life-cycle"), *_map(place), [], _here(place)]
    found += _flight(place)
    ways = ways_from(place, last_action=_last_action(vm["history"]), paused=vm["paused"])
    leading = [way for way in ways if way.chain]
    staying = [way for way in ways if not way.chain]
    found += [[], heading("Legal from here"), *(_way(way, place, width) for way in leading)]
    if staying:
        found += [[], heading("Legal, and it stays where it is"), *_names([way.action.title for way in staying], width)]
    return found


def ways_from(place: Position, *, last_action: str, paused: bool) -> list[Way]:
    """Every action legal at `place`, in the order of the table, with the chain of positions it goes through."""
    found = []
    for action in actions.ACTIONS:
        flow = actions.legal(action, place, last_action=last_action, paused=paused)
        if flow is not None:
            chain = () if flow.first is None else stages.chain_from(flow.first, flow.variant)
            found.append(Way(action, chain))
    return found


def _last_action(history: Sequence[dict[str, object]]) -> str:
    return str(history[-1]["action"]) if history else ""


def _map(place: Position) -> list[Line]:
    """The resting states a row each, the VM's own set apart."""
    return [[span for state in row for span in (("  ", "text"), *_state(state, here=state is place))] for row in _RESTS]


def _state(state: Position, *, here: bool) -> Line:
    role = role_of(state)
    text = f"{GLYPHS[role]} {state.name}"
    return [(f"[{text}]", "chosen")] if here else [(f" {text} ", role)]


def _here(place: Position) -> Line:
    role = role_of(place)
    return [(" here  ", "dim"), (f"{GLYPHS[role]} {place.name}", role), (f"  {place.meaning}", "dim")]


def _flight(place: Position) -> list[Line]:
    """Where the step in flight leads, either way."""
    stage = stages.stage(place, Variant.PLAIN)
    if stage is None:
        return []
    return [
        [(" step  ", "dim"), (str(stage.step), "moving")],
        [(" then  ", "dim"), (stage.success.position.name, role_of(stage.success.position))],
        [(" else  ", "dim"), (stage.failure.position.name, role_of(stage.failure.position))],
    ]


def _way(way: Way, place: Position, width: int) -> Line:
    """An action and its chain: short names on the way, the whole one where it ends."""
    line: Line = [(f" {fit(way.action.title, _TITLE, more='…')}", "strong")]
    passed = list(dict.fromkeys(position.alias for position in way.chain[:-1]))
    if sum(map(len, passed)) + 3 * len(passed) + _TITLE + 14 > width:
        passed = ["…"]
    for alias in passed:
        line += [(f"{alias}", "moving"), (" » ", "dim")]
    end = way.chain[-1]
    return [*line, (end.name, role_of(end)), (" again" if end is place else "", "dim")]


def _names(titles: Sequence[str], width: int) -> list[Line]:
    """Titles side by side, as many as there is room for in a line."""
    found: list[Line] = []
    row = ""
    for title in titles:
        if row and len(row) + len(title) + 3 > width:
            found.append([(row, "text")])
            row = ""
        row += f" {title} "
    return [*found, [(row, "text")]]
