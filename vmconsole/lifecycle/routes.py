"""The ways actions go through the life-cycle: sets of origins and the flows that several actions share."""

from __future__ import annotations

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.flows import Flow, Record
from vmconsole.lifecycle.states import ACTIVE, POSITIONS, Position
from vmconsole.lifecycle.steps import Variant

ANYWHERE = frozenset(place for place in POSITIONS if place.is_visible)
ALIVE = ANYWHERE - {at.DONE}
_FAILED = frozenset(place for place in POSITIONS if place.is_failure and place.state == ACTIVE)
UNPLACED = frozenset({at.PENDING, at.HOLD, at.CLONING, at.CLONING_FAILURE})

CONFIGURABLE = UNPLACED | {
    at.POWEROFF,
    at.UNDEPLOYED,
    at.PROLOG,
    at.PROLOG_FAILURE,
    at.PROLOG_UNDEPLOY,
    at.PROLOG_UNDEPLOY_FAILURE,
    at.PROLOG_MIGRATE_POWEROFF,
    at.PROLOG_MIGRATE_POWEROFF_FAILURE,
    at.BOOT_FAILURE,
    at.BOOT_UNDEPLOY_FAILURE,
    at.SHUTDOWN,
    at.SHUTDOWN_POWEROFF,
    at.SHUTDOWN_UNDEPLOY,
    at.EPILOG,
    at.EPILOG_FAILURE,
    at.EPILOG_UNDEPLOY,
    at.EPILOG_UNDEPLOY_FAILURE,
    at.CLEANUP_RESUBMIT,
    at.CLEANUP_DELETE,
    at.HOTPLUG_SAVEAS_POWEROFF,
    at.HOTPLUG_PROLOG_POWEROFF,
    at.HOTPLUG_EPILOG_POWEROFF,
    at.DISK_SNAPSHOT_POWEROFF,
    at.DISK_SNAPSHOT_REVERT_POWEROFF,
    at.DISK_SNAPSHOT_DELETE_POWEROFF,
}
"""Where `updateconf` only changes what the next boot reads."""

STOPPED_BEFORE = frozenset({"stop"})
UNDEPLOYED_BEFORE = frozenset({"undeploy", "undeploy-hard"})


def start(
    *origins: Position,
    to: Position | None,
    variant: Variant = Variant.PLAIN,
    record: Record = Record.NONE,
    after: frozenset[str] = frozenset(),
    cancels: bool = False,
    deferred: bool = False,
    paused: bool = False,
) -> Flow:
    return Flow(frozenset(origins), to, variant, record, after, cancels, deferred, paused)


def in_place(origins: frozenset[Position]) -> tuple[Flow, ...]:
    return (Flow(origins, None),)


def _instead_of(shutdown: Position, variant: Variant) -> tuple[Flow, ...]:
    """Only the hard way may replace the graceful shutdown in flight."""
    if variant is not Variant.HARD:
        return ()
    return (start(shutdown, to=shutdown, variant=variant, record=Record.NOTE, cancels=True),)


def end(variant: Variant) -> tuple[Flow, ...]:
    """The ways out of life."""
    return (
        start(at.RUNNING, at.UNKNOWN, to=at.SHUTDOWN, variant=variant, record=Record.NOTE),
        *_instead_of(at.SHUTDOWN, variant),
        start(at.POWEROFF, at.SUSPENDED, at.STOPPED, at.UNDEPLOYED, to=at.EPILOG, record=Record.NOTE),
        start(at.SUSPENDED, to=at.SHUTDOWN, variant=Variant.HARD, record=Record.NOTE, paused=True),
        start(*UNPLACED, to=at.DONE),
        Flow(_FAILED, at.CLEANUP_DELETE, record=Record.NOTE),
        start(at.DONE, to=None),
    )


def shut_down(shutdown: Position, variant: Variant) -> tuple[Flow, ...]:
    """Shutting down to come back later, through `shutdown`."""
    return (
        start(at.RUNNING, at.UNKNOWN, to=shutdown, variant=variant, record=Record.NOTE),
        *_instead_of(shutdown, variant),
    )


def undeploy(variant: Variant) -> tuple[Flow, ...]:
    powered_off = start(at.POWEROFF, to=at.EPILOG_UNDEPLOY, record=Record.NOTE)
    return *shut_down(at.SHUTDOWN_UNDEPLOY, variant), powered_off


def move(first: Position, variant: Variant = Variant.PLAIN) -> tuple[Flow, ...]:
    """A migration; a VM that does not run moves the same way whatever the flag."""
    return (
        start(at.RUNNING, to=first, variant=variant, record=Record.OPEN),
        start(at.POWEROFF, to=at.PROLOG_MIGRATE_POWEROFF, record=Record.OPEN),
        start(at.SUSPENDED, to=at.PROLOG_MIGRATE_SUSPEND, record=Record.OPEN),
        start(at.UNKNOWN, to=at.PROLOG_MIGRATE_UNKNOWN, record=Record.OPEN),
    )


def change(
    running: Position | None = None,
    poweroff: Position | None = None,
    suspended: Position | None = None,
    *,
    variant: Variant = Variant.PLAIN,
    record: Record = Record.OPEN,
) -> tuple[Flow, ...]:
    """A change that ends where it began, through one transient state for each origin."""
    through = ((at.RUNNING, running), (at.POWEROFF, poweroff), (at.SUSPENDED, suspended))
    return tuple(
        start(origin, to=first, variant=variant, record=record) for origin, first in through if first is not None
    )
