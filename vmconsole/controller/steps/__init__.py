"""The work of each stage. A step looks before it acts, so that one that was interrupted can be run again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller.steps import (
    backups,
    context,
    copies,
    devices,
    disk_snapshots,
    files,
    live,
    moving,
    power,
    snapshots,
)
from vmconsole.lifecycle.steps import Step

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from vmconsole.controller.work import Work
    from vmconsole.store.session import Store

    Effect = Callable[[Store], dict[str, Any] | None]
    StepFunction = Callable[[Work], Awaitable[Effect | None]]

STEPS: dict[Step, StepFunction] = {
    Step.PROLOG: files.prolog,
    Step.FETCH: files.fetch,
    Step.STORE: files.store,
    Step.EPILOG: files.epilog,
    Step.CLEANUP: files.cleanup,
    Step.BOOT: power.boot,
    Step.RESTORE: power.restore,
    Step.SAVE: snapshots.ending_snapshots(power.save),
    Step.PAUSE: power.pause,
    Step.UNPAUSE: power.unpause,
    Step.SHUTDOWN: snapshots.ending_snapshots(power.shutdown),
    Step.DESTROY: snapshots.ending_snapshots(power.destroy),
    Step.TRANSFER: snapshots.ending_snapshots(moving.transfer),
    Step.TAKE_OVER: moving.take_over,
    Step.MIGRATE_LIVE: snapshots.ending_snapshots(live.migrate_live),
    Step.SAVE_AS: copies.save_as,
    Step.BACKUP: backups.back_up,
    Step.ATTACH_DISK: devices.attach_disk,
    Step.DETACH_DISK: devices.detach_disk,
    Step.ATTACH_NIC: devices.attach_nic,
    Step.DETACH_NIC: devices.detach_nic,
    Step.UPDATE_CONTEXT: context.update_context,
    Step.RESIZE_DISK: devices.resize_disk,
    Step.RESIZE: devices.resize,
    Step.CREATE_SNAPSHOT: snapshots.create_snapshot,
    Step.REVERT_SNAPSHOT: snapshots.revert_snapshot,
    Step.DELETE_SNAPSHOT: snapshots.delete_snapshot,
    Step.CREATE_DISK_SNAPSHOT: disk_snapshots.create_disk_snapshot,
    Step.REVERT_DISK_SNAPSHOT: disk_snapshots.revert_disk_snapshot,
    Step.DELETE_DISK_SNAPSHOT: disk_snapshots.delete_disk_snapshot,
}
"""Steps that exist. An action whose chain needs another one is refused before anything changes."""
