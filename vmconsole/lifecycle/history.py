"""What the history records of a VM say: the action shown, and which of the three clocks of a record runs."""

from __future__ import annotations

from enum import StrEnum

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.flows import Action
from vmconsole.lifecycle.stages import Outcome, stage
from vmconsole.lifecycle.states import POSITIONS, Position
from vmconsole.lifecycle.steps import Step, Variant

NONE = "none"
MONITOR = "monitor"
"""The action of a record that what a host reported made, not a user."""

_SHOWN_AS = {"recover-success": "recover", "recover-failure": "recover"}
_TO_HOST = frozenset({Step.PROLOG, Step.FETCH, Step.TRANSFER, Step.TAKE_OVER})
_FROM_HOST = frozenset({Step.STORE, Step.EPILOG})
_REVERSIBLE = frozenset({Step.SHUTDOWN, Step.SAVE, Step.PAUSE, Step.DESTROY})


class Clock(StrEnum):
    """The part of a record a VM spends its time in."""

    PROLOG = "prolog"
    RUNNING = "running"
    EPILOG = "epilog"


def shown_as(action: Action) -> str:
    """The action's name in the history table."""
    return _SHOWN_AS.get(action.name, action.name)


def _clock(position: Position) -> Clock | None:
    if position in (at.RUNNING, at.UNKNOWN):
        return Clock.RUNNING
    row = stage(position)
    if row is None:
        return None
    if row.step in _TO_HOST:
        return Clock.PROLOG
    if row.step in _FROM_HOST:
        return Clock.EPILOG
    # Whatever can come back to RUNNING is done to a domain that runs, or is about to.
    return Clock.RUNNING if at.RUNNING in (row.success.position, row.failure.position) else None


_CLOCKS = {position: _clock(position) for position in POSITIONS}


def clock(position: Position) -> Clock | None:
    """The clock of the current record that runs while a VM is at `position`; when it changes, one stops, one starts."""
    return _CLOCKS[position]


def clears_action(position: Position, outcome: Outcome, end: Position, variant: Variant = Variant.PLAIN) -> bool:
    """Whether the current record forgets its action: what it announced failed, and the VM runs on as before.

    Args:
        end: where the VM goes from `position`.
    """
    row = stage(position, variant)
    return (
        outcome is Outcome.FAILURE
        and row is not None
        and row.step in _REVERSIBLE
        and row.failure.position is end is at.RUNNING
    )
