"""The graph of transient states: the step each runs, and where its two outcomes lead.

A position that several operations share has one row per variant; the row of another or no variant is the first.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.states import Position
from vmconsole.lifecycle.steps import Step, Variant


class Outcome(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"


class Placement(StrEnum):
    """What a move between two hosts means for the VM's placement. While it is under way both hosts are charged."""

    SAME = "same"
    NEW = "new"
    """The VM belongs to the new host: the old one's capacity is given back."""
    OLD = "old"
    """The VM is on the old host again: the new record is closed, a copy of the previous one opened, and the new host's
    capacity given back."""


class Target(NamedTuple):
    position: Position
    placement: Placement = Placement.SAME


class Stage(NamedTuple):
    """One transient state with one operation in flight."""

    position: Position
    variant: Variant
    step: Step
    success: Target
    failure: Target
    repeatable: bool
    """`recover --retry` runs the step again; otherwise retry is accepted and does nothing."""


def _stage(
    position: Position,
    step: Step,
    success: Position | Target,
    failure: Position | Target,
    variant: Variant = Variant.PLAIN,
    *,
    repeatable: bool = True,
) -> Stage:
    return Stage(position, variant, step, _target(success), _target(failure), repeatable)


def _hotplug(position: Position, step: Step, back_to: Position = at.RUNNING, variant: Variant = Variant.PLAIN) -> Stage:
    """A change to a VM that stays where it is: both outcomes lead back, and it is never repeated by retry."""
    return _stage(position, step, back_to, back_to, variant, repeatable=False)


def _target(place: Position | Target) -> Target:
    return place if isinstance(place, Target) else Target(place)


def new(position: Position) -> Target:
    return Target(position, Placement.NEW)


def old(position: Position) -> Target:
    return Target(position, Placement.OLD)


STAGES: tuple[Stage, ...] = (
    _stage(at.CLONING, Step.CLONE_IMAGES, at.PENDING, at.CLONING_FAILURE),
    _stage(at.CLONING, Step.CLONE_IMAGES, at.HOLD, at.CLONING_FAILURE, Variant.HELD),
    # Deployment, first and later
    _stage(at.PROLOG, Step.PROLOG, at.BOOT, at.PROLOG_FAILURE),
    _stage(at.BOOT, Step.BOOT, at.RUNNING, at.BOOT_FAILURE),
    _stage(at.PROLOG_RESUME, Step.FETCH, at.BOOT_STOPPED, at.PROLOG_RESUME_FAILURE),
    _stage(at.BOOT_STOPPED, Step.RESTORE, at.RUNNING, at.BOOT_STOPPED_FAILURE),
    _stage(at.PROLOG_UNDEPLOY, Step.FETCH, at.BOOT_UNDEPLOY, at.PROLOG_UNDEPLOY_FAILURE),
    _stage(at.BOOT_UNDEPLOY, Step.BOOT, at.RUNNING, at.BOOT_UNDEPLOY_FAILURE),
    # Back to running on the same host
    _stage(at.BOOT_UNKNOWN, Step.BOOT, at.RUNNING, at.UNKNOWN),
    _stage(at.BOOT_POWEROFF, Step.BOOT, at.RUNNING, at.POWEROFF),
    _stage(at.BOOT_SUSPENDED, Step.RESTORE, at.RUNNING, at.SUSPENDED),
    _stage(at.BOOT_SUSPENDED, Step.UNPAUSE, at.RUNNING, at.SUSPENDED, Variant.PAUSED),
    # Rest
    _stage(at.SAVE_SUSPEND, Step.SAVE, at.SUSPENDED, at.RUNNING),
    _stage(at.SAVE_SUSPEND, Step.PAUSE, at.SUSPENDED, at.RUNNING, Variant.PAUSED),
    _stage(at.SAVE_STOP, Step.SAVE, at.EPILOG_STOP, at.RUNNING),
    _stage(at.EPILOG_STOP, Step.STORE, at.STOPPED, at.EPILOG_STOP_FAILURE),
    _stage(at.SHUTDOWN_POWEROFF, Step.SHUTDOWN, at.POWEROFF, at.RUNNING),
    _stage(at.SHUTDOWN_POWEROFF, Step.DESTROY, at.POWEROFF, at.RUNNING, Variant.HARD),
    _stage(at.SHUTDOWN_UNDEPLOY, Step.SHUTDOWN, at.EPILOG_UNDEPLOY, at.RUNNING),
    _stage(at.SHUTDOWN_UNDEPLOY, Step.DESTROY, at.EPILOG_UNDEPLOY, at.RUNNING, Variant.HARD),
    _stage(at.EPILOG_UNDEPLOY, Step.STORE, at.UNDEPLOYED, at.EPILOG_UNDEPLOY_FAILURE),
    # The end
    _stage(at.SHUTDOWN, Step.SHUTDOWN, at.EPILOG, at.RUNNING),
    _stage(at.SHUTDOWN, Step.DESTROY, at.EPILOG, at.RUNNING, Variant.HARD),
    _stage(at.EPILOG, Step.EPILOG, at.DONE, at.EPILOG_FAILURE),
    _stage(at.CLEANUP_RESUBMIT, Step.CLEANUP, at.PENDING, at.PENDING, repeatable=False),
    _stage(at.CLEANUP_DELETE, Step.CLEANUP, at.DONE, at.DONE, repeatable=False),
    # Moving
    _stage(at.MIGRATE, Step.MIGRATE_LIVE, new(at.RUNNING), old(at.RUNNING)),
    _stage(at.SAVE_MIGRATE, Step.SAVE, at.PROLOG_MIGRATE, old(at.RUNNING)),
    _stage(at.SAVE_MIGRATE, Step.SHUTDOWN, at.PROLOG_MIGRATE, old(at.RUNNING), Variant.POFF),
    _stage(at.SAVE_MIGRATE, Step.DESTROY, at.PROLOG_MIGRATE, old(at.RUNNING), Variant.POFF_HARD),
    _stage(at.PROLOG_MIGRATE, Step.TRANSFER, new(at.BOOT_MIGRATE), at.PROLOG_MIGRATE_FAILURE),
    _stage(at.PROLOG_MIGRATE, Step.TRANSFER, new(at.BOOT), at.PROLOG_MIGRATE_FAILURE, Variant.POFF),
    _stage(at.PROLOG_MIGRATE, Step.TRANSFER, new(at.BOOT), at.PROLOG_MIGRATE_FAILURE, Variant.POFF_HARD),
    _stage(at.BOOT_MIGRATE, Step.RESTORE, at.RUNNING, at.BOOT_MIGRATE_FAILURE),
    _stage(at.PROLOG_MIGRATE_POWEROFF, Step.TRANSFER, new(at.POWEROFF), at.PROLOG_MIGRATE_POWEROFF_FAILURE),
    _stage(at.PROLOG_MIGRATE_SUSPEND, Step.TRANSFER, new(at.SUSPENDED), at.PROLOG_MIGRATE_SUSPEND_FAILURE),
    _stage(at.PROLOG_MIGRATE_UNKNOWN, Step.TAKE_OVER, new(at.BOOT), at.PROLOG_MIGRATE_UNKNOWN_FAILURE),
    # Changes that leave the VM where it is
    _hotplug(at.HOTPLUG, Step.ATTACH_DISK, variant=Variant.ATTACH),
    _hotplug(at.HOTPLUG, Step.DETACH_DISK, variant=Variant.DETACH),
    _hotplug(at.HOTPLUG, Step.UPDATE_CONTEXT, variant=Variant.CONTEXT),
    _hotplug(at.HOTPLUG_PROLOG_POWEROFF, Step.ATTACH_DISK, at.POWEROFF),
    _hotplug(at.HOTPLUG_EPILOG_POWEROFF, Step.DETACH_DISK, at.POWEROFF),
    _hotplug(at.HOTPLUG_NIC, Step.ATTACH_NIC, variant=Variant.ATTACH),
    _hotplug(at.HOTPLUG_NIC, Step.DETACH_NIC, variant=Variant.DETACH),
    _hotplug(at.HOTPLUG_NIC_POWEROFF, Step.ATTACH_NIC, at.POWEROFF, Variant.ATTACH),
    _hotplug(at.HOTPLUG_NIC_POWEROFF, Step.DETACH_NIC, at.POWEROFF, Variant.DETACH),
    _hotplug(at.HOTPLUG_SNAPSHOT, Step.CREATE_SNAPSHOT, variant=Variant.CREATE),
    _hotplug(at.HOTPLUG_SNAPSHOT, Step.REVERT_SNAPSHOT, variant=Variant.REVERT),
    _hotplug(at.HOTPLUG_SNAPSHOT, Step.DELETE_SNAPSHOT, variant=Variant.DELETE),
    _hotplug(at.DISK_SNAPSHOT, Step.CREATE_DISK_SNAPSHOT),
    _hotplug(at.DISK_SNAPSHOT_DELETE, Step.DELETE_DISK_SNAPSHOT),
    _hotplug(at.DISK_SNAPSHOT_POWEROFF, Step.CREATE_DISK_SNAPSHOT, at.POWEROFF),
    _hotplug(at.DISK_SNAPSHOT_REVERT_POWEROFF, Step.REVERT_DISK_SNAPSHOT, at.POWEROFF),
    _hotplug(at.DISK_SNAPSHOT_DELETE_POWEROFF, Step.DELETE_DISK_SNAPSHOT, at.POWEROFF),
    _hotplug(at.DISK_SNAPSHOT_SUSPENDED, Step.CREATE_DISK_SNAPSHOT, at.SUSPENDED),
    _hotplug(at.DISK_SNAPSHOT_REVERT_SUSPENDED, Step.REVERT_DISK_SNAPSHOT, at.SUSPENDED),
    _hotplug(at.DISK_SNAPSHOT_DELETE_SUSPENDED, Step.DELETE_DISK_SNAPSHOT, at.SUSPENDED),
    _hotplug(at.HOTPLUG_SAVEAS, Step.SAVE_AS),
    _hotplug(at.HOTPLUG_SAVEAS_POWEROFF, Step.SAVE_AS, at.POWEROFF),
    _hotplug(at.HOTPLUG_SAVEAS_SUSPENDED, Step.SAVE_AS, at.SUSPENDED),
    _hotplug(at.HOTPLUG_SAVEAS_UNDEPLOYED, Step.SAVE_AS, at.UNDEPLOYED),
    _hotplug(at.HOTPLUG_SAVEAS_STOPPED, Step.SAVE_AS, at.STOPPED),
    _hotplug(at.DISK_RESIZE, Step.RESIZE_DISK),
    _hotplug(at.DISK_RESIZE_POWEROFF, Step.RESIZE_DISK, at.POWEROFF),
    _hotplug(at.DISK_RESIZE_UNDEPLOYED, Step.RESIZE_DISK, at.UNDEPLOYED),
    _hotplug(at.HOTPLUG_RESIZE, Step.RESIZE),
    _hotplug(at.BACKUP, Step.BACKUP),
    _hotplug(at.BACKUP_POWEROFF, Step.BACKUP, at.POWEROFF),
)

LEFT_AT_ONCE = frozenset({at.CLEANUP_DELETE})
"""The VM goes on without waiting for the step, which is finished in the background and its result ignored."""

_BY_VARIANT = {(row.position, row.variant): row for row in STAGES}
_FIRST: dict[Position, Stage] = {row.position: row for row in reversed(STAGES)}


def stage(position: Position, variant: Variant = Variant.PLAIN) -> Stage | None:
    """The stage a VM at `position` is in, or None where nothing is in flight.

    A variant means something at some stages of an operation's chain only; elsewhere it is ignored.
    """
    return _BY_VARIANT.get((position, variant)) or _FIRST.get(position)


def next_on(position: Position, outcome: Outcome, variant: Variant = Variant.PLAIN) -> Target:
    """Where the end of the step at `position` leads. Raises ValueError where no step can be in flight."""
    row = stage(position, variant)
    if row is None:
        raise ValueError(f"no step is in flight in {position}")
    return row.success if outcome is Outcome.SUCCESS else row.failure


def chain_from(first: Position, variant: Variant = Variant.PLAIN) -> tuple[Position, ...]:
    """`first` and every position after it while each step succeeds."""
    passed = [first]
    while (row := stage(passed[-1], variant)) is not None:
        if row.success.position in passed:
            raise ValueError(f"the stages from {first} go round in a circle")
        passed.append(row.success.position)
    return tuple(passed)
