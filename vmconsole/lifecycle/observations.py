"""What a host's report about a VM changes, although nobody asked for anything."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.stages import Outcome, next_on
from vmconsole.lifecycle.states import Position
from vmconsole.lifecycle.steps import Variant

RACE_GUARD_SECONDS = 30.0
"""A VM that has just left RUNNING may still be reported as running: such a report is older than the state."""

REPORTS_UNTIL_GONE = 3
"""Consecutive reports that have to miss a VM before it counts as gone."""


class Report(StrEnum):
    """What a host says about a VM."""

    RUNNING = "running"
    POWEROFF = "poweroff"
    MISSING = "missing"
    SUSPENDED = "suspended"
    FAILURE = "failure"
    IGNORE = "ignore"


class Observation(NamedTuple):
    """A change of position that a report brings about, without a step being run."""

    path: tuple[Position, ...]
    """Positions passed at once; the VM ends at the last."""
    outcome: Outcome | None = None
    """The operation in flight counts as ended this way; where it leads is the path."""
    opens_record: bool = False
    """A new history record, marked `monitor`."""
    marks_record: bool = False
    """The current history record is marked `monitor`."""
    drops_snapshots: bool = False
    paused: bool = False
    """The domain is alive: waking it up means unpausing it, there is no memory image."""

    @property
    def end(self) -> Position:
        return self.path[-1]


_MONITORED = frozenset({at.RUNNING, at.UNKNOWN})
_SHUTTING_DOWN = frozenset({at.SHUTDOWN, at.SHUTDOWN_POWEROFF, at.SHUTDOWN_UNDEPLOY})
_RESTING = frozenset({at.POWEROFF, at.SUSPENDED})
_BOOTING = frozenset(
    {
        at.BOOT,
        at.BOOT_UNKNOWN,
        at.BOOT_POWEROFF,
        at.BOOT_SUSPENDED,
        at.BOOT_STOPPED,
        at.BOOT_UNDEPLOY,
        at.BOOT_MIGRATE,
    }
)
_BOOT_FAILED = frozenset({at.BOOT_FAILURE, at.BOOT_MIGRATE_FAILURE, at.BOOT_UNDEPLOY_FAILURE, at.BOOT_STOPPED_FAILURE})


def reconcile(
    position: Position,
    report: Report,
    *,
    seconds_in_state: float = RACE_GUARD_SECONDS,
    missing_reports: int = 0,
    variant: Variant = Variant.PLAIN,
    paused: bool = False,
    race_guard: float = RACE_GUARD_SECONDS,
    until_gone: int = REPORTS_UNTIL_GONE,
) -> Observation | None:
    """What a report of the VM's *current* host changes; reports of other hosts must not come here. None: nothing.

    `seconds_in_state` is the VM's time at `position`, `missing_reports` how many reports in a row, this one included,
    did not have it, `variant` that of the operation in flight; `paused` says that a SUSPENDED VM has no memory image,
    only its live domain, so that it is off when the domain is gone.
    """
    if report is Report.MISSING:
        report = Report.POWEROFF if missing_reports >= until_gone else Report.IGNORE
    if report is Report.RUNNING:
        return _running(position, settled=seconds_in_state >= race_guard)
    if report is Report.POWEROFF:
        return _off(position, variant, paused=paused)
    if report is Report.SUSPENDED and position in _MONITORED:
        path = (at.SAVE_SUSPEND, at.SUSPENDED)
        return Observation(path, marks_record=True, drops_snapshots=True, paused=True)
    if report is Report.FAILURE and position is at.RUNNING:
        return Observation((at.UNKNOWN,))
    return None


def _running(position: Position, *, settled: bool) -> Observation | None:
    if position in _RESTING:
        return Observation((at.RUNNING,), opens_record=True) if settled else None
    if position in _BOOTING:
        return Observation((at.RUNNING,), outcome=Outcome.SUCCESS)
    if position in _BOOT_FAILED or position is at.UNKNOWN:
        return Observation((at.RUNNING,))
    return None


def _off(position: Position, variant: Variant, *, paused: bool) -> Observation | None:
    if position in _SHUTTING_DOWN:
        target = next_on(position, Outcome.SUCCESS, variant)
        return Observation((target.position,), outcome=Outcome.SUCCESS)
    if position in _MONITORED or (paused and position is at.SUSPENDED):
        path = (at.SHUTDOWN_POWEROFF, at.POWEROFF)
        return Observation(path, marks_record=True, drops_snapshots=True)
    return None


def host_lost(position: Position) -> Observation | None:
    """What it means for a VM that its host went to error."""
    return Observation((at.UNKNOWN,)) if position is at.RUNNING else None
