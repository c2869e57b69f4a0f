"""What a person had better know before an action is done: what it takes away, of this VM as it is."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.targets import Target
    from vmconsole.lifecycle.flows import Action


def caveats(context: Context, asked: Action, target: Target, arguments: dict[str, Any]) -> tuple[str, ...]:
    """A sentence each; none when there is nothing to warn of."""
    if asked.name == "disk-snapshot-revert":
        return _written_since(context, target, str(arguments["disk_id"]), str(arguments["snapshot"]))
    if asked.name == "snapshot-revert":
        return _since(context, target, str(arguments["snapshot"]))
    if asked.name == "disk-saveas":
        return _unwritten(target, arguments)
    return _system_snapshots(context, target) if asked.drops_snapshots else ()


def _system_snapshots(context: Context, target: Target) -> tuple[str, ...]:
    """They end with the running domain (ON-130)."""
    rows = context.session.query("SELECT name FROM system_snapshot WHERE vm_id = ? ORDER BY snapshot_id", (target.id,))
    return (f"its system snapshots are lost: {', '.join(name for (name,) in rows)}",) if rows else ()


def _since(context: Context, target: Target, snapshot: str) -> tuple[str, ...]:
    rows = context.session.query("SELECT snapshot_id, name FROM system_snapshot WHERE vm_id = ?", (target.id,))
    return ("memory and disks as they are now are lost",) if _is_one(snapshot, rows) else ()


def _written_since(context: Context, target: Target, disk: str, snapshot: str) -> tuple[str, ...]:
    """A revert undoes what no snapshot holds."""
    from vmconsole.commands.vm_show import moment

    rows = [
        row
        for row in context.session.query(
            "SELECT snapshot_id, name, created, active, disk_id FROM disk_snapshot WHERE vm_id = ?", (target.id,)
        )
        if str(row[4]) == disk
    ]
    if not _is_one(snapshot, rows):
        return ()
    return tuple(
        f"what was written to disk {disk} on top of snapshot {number} ({name}, {moment(created)}) is lost"
        for number, name, created, active, _ in rows
        if active
    )


def _is_one(word: str, rows: Sequence[tuple[Any, ...]]) -> bool:
    """Whether the word is the id or the name of one of the snapshots; if it is none, nothing will be done."""
    return any(word in (str(row[0]), row[1]) for row in rows)


def _unwritten(target: Target, arguments: dict[str, Any]) -> tuple[str, ...]:
    """A copy of a disk in use is what the disk is at that moment, not what the guest means it to be (ON-126)."""
    from vmconsole.lifecycle import states

    if arguments.get("snapshot") is not None or states.by_numbers(target.state, target.lcm) is not states.RUNNING:
        return ()
    return ("the guest is running: unmount the disk in it, or sync, or the image lacks what it has not written yet",)
