"""`--snapshot-before`: an action preceded by snapshots, and `undo`, which goes back to them."""

from __future__ import annotations

from vmconsole.commands import acting, targets
from vmconsole.errors import Conflict, Usage, VmconsoleError
from vmconsole.lifecycle import actions, states
from vmconsole.lifecycle.trees import why_no_tree
from vmconsole.store import operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.request import Request
    from vmconsole.commands.targets import Target
    from vmconsole.lifecycle.flows import Action


def preceded(context: Context, asked: Action, found: list[Target], arguments: dict[str, Any]) -> list[Request]:
    """Of each VM the snapshots and then the action, which is not done when a snapshot fails.

    Raises:
        Usage: no snapshot leads back from this action.
    """
    if not asked.undoable:
        raise Usage(f"no snapshot leads back from {asked.title}", code="USAGE_OPTION")
    return [request for target in found for request in _preceded(context, asked, target, arguments)]


def _preceded(context: Context, asked: Action, target: Target, arguments: dict[str, Any]) -> list[Request]:
    acts = acting.request(context, asked, target, arguments)
    if acts.error is not None:
        return [acts]
    try:
        snapshots = _snapshots(context, asked, target, arguments)
    except VmconsoleError as error:
        acts.error = error
        return [acts]
    acts.after, acts.caveats = tuple(snapshots), ()  # what would be lost is in the snapshots
    acts.error = next((one.error for one in snapshots if one.error is not None), None)
    return [acts] if acts.error is not None else [*snapshots, acts]


def _snapshots(context: Context, asked: Action, target: Target, arguments: dict[str, Any]) -> list[Request]:
    """Of memory where the VM has such snapshots, which no disk's tree may be beside; else of each disk that can.

    Raises:
        Conflict: neither is possible.
    """
    name = f"before {asked.title}"
    if context.session.query("SELECT 1 FROM system_snapshot WHERE vm_id = ?", (target.id,)):
        if asked.drops_snapshots:
            raise Conflict(
                f"{target.label} has system snapshots, which {asked.title} takes away, this one too",
                code="SNAPSHOTS_MIXED", hint=f"vmconsole snapshot-delete {target.id} ID",
            )  # fmt: skip
        return [acting.request(context, actions.action("snapshot-create"), target, {"name": name})]
    rows = context.session.query(
        "SELECT disk_id, type, format, readonly FROM disk WHERE vm_id = ? ORDER BY disk_id", (target.id,)
    )
    wanted = arguments.get("disk_id", "")
    disks = [
        row[0]
        for row in rows
        if not why_no_tree(row[1], row[2], readonly=bool(row[3])) and str(wanted) in ("", str(row[0]))
    ]
    if not disks:
        raise Conflict(f"{target.label} has no disk that can have a snapshot", code="DISK_KIND")
    create = actions.action("disk-snapshot-create")
    return [acting.request(context, create, target, {"disk_id": str(disk), "name": name}) for disk in disks]


def undo(context: Context, command: Command, values: Values) -> list[Request]:
    """Go back to what was before the last action that was preceded by snapshots.

    A running VM is cut off before its disks are put back, and what ran then is started again.

    Raises:
        Conflict: there is no such action, it has been taken back, or its snapshots are gone.
    """
    target = targets.vm(context, values["vm"])
    done = next((one for one in _done(context, target) if one["arguments"].get("snapshot_before")), None)
    if done is None:
        raise Conflict(
            f"{target.label}: nothing was done with --snapshot-before, so there is nothing to go back to",
            code="UNDO_NOTHING",
        )  # fmt: skip
    if any(one["arguments"].get("undoes") == done["id"] for one in _done(context, target)):
        raise Conflict(f"{target.label}: {done['command']} has been taken back already", code="UNDO_DONE")
    taken = [found for identity in done["arguments"]["after"] if (found := operations.get(context.session, identity))]
    if taken[0]["command"] == "snapshot-create":
        back = {"snapshot": str(taken[0]["result"]["snapshot_id"]), "undoes": done["id"]}
        return [acting.request(context, actions.action("snapshot-revert"), target, back)]
    return _put_back(context, target, done["id"], taken)


def _put_back(context: Context, target: Target, undoes: str, taken: list[dict[str, Any]]) -> list[Request]:
    """The disks as they were then; a VM is off meanwhile, and runs again if it ran then."""
    off, found = target.at(states.POWEROFF), []
    stats = [_stat_of(context, target, snapshot["arguments"]) for snapshot in taken]
    here = states.by_numbers(target.state, target.lcm)
    running = here is states.RUNNING
    if running:
        found.append(acting.request(context, actions.action("poweroff-hard"), target, {}))
    revert = actions.action("disk-snapshot-revert")
    for snapshot in taken:
        arguments = snapshot["arguments"]
        back = {"disk_id": str(arguments["disk_id"]), "snapshot": str(arguments["snapshot_id"]), "undoes": undoes}
        found.append(acting.request(context, revert, off if running else target, back))
    if states.RUNNING.alias in stats and here in (states.RUNNING, states.POWEROFF):
        found.append(acting.request(context, actions.action("resume"), off, {}))
    for one, before in zip(found[1:], found, strict=False):
        one.after = (before,)
        one.error = one.error or before.error
    return found


def _stat_of(context: Context, target: Target, taken: dict[str, Any]) -> str:
    """The short state in which the VM was. Raises Conflict: the snapshot is gone, so nothing is to be cut off."""
    rows = context.session.query(
        "SELECT stat FROM disk_snapshot WHERE vm_id = ? AND disk_id = ? AND snapshot_id = ?",
        (target.id, taken["disk_id"], taken["snapshot_id"]),
    )
    if not rows:
        raise Conflict(
            f"{target.label}: snapshot {taken['snapshot_id']} of disk {taken['disk_id']} was taken before, and is gone",
            code="UNDO_GONE",
        )  # fmt: skip
    return str(rows[0][0])


def _done(context: Context, target: Target) -> list[dict[str, Any]]:
    """What was done to the VM, newest first."""
    return [one for one in operations.recent(context.session, vm_id=target.id) if one["state"] == "done"]
