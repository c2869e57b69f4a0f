"""Every action on a VM, one row each: who may ask for it, what it costs, and the ways it goes.

`--hard` and the like are actions of their own, because they differ in origin, danger, schedule and history.
"""

from __future__ import annotations

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.flows import Action, Danger, Flow, Record
from vmconsole.lifecycle.permissions import Right
from vmconsole.lifecycle.recovery import Option
from vmconsole.lifecycle.routes import (
    ALIVE,
    ANYWHERE,
    CONFIGURABLE,
    STOPPED_BEFORE,
    UNDEPLOYED_BEFORE,
    UNPLACED,
    change,
    end,
    in_place,
    move,
    shut_down,
    start,
    undeploy,
)
from vmconsole.lifecycle.steps import Variant

_MANAGE, _ADMIN = Right.MANAGE, Right.ADMIN
_NONE, _SOME, _LOSS, _FOR_EVER = Danger


def _row(
    title: str,
    right: Right,
    danger: Danger,
    meaning: str,
    verbose: str,
    flows: tuple[Flow, ...] = (),
    *,
    name: str = "",
    schedule: tuple[str, ...] | None = None,
    touches_guest: bool = False,
    drops_snapshots: bool = False,
    lockable: bool = True,
    undoable: bool = False,
    recovery: Option | None = None,
) -> Action:
    """A row named like its command line (`poweroff --hard` is poweroff-hard) unless history calls it otherwise."""
    command, _, flag = title.partition(" ")
    return Action(
        name=name or title.replace(" --", "-"),
        command=command,
        flag=flag,
        right=right,
        danger=danger,
        help=meaning,
        flows=flows,
        verbose=verbose,
        schedule=schedule,
        clears_resched=touches_guest,
        drops_snapshots=drops_snapshots,
        lockable=lockable,
        undoable=undoable,
        recovery=recovery,
    )


# One action is one or two thoughts wide, so the formatter keeps its hands off.
# fmt: off
_PLACING = (
    _row("hold", _MANAGE, _NONE, "keep a pending VM from being placed", "put on hold",
         (start(at.PENDING, to=at.HOLD),), schedule=()),
    _row("release", _MANAGE, _NONE, "let a held VM be placed again", "released",
         (start(at.HOLD, to=at.PENDING),), schedule=()),
    _row("deploy", _ADMIN, _NONE, "start on the named host, now", "deploying in host {host}",
         (start(at.STOPPED, to=at.PROLOG_RESUME, record=Record.OPEN),
          start(at.UNDEPLOYED, to=at.PROLOG_UNDEPLOY, record=Record.OPEN),
          start(at.PENDING, at.HOLD, to=at.PROLOG_RESUME, record=Record.OPEN, after=STOPPED_BEFORE),
          start(at.PENDING, at.HOLD, to=at.PROLOG_UNDEPLOY, record=Record.OPEN, after=UNDEPLOYED_BEFORE),
          start(at.PENDING, at.HOLD, to=at.PROLOG, record=Record.OPEN))),
    _row("resched", _ADMIN, _NONE, "ask the scheduler to move it", "Setting resched flag",
         in_place(frozenset({at.RUNNING, at.UNKNOWN, at.POWEROFF}))),
    _row("unresched", _ADMIN, _NONE, "take back a resched", "Clearing resched flag",
         in_place(frozenset({at.RUNNING, at.UNKNOWN, at.POWEROFF}))),
)

_MOVING = (
    _row("migrate", _ADMIN, _SOME, "move to another host: save, copy, restore", "migrating to {host}",
         move(at.SAVE_MIGRATE), touches_guest=True, drops_snapshots=True),
    _row("migrate --live", _ADMIN, _SOME, "move to another host while it runs", "migrating to {host}",
         move(at.MIGRATE), name="live-migrate", touches_guest=True, drops_snapshots=True),
    _row("migrate --poff", _ADMIN, _SOME, "shut down, move and boot again", "migrating to {host}",
         move(at.SAVE_MIGRATE, Variant.POFF), name="poweroff-migrate", touches_guest=True, drops_snapshots=True),
    _row("migrate --poff-hard", _ADMIN, _LOSS, "cut the power, move and boot again", "migrating to {host}",
         move(at.SAVE_MIGRATE, Variant.POFF_HARD), name="poweroff-hard-migrate", touches_guest=True,
         drops_snapshots=True),
)

_RESTING = (
    _row("suspend", _MANAGE, _SOME, "save memory, keep its place on the host", "suspending",
         change(at.SAVE_SUSPEND, record=Record.NOTE), schedule=(), touches_guest=True, drops_snapshots=True),
    _row("pause", _MANAGE, _NONE, "freeze its CPUs at once, memory stays in the host", "pausing",
         change(at.SAVE_SUSPEND, variant=Variant.PAUSED, record=Record.NOTE), touches_guest=True),
    _row("stop", _MANAGE, _SOME, "save memory and leave the host", "stopping",
         (start(at.RUNNING, to=at.SAVE_STOP, record=Record.NOTE),
          start(at.SUSPENDED, to=at.EPILOG_STOP, record=Record.NOTE),
          start(at.SUSPENDED, to=at.SAVE_STOP, record=Record.NOTE, paused=True)),
         schedule=(), touches_guest=True, drops_snapshots=True),
    _row("poweroff", _MANAGE, _SOME, "shut the guest down, keep its place on the host", "shutting down",
         shut_down(at.SHUTDOWN_POWEROFF, Variant.PLAIN), schedule=(), touches_guest=True, drops_snapshots=True,
         undoable=True),
    _row("poweroff --hard", _MANAGE, _LOSS, "cut the power, keep its place on the host", "shutting down",
         shut_down(at.SHUTDOWN_POWEROFF, Variant.HARD), schedule=(), touches_guest=True, drops_snapshots=True,
         undoable=True),
    _row("undeploy", _MANAGE, _SOME, "shut the guest down and leave the host", "shutting down",
         undeploy(Variant.PLAIN), schedule=(), touches_guest=True, drops_snapshots=True, undoable=True),
    _row("undeploy --hard", _MANAGE, _LOSS, "cut the power and leave the host", "shutting down",
         undeploy(Variant.HARD), schedule=(), touches_guest=True, drops_snapshots=True, undoable=True),
    # The deploy after a resume looks for the stop or undeploy in the last record, so that one is left alone.
    _row("resume", _MANAGE, _NONE, "bring it back from rest", "resuming",
         (start(at.STOPPED, at.UNDEPLOYED, to=at.PENDING),
          start(at.SUSPENDED, to=at.BOOT_SUSPENDED, record=Record.OPEN),
          start(at.SUSPENDED, to=at.BOOT_SUSPENDED, variant=Variant.PAUSED, record=Record.OPEN, paused=True),
          start(at.POWEROFF, to=at.BOOT_POWEROFF, record=Record.OPEN),
          start(at.UNKNOWN, to=at.BOOT_UNKNOWN, record=Record.NOTE)),
         schedule=()),
    _row("reboot", _MANAGE, _SOME, "ask the guest to reboot", "rebooting",
         (start(at.RUNNING, to=None, record=Record.NOTE),), schedule=(), touches_guest=True, undoable=True),
    _row("reboot --hard", _MANAGE, _LOSS, "press reset", "rebooting",
         (start(at.RUNNING, to=None, variant=Variant.HARD, record=Record.NOTE),), schedule=(), touches_guest=True,
         undoable=True),
)

_ENDING = (
    _row("terminate", _MANAGE, _FOR_EVER, "shut down and remove it with its disks", "terminating",
         end(Variant.PLAIN), schedule=(), touches_guest=True, drops_snapshots=True),
    _row("terminate --hard", _MANAGE, _FOR_EVER, "cut the power and remove it with its disks", "terminating",
         end(Variant.HARD), schedule=(), touches_guest=True, drops_snapshots=True),
)

_DEVICES = (
    _row("disk-attach", _MANAGE, _NONE, "add a disk", "attaching disk",
         change(at.HOTPLUG, at.HOTPLUG_PROLOG_POWEROFF, variant=Variant.ATTACH), touches_guest=True),
    _row("disk-detach", _MANAGE, _SOME, "take a disk away", "detaching disk",
         change(at.HOTPLUG, at.HOTPLUG_EPILOG_POWEROFF, variant=Variant.DETACH), touches_guest=True),
    # From UNDEPLOYED no record is opened: the next deploy looks for the undeploy in the last one.
    _row("disk-resize", _MANAGE, _SOME, "make a disk larger", "resizing disk",
         (*change(at.DISK_RESIZE, at.DISK_RESIZE_POWEROFF),
          start(at.UNDEPLOYED, to=at.DISK_RESIZE_UNDEPLOYED)),
         touches_guest=True),
    _row("disk-saveas", _MANAGE, _NONE, "export a disk as a new image", "saving disk",
         (start(at.RUNNING, to=at.HOTPLUG_SAVEAS),
          start(at.POWEROFF, to=at.HOTPLUG_SAVEAS_POWEROFF),
          start(at.SUSPENDED, to=at.HOTPLUG_SAVEAS_SUSPENDED),
          start(at.UNDEPLOYED, to=at.HOTPLUG_SAVEAS_UNDEPLOYED),
          start(at.STOPPED, to=at.HOTPLUG_SAVEAS_STOPPED))),
    _row("nic-attach", _MANAGE, _NONE, "add a network interface", "attaching NIC",
         (*change(at.HOTPLUG_NIC, at.HOTPLUG_NIC_POWEROFF, variant=Variant.ATTACH),
          start(at.SUSPENDED, to=None, variant=Variant.ATTACH, deferred=True)),
         touches_guest=True),
    _row("nic-detach", _MANAGE, _SOME, "take a network interface away", "detaching NIC",
         change(at.HOTPLUG_NIC, at.HOTPLUG_NIC_POWEROFF, variant=Variant.DETACH), touches_guest=True),
)

_SNAPSHOTS = (
    _row("disk-snapshot-create", _MANAGE, _NONE, "take a snapshot of a disk", "creating disk snapshot",
         change(at.DISK_SNAPSHOT, at.DISK_SNAPSHOT_POWEROFF, at.DISK_SNAPSHOT_SUSPENDED), schedule=("disk_id", "name"),
         touches_guest=True),
    _row("disk-snapshot-revert", _MANAGE, _LOSS, "put a disk back to a snapshot", "reverting disk snapshot",
         change(None, at.DISK_SNAPSHOT_REVERT_POWEROFF, at.DISK_SNAPSHOT_REVERT_SUSPENDED),
         schedule=("disk_id", "snapshot"), touches_guest=True, undoable=True),
    _row("disk-snapshot-delete", _MANAGE, _LOSS, "delete a snapshot of a disk", "deleting disk snapshot",
         change(at.DISK_SNAPSHOT_DELETE, at.DISK_SNAPSHOT_DELETE_POWEROFF, at.DISK_SNAPSHOT_DELETE_SUSPENDED),
         schedule=("disk_id", "snapshot"), touches_guest=True),
    _row("disk-snapshot-rename", _MANAGE, _NONE, "rename a snapshot of a disk", "renaming disk snapshot",
         in_place(ANYWHERE)),
    _row("snapshot-create", _MANAGE, _NONE, "take a snapshot of memory and disks", "creating snapshot",
         change(at.HOTPLUG_SNAPSHOT, variant=Variant.CREATE, record=Record.NONE), schedule=("name?",),
         touches_guest=True),
    _row("snapshot-revert", _MANAGE, _LOSS, "put memory and disks back to a snapshot", "snapshot reverted",
         change(at.HOTPLUG_SNAPSHOT, variant=Variant.REVERT, record=Record.NONE), schedule=("snapshot",),
         touches_guest=True, undoable=True),
    _row("snapshot-delete", _MANAGE, _LOSS, "delete a snapshot of memory and disks", "deleting snapshot",
         change(at.HOTPLUG_SNAPSHOT, variant=Variant.DELETE, record=Record.NONE), schedule=("snapshot",),
         touches_guest=True),
)

_CONFIGURATION = (
    _row("resize", _MANAGE, _NONE, "change CPU, VCPU or memory", "resizing",
         (start(at.RUNNING, to=at.HOTPLUG_RESIZE),
          start(at.POWEROFF, at.UNDEPLOYED, *UNPLACED, to=None)),
         touches_guest=True),
    _row("updateconf", _MANAGE, _NONE, "change boot, features, graphics or context", "updating configuration",
         (start(at.RUNNING, to=at.HOTPLUG, variant=Variant.CONTEXT),
          *in_place(CONFIGURABLE)),
         touches_guest=True),
    _row("save", _MANAGE, _NONE, "clone it into a new template", "saving",
         (start(at.POWEROFF, to=at.HOTPLUG_SAVEAS_POWEROFF),)),
    _row("backup", _ADMIN, _NONE, "back up its disks", "backing up",
         change(at.BACKUP, at.BACKUP_POWEROFF), schedule=("datastore_id", "mode?"), touches_guest=True),
    _row("update", _MANAGE, _NONE, "edit its attributes and schedules", "updated",
         in_place(ANYWHERE)),
    _row("rename", _MANAGE, _NONE, "give it another name", "renamed",
         in_place(ANYWHERE)),
    _row("chmod", _MANAGE, _NONE, "change who may do what", "Permissions changed",
         in_place(ANYWHERE)),
    _row("chown", _ADMIN, _SOME, "give it to another owner", "Owner/Group changed",
         in_place(ALIVE)),
    _row("chgrp", _ADMIN, _SOME, "give it to another group", "Group changed",
         in_place(ALIVE)),
    _row("lock", _MANAGE, _NONE, "refuse actions, to administrators as well", "VM locked",
         in_place(ANYWHERE), lockable=False),
    _row("unlock", _MANAGE, _NONE, "take a lock off", "VM unlocked",
         in_place(ANYWHERE), lockable=False),
)

_RECOVERING = (
    _row("recover --success", _ADMIN, _SOME, "take a stuck operation as succeeded", "recovering",
         recovery=Option.SUCCESS),
    _row("recover --failure", _ADMIN, _SOME, "take a stuck operation as failed", "recovering",
         recovery=Option.FAILURE),
    _row("recover --retry", _ADMIN, _SOME, "do the stuck or failed step again", "recovering",
         name="retry", recovery=Option.RETRY),
    _row("recover --delete", _ADMIN, _FOR_EVER, "remove it from any state, with its disks", "recovering",
         name="delete", schedule=(), drops_snapshots=True, recovery=Option.DELETE),
    _row("recover --recreate", _ADMIN, _FOR_EVER, "start afresh with new copies of its disks", "recovering",
         name="delete-recreate", schedule=(), drops_snapshots=True, recovery=Option.RECREATE),
    _row("recover --delete-db", _ADMIN, _FOR_EVER, "forget it, and touch no host", "recovering",
         name="delete-db", recovery=Option.DELETE_DB),
)
# fmt: on

ACTIONS: tuple[Action, ...] = (
    *_PLACING,
    *_MOVING,
    *_RESTING,
    *_ENDING,
    *_DEVICES,
    *_SNAPSHOTS,
    *_CONFIGURATION,
    *_RECOVERING,
)
