"""What one row of the action table holds."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

from vmconsole.lifecycle.permissions import Right
from vmconsole.lifecycle.recovery import Option
from vmconsole.lifecycle.states import Position
from vmconsole.lifecycle.steps import Variant


class Danger(IntEnum):
    """How much an action can hurt, hence how it is asked for (question levels 0 to 3)."""

    NONE = 0
    SOME = 1
    """One line: y."""
    LOSS = 2
    """A dialog that names every VM."""
    FOR_EVER = 3
    """The name, or the count, is typed."""


class Record(StrEnum):
    """What an action leaves in the VM's history."""

    NONE = "none"
    NOTE = "note"
    """The current record is marked with the action."""
    OPEN = "open"
    """The current record is closed and a new one opened, marked with the action."""


class Flow(NamedTuple):
    """One way an action can go: from where, to which first position, with which variant."""

    origins: frozenset[Position]
    first: Position | None
    """The position entered at once; the rest of the chain follows from the stages. None: the state does not change."""
    variant: Variant = Variant.PLAIN
    record: Record = Record.NONE
    after: frozenset[str] = frozenset()
    """If not empty, the flow is for VMs whose last recorded action is one of these."""
    cancels: bool = False
    """A graceful shutdown in flight is cancelled first."""
    deferred: bool = False
    """Recorded at once, carried out on the host right after the VM runs again (ON-109)."""
    paused: bool = False
    """For a VM whose domain is alive but paused: it is SUSPENDED without a memory image (LV-010)."""


class Action(NamedTuple):
    """One thing that can be done to a VM. Its name is the one used in history, schedules and operations."""

    name: str
    command: str
    flag: str
    """The option of `command` that selects this action; empty for the plain command."""
    right: Right
    danger: Danger
    help: str
    flows: tuple[Flow, ...] = ()
    verbose: str = ""
    """What --verbose prints after `VM <id>: `; may name {host}."""
    schedule: tuple[str, ...] | None = None
    """The arguments that a scheduled run takes as ARGS; a `?` ends one that may be left out. None: there is none."""
    clears_resched: bool = False
    drops_snapshots: bool = False
    """System snapshots are lost once it has succeeded (ON-130)."""
    lockable: bool = True
    undoable: bool = False
    """A snapshot that is taken before it leads back from it."""
    recovery: Option | None = None
    """Set on the options of `recover`, whose flows are the recovery table's."""

    @property
    def title(self) -> str:
        """As typed: `terminate --hard`."""
        return f"{self.command} {self.flag}".strip()
