"""A VM's position in ZStack's words, and ZStack's own rules of what may follow what."""

from __future__ import annotations

from enum import StrEnum

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.stages import stage
from vmconsole.lifecycle.states import Position


class ZState(StrEnum):
    CREATED = "Created"
    STARTING = "Starting"
    RUNNING = "Running"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    REBOOTING = "Rebooting"
    DESTROYING = "Destroying"
    DESTROYED = "Destroyed"
    MIGRATING = "Migrating"
    UNKNOWN = "Unknown"


class Event(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    REBOOTING = "rebooting"
    MIGRATING = "migrating"
    MIGRATED = "migrated"
    DESTROYING = "destroying"
    DESTROYED = "destroyed"
    UNKNOWN = "unknown"


_LEADS_TO = {event: ZState.RUNNING if event is Event.MIGRATED else ZState(event.capitalize()) for event in Event}

_ALLOWED: dict[ZState, str] = {
    ZState.CREATED: "starting destroying",
    ZState.STARTING: "running stopped destroying unknown",
    ZState.RUNNING: "running stopping stopped rebooting migrating destroying unknown",
    ZState.STOPPING: "stopped running destroying unknown",
    ZState.STOPPED: "starting stopped running destroying",
    ZState.REBOOTING: "running stopped unknown destroying",
    ZState.MIGRATING: "migrated running stopped unknown destroying",
    ZState.UNKNOWN: "running stopped stopping destroying unknown",
    ZState.DESTROYING: "destroyed running unknown destroying",
    ZState.DESTROYED: "",
}
_DEAF_TO_UNKNOWN = frozenset({ZState.CREATED, ZState.STOPPED, ZState.DESTROYED})
_TABLE = {(state, Event(name)): _LEADS_TO[Event(name)] for state, names in _ALLOWED.items() for name in names.split()}


class IllegalEvent(ValueError):
    """An event that may not happen in a state."""


def after(state: ZState, event: Event) -> ZState:
    """The state `event` leads to (ZS-035). Losing sight of a VM that is on no host is ignored.

    Raises IllegalEvent for a pair the table does not have, naming the events it has.
    """
    if event is Event.UNKNOWN and state in _DEAF_TO_UNKNOWN:
        return state
    found = _TABLE.get((state, event))
    if found is None:
        raise IllegalEvent(f"a VM in state {state} cannot take {event}; it can take: {_ALLOWED[state] or 'nothing'}")
    return found


_POSITIONS: dict[ZState, tuple[Position, ...]] = {
    ZState.CREATED: (at.INIT, at.PENDING, at.HOLD, at.CLONING),
    ZState.STARTING: (
        at.PROLOG,
        at.PROLOG_RESUME,
        at.PROLOG_UNDEPLOY,
        at.BOOT,
        at.BOOT_UNKNOWN,
        at.BOOT_POWEROFF,
        at.BOOT_SUSPENDED,
        at.BOOT_STOPPED,
        at.BOOT_UNDEPLOY,
    ),
    ZState.RUNNING: (at.RUNNING,),
    ZState.STOPPING: (
        at.SHUTDOWN_POWEROFF,
        at.SHUTDOWN_UNDEPLOY,
        at.SAVE_STOP,
        at.SAVE_SUSPEND,
        at.EPILOG_STOP,
        at.EPILOG_UNDEPLOY,
    ),
    ZState.STOPPED: (at.POWEROFF, at.SUSPENDED, at.STOPPED, at.UNDEPLOYED),
    ZState.MIGRATING: (
        at.MIGRATE,
        at.SAVE_MIGRATE,
        at.PROLOG_MIGRATE,
        at.PROLOG_MIGRATE_POWEROFF,
        at.PROLOG_MIGRATE_SUSPEND,
        at.PROLOG_MIGRATE_UNKNOWN,
        at.BOOT_MIGRATE,
    ),
    ZState.DESTROYING: (at.SHUTDOWN, at.EPILOG, at.CLEANUP_RESUBMIT, at.CLEANUP_DELETE),
    ZState.DESTROYED: (at.DONE,),
    ZState.UNKNOWN: (at.UNKNOWN,),
}
_STATES = {position: state for state, positions in _POSITIONS.items() for position in positions}


def zstate(position: Position, *, rebooting: bool = False) -> ZState:
    """ZStack's word for where a VM is. A reboot has no position of its own, so the caller says if one is in flight.

    What ended badly is Unknown; a change that leaves the VM in place is where the VM is.
    """
    if rebooting and position is at.RUNNING:
        return ZState.REBOOTING
    if position.is_failure:
        return ZState.UNKNOWN
    found = _STATES.get(position)
    if found is not None:
        return found
    row = stage(position)
    assert row is not None, position
    return _STATES[row.success.position]
