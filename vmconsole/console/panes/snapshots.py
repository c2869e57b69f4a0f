"""The Snapshots pane: system snapshots in a row, disk snapshots as the tree they are."""

from __future__ import annotations

from typing import Any

from vmconsole.console.line_view import Line
from vmconsole.console.panes.show import heading
from vmconsole.lifecycle.trees import why_no_tree
from vmconsole.presentation import age, moment
from vmconsole.store.detail import Detail
from vmconsole.templates.sizes import human


def lines(detail: Detail, now: float, width: int) -> list[Line]:
    """All snapshots of the VM, or how to take the first."""
    vm = detail.document
    number = vm["id"]
    found: list[Line] = [
        heading("System snapshots: memory and disks"),
        *(_system_snapshot(snapshot, now) for snapshot in vm["snapshots"]),
    ]
    if vm["snapshots"]:
        found.append(_offer("go back to one", f":snapshot-revert {number} ID"))
    elif vm["disk_snapshots"]:
        found.append([(" none: disks that have snapshots of their own take no part in one of memory", "dim")])
    else:
        found.append(_offer("none; take one while it runs", f":snapshot-create {number} NAME"))
    for disk in vm["disks"]:
        found += [[], heading(f"Disk {disk['disk_id']} ({disk['target']})"), *_disk(vm, disk, now)]
    return found


def _disk(vm: dict[str, Any], disk: dict[str, Any], now: float) -> list[Line]:
    """The tree of a disk; of one without, how to take the first snapshot or why there can be none."""
    place = f"{vm['id']} {disk['disk_id']}"
    snapshots = [snapshot for snapshot in vm["disk_snapshots"] if snapshot["disk_id"] == disk["disk_id"]]
    if snapshots:
        back = _offer("go back to one, off or suspended", f":disk-snapshot-revert {place} ID")
        return [*tree(snapshots, now), back]
    reason = why_no_tree(disk["type"], disk["format"], readonly=disk["readonly"], persistent=disk["persistent"])
    if reason:
        return [[(f" none: it {reason}", "dim")]]
    if vm["snapshots"]:
        return [[(" none: they would make the system snapshots unusable", "dim")]]
    return [_offer("none; take one", f":disk-snapshot-create {place} NAME")]


def _offer(what: str, command: str) -> Line:
    return [(f" {what}: ", "dim"), (command, "key")]


def _system_snapshot(snapshot: dict[str, Any], now: float) -> Line:
    return [
        (f" {snapshot['id']:>3} ", "dim"),
        (snapshot["name"], "text"),
        (f"  {moment(snapshot['time'])}, {age(now - snapshot['time'])} ago", "dim"),
    ]


def tree(snapshots: list[dict[str, Any]], now: float) -> list[Line]:
    """The snapshots of one disk, children under their parent; the active one is marked."""
    known = {snapshot["id"] for snapshot in snapshots}
    children: dict[int, list[dict[str, Any]]] = {}
    for snapshot in snapshots:
        parent = snapshot["parent"] if snapshot["parent"] in known and snapshot["parent"] != snapshot["id"] else -1
        children.setdefault(parent, []).append(snapshot)
    found: list[Line] = []
    # Depth first with a stack of its own: how deep a tree is, is not ours to say.
    stack = [(snapshot, "", not index) for index, snapshot in enumerate(reversed(children.get(-1, [])))]
    drawn: set[int] = set()
    while stack:
        snapshot, indent, last = stack.pop()
        if snapshot["id"] in drawn:
            continue
        drawn.add(snapshot["id"])
        found.append(_node(snapshot, indent + ("└─" if last else "├─"), now))
        below = indent + ("  " if last else "│ ")
        stack += [(child, below, not index) for index, child in enumerate(reversed(children.get(snapshot["id"], [])))]
    return found


def _node(snapshot: dict[str, Any], branch: str, now: float) -> Line:
    active = snapshot["active"]
    return [
        (f" {branch}", "dim"),
        ("● " if active else "○ ", "running" if active else "dim"),
        (f"{snapshot['id']} ", "dim"),
        (snapshot["name"] or "unnamed", "strong" if active else "text"),
        (f"  {human(snapshot['size_bytes'] / 1024)}, {age(now - snapshot['date'])} ago", "dim"),
    ]
