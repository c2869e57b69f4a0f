"""What libvirt's numbers for a domain's state and reason say about the VM (virDomainState, virDomainPausedReason)."""

from __future__ import annotations

from vmconsole.lifecycle.observations import Report

NOSTATE, RUNNING, BLOCKED, PAUSED, SHUTDOWN, SHUTOFF, CRASHED, PMSUSPENDED = range(8)

_STATES = {
    NOSTATE: Report.IGNORE,
    RUNNING: Report.RUNNING,
    BLOCKED: Report.RUNNING,
    SHUTDOWN: Report.RUNNING,
    SHUTOFF: Report.POWEROFF,
    CRASHED: Report.FAILURE,
    PMSUSPENDED: Report.SUSPENDED,
}

_MIGRATING = 2

# A pause that ends by itself says nothing: something is being done to the domain.
_PAUSED = {
    1: Report.SUSPENDED,  # by a user
    _MIGRATING: Report.IGNORE,
    3: Report.IGNORE,  # being saved
    4: Report.IGNORE,  # being dumped
    7: Report.SUSPENDED,  # reverted to a snapshot taken while paused
    8: Report.IGNORE,  # shutting down
    9: Report.IGNORE,  # a snapshot is being taken
    11: Report.IGNORE,  # starting up
    12: Report.IGNORE,  # post-copy migration
}


def is_alive(state: int, reason: int = 0) -> bool:
    """Whether a domain in `state` for `reason` may write to its disks: not one that is on its way here."""
    return state not in (NOSTATE, SHUTOFF, CRASHED) and (state, reason) != (PAUSED, _MIGRATING)


def reported(state: int, reason: int = 0) -> Report:
    """What a domain in `state` for `reason` means for its VM.

    Paused by an I/O error, watchdog, crash, failed post-copy or an unknown reason is a failure; a state libvirt may add
    later says nothing.
    """
    if state == PAUSED:
        return _PAUSED.get(reason, Report.FAILURE)
    return _STATES.get(state, Report.IGNORE)
