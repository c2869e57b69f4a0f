"""What `recover` does, by option and position: the way out of every stuck or failed operation."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.stages import Outcome, Target, new, next_on, old, stage
from vmconsole.lifecycle.states import ACTIVE, POSITIONS, Position
from vmconsole.lifecycle.steps import Step, Variant


class Option(StrEnum):
    SUCCESS = "success"
    FAILURE = "failure"
    RETRY = "retry"
    DELETE = "delete"
    RECREATE = "recreate"
    DELETE_DB = "delete-db"


class Verdict(StrEnum):
    SETTLE = "settle"
    """The step in flight counts as ended with `outcome`: what it changed is kept or taken back, then go to `target`."""
    ENTER = "enter"
    """Go to `target`; if that is transient, its step runs (again)."""
    NOTHING = "nothing"
    """Accepted without effect."""
    FORGET = "forget"
    """The record is removed, no host is asked."""
    REFUSE = "refuse"


class Cleanup(StrEnum):
    """What delete and recreate clear away on hosts before the VM is gone or starts afresh."""

    NONE = "none"
    FILES = "files"
    """Cancel what is being copied, delete the files."""
    DOMAIN = "domain"
    """Cancel the driver's action, destroy the domain, delete the files."""
    DOMAIN_BOTH_HOSTS = "domain on both hosts"
    DOMAIN_PREVIOUS_HOST = "domain on the previous host"
    FILES_BOTH_HOSTS = "files on both hosts"


class Recovery(NamedTuple):
    verdict: Verdict
    target: Target | None = None
    outcome: Outcome | None = None
    cleanup: Cleanup = Cleanup.NONE
    reason: str = ""


class Failure(NamedTuple):
    """A failed stage: where success leads, where failure leads (None: it stays), which stage retry runs again."""

    position: Position
    success: Target
    failure: Target | None
    retry: Position
    variant: Variant = Variant.PLAIN


FAILURES: tuple[Failure, ...] = (
    Failure(at.BOOT_FAILURE, Target(at.RUNNING), None, at.BOOT),
    Failure(at.BOOT_MIGRATE_FAILURE, Target(at.RUNNING), None, at.BOOT_MIGRATE),
    Failure(at.PROLOG_MIGRATE_FAILURE, new(at.BOOT_MIGRATE), old(at.BOOT_MIGRATE), at.PROLOG_MIGRATE),
    Failure(at.PROLOG_MIGRATE_FAILURE, new(at.BOOT), old(at.BOOT), at.PROLOG_MIGRATE, Variant.POFF),
    Failure(at.PROLOG_MIGRATE_FAILURE, new(at.BOOT), old(at.BOOT), at.PROLOG_MIGRATE, Variant.POFF_HARD),
    Failure(at.PROLOG_FAILURE, Target(at.BOOT), None, at.PROLOG),
    Failure(at.EPILOG_FAILURE, Target(at.DONE), None, at.EPILOG),
    Failure(at.EPILOG_STOP_FAILURE, Target(at.STOPPED), None, at.EPILOG_STOP),
    Failure(at.EPILOG_UNDEPLOY_FAILURE, Target(at.UNDEPLOYED), None, at.EPILOG_UNDEPLOY),
    Failure(at.PROLOG_MIGRATE_POWEROFF_FAILURE, new(at.POWEROFF), old(at.POWEROFF), at.PROLOG_MIGRATE_POWEROFF),
    Failure(at.PROLOG_MIGRATE_SUSPEND_FAILURE, new(at.SUSPENDED), old(at.SUSPENDED), at.PROLOG_MIGRATE_SUSPEND),
    Failure(at.BOOT_UNDEPLOY_FAILURE, Target(at.RUNNING), None, at.BOOT_UNDEPLOY),
    Failure(at.BOOT_STOPPED_FAILURE, Target(at.RUNNING), None, at.BOOT_STOPPED),
    Failure(at.PROLOG_RESUME_FAILURE, Target(at.BOOT_STOPPED), None, at.PROLOG_RESUME),
    Failure(at.PROLOG_UNDEPLOY_FAILURE, Target(at.BOOT_UNDEPLOY), None, at.PROLOG_UNDEPLOY),
    Failure(at.PROLOG_MIGRATE_UNKNOWN_FAILURE, new(at.BOOT), old(at.BOOT), at.PROLOG_MIGRATE_UNKNOWN),
)
_BY_VARIANT = {(row.position, row.variant): row for row in FAILURES}

_NOTHING = Recovery(Verdict.NOTHING)
_USELESS = (Verdict.NOTHING, Verdict.REFUSE)


def _enter(target: Position | Target, cleanup: Cleanup = Cleanup.NONE) -> Recovery:
    return Recovery(Verdict.ENTER, target if isinstance(target, Target) else Target(target), cleanup=cleanup)


def _refuse(reason: str) -> Recovery:
    return Recovery(Verdict.REFUSE, reason=reason)


def failure(position: Position, variant: Variant = Variant.PLAIN) -> Failure | None:
    return _BY_VARIANT.get((position, variant)) or _BY_VARIANT.get((position, Variant.PLAIN))


def recover_target(position: Position, option: Option, variant: Variant = Variant.PLAIN) -> Recovery:
    """What `recover --<option>` does to a VM at `position` whose operation in flight is of `variant`.

    Of a SUSPENDED VM whose domain is alive the variant is PAUSED.
    Retry repeats what was asked: a graceful shutdown stays graceful, a migration with --poff shuts down again.
    """
    if option is Option.DELETE:
        return _delete(position, variant)
    if option is Option.RECREATE:
        return _recreate(position)
    if option is Option.DELETE_DB:
        return Recovery(Verdict.FORGET)
    return _resolve(position, option, variant)


def _resolve(position: Position, option: Option, variant: Variant) -> Recovery:
    if position is at.CLONING_FAILURE and option is not Option.RETRY:
        return _enter(at.CLONING)  # both answers look at the images again
    if position.state != ACTIVE:
        return _refuse(f"nothing to recover: the VM is {position}")
    if position is at.RUNNING:
        return _NOTHING
    if position is at.UNKNOWN:
        return _NOTHING if option is Option.RETRY else _enter(at.RUNNING)
    failed = failure(position, variant)
    if failed is not None:
        return _resolve_failure(failed, option)
    if option is Option.RETRY:
        row = stage(position, variant)
        return _enter(position) if row is not None and row.repeatable else _NOTHING
    outcome = Outcome.SUCCESS if option is Option.SUCCESS else Outcome.FAILURE
    return Recovery(Verdict.SETTLE, next_on(position, outcome, variant), outcome)


def _resolve_failure(failed: Failure, option: Option) -> Recovery:
    if option is Option.RETRY:
        return _enter(failed.retry)
    if option is Option.SUCCESS:
        return _enter(failed.success)
    return _NOTHING if failed.failure is None else _enter(failed.failure)


def ways_out(position: Position) -> tuple[Option, ...]:
    """What `recover` offers a VM that failed at `position`, the gentlest first; empty for one that did not fail."""
    if not position.is_failure:
        return ()
    offered = (Option.RETRY, Option.SUCCESS, Option.FAILURE, Option.RECREATE, Option.DELETE)
    return tuple(way for way in offered if recover_target(position, way).verdict not in _USELESS)


def failed_transfer(position: Position) -> Step | None:
    """The step that failed here, if it is one that `recover --retry --interactive` can go through (ON-101)."""
    failed = failure(position)
    row = stage(failed.retry) if failed is not None else None
    return row.step if row is not None and row.step in _COPYING | _MOVING else None


SAVES_MEMORY = frozenset({at.EPILOG_STOP_FAILURE, at.PROLOG_MIGRATE_SUSPEND_FAILURE})
"""Where the memory that goes along is saved by the step that failed."""


def _delete(position: Position, variant: Variant) -> Recovery:
    if position is at.DONE:
        return _NOTHING
    if position is at.SUSPENDED and variant is Variant.PAUSED:
        return _enter(at.DONE, Cleanup.DOMAIN)
    if position.state != ACTIVE or position is at.CLEANUP_DELETE:
        return _enter(at.DONE, cleanup(position))
    return _enter(at.CLEANUP_DELETE, cleanup(position))


def _recreate(position: Position) -> Recovery:
    if position in (at.PENDING, at.INIT, at.CLONING, at.CLONING_FAILURE):
        return _NOTHING
    if position in (at.HOLD, at.STOPPED, at.UNDEPLOYED, at.CLEANUP_RESUBMIT):
        return _enter(at.PENDING, cleanup(position))
    if position in (at.SUSPENDED, at.POWEROFF):
        return _refuse(f"the VM is {position}: resume it first")
    if position in (at.DONE, at.CLEANUP_DELETE):
        return _refuse(f"the VM is {position}: it is past being recreated")
    return _enter(at.CLEANUP_RESUBMIT, cleanup(position))


_WITHOUT_FILES = frozenset({at.INIT, at.PENDING, at.HOLD, at.CLONING, at.CLONING_FAILURE, at.DONE, at.CLEANUP_DELETE})
_RESTING = frozenset({at.POWEROFF, at.SUSPENDED, at.STOPPED, at.UNDEPLOYED})
_COPYING = frozenset({Step.PROLOG, Step.FETCH, Step.STORE, Step.EPILOG})
_MOVING = frozenset({Step.TRANSFER, Step.TAKE_OVER})


def _cleanup(position: Position) -> Cleanup:
    if position in _WITHOUT_FILES:
        return Cleanup.NONE
    if position is at.MIGRATE:
        return Cleanup.DOMAIN_BOTH_HOSTS
    if position is at.SAVE_MIGRATE:
        return Cleanup.DOMAIN_PREVIOUS_HOST
    failed = failure(position)
    row = stage(failed.retry if failed else position)
    if row is None:
        return Cleanup.FILES if position in _RESTING else Cleanup.DOMAIN
    if row.step in _MOVING:
        return Cleanup.FILES_BOTH_HOSTS
    if row.step in _COPYING or (row.success == row.failure and row.success.position in _RESTING):
        return Cleanup.FILES
    return Cleanup.DOMAIN


_CLEANUPS = {position: _cleanup(position) for position in POSITIONS}


def cleanup(position: Position) -> Cleanup:
    """What has to be cleared away when a VM is deleted or recreated from `position`."""
    return _CLEANUPS[position]
