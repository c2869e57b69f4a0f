"""The Snapshots pane: system snapshots in a row, disk snapshots as the tree they are, a cursor on one of them."""

from __future__ import annotations

from typing import Any, NamedTuple

from vmconsole.console.jobs import bar
from vmconsole.console.keys import SNAPSHOT_KEYS, CommandKey
from vmconsole.console.line_view import Line
from vmconsole.console.panes.show import heading
from vmconsole.lifecycle.trees import drawn, why_no_tree
from vmconsole.presentation import age, fit, moment
from vmconsole.store.detail import Detail
from vmconsole.templates.sizes import human


class Place(NamedTuple):
    """Where the cursor can rest: on a disk or, without one, on the VM's memory; and there on a snapshot, or on none."""

    vm: int
    disk: int | None
    snapshot: int | None


Row = tuple[Line, Place | None]


def lines(detail: Detail, now: float, width: int) -> list[Line]:
    """All snapshots of the VM, or how to take the first."""
    return [line for line, _ in rows(detail, now, width)]


def rows(detail: Detail, now: float, width: int) -> list[Row]:
    """The lines, those that the cursor can rest on with their place."""
    vm = detail.document
    found: list[Row] = [(line, None) for line in _under_way(detail, width)]
    found += [(_keys(), None), ([], None)]
    found += _memory(vm, now)
    for disk in vm["disks"]:
        found += [([], None), *_disk(vm, disk, now)]
    if vm.get("imported"):
        found += [([], None), (_offer("those that libvirt keeps of it", f":domain snapshot-tree {vm['id']}"), None)]
    return found


def line_for(key: CommandKey, place: Place, other: Place | None = None) -> str:
    """The command line that a key stands for at a place; empty when the key does nothing there.

    Args:
        other: the snapshot that was marked, with which this one is compared.
    """
    of_memory = place.disk is None
    template = (*key.lines, "")[1] if of_memory else key.lines[0]
    if "{snapshot}" in template and place.snapshot is None:
        return ""
    if "{other}" in template:
        same = other is not None and other.disk == place.disk and other.snapshot != place.snapshot
        # Without another one it is compared with what is now.
        template = template.replace("{other}", str(other.snapshot) if same and other is not None else "").rstrip()
    return template.format(vm=place.vm, disk=place.disk, snapshot=place.snapshot)


def _keys() -> Line:
    found: Line = []
    for key in SNAPSHOT_KEYS:
        found += [(f" {key.shown}", "key"), (f" {key.label} ", "dim")]
    return found


def _under_way(detail: Detail, width: int) -> list[Line]:
    """What is being done to the snapshots right now."""
    running = [job for job in detail.operations if job["state"] == "running" and "snapshot" in job["command"]]
    return [
        [(" » ", "moving"), (fit(job["command"], 24, more="…"), "strong"), *bar(job["progress"], max(10, width - 40))]
        for job in running
    ]


def _memory(vm: dict[str, Any], now: float) -> list[Row]:
    place = Place(vm["id"], None, None)
    title = heading("System snapshots: memory and disks")
    if vm["snapshots"]:
        return [
            (title, place),
            *((_system_snapshot(row, now), place._replace(snapshot=row["id"])) for row in vm["snapshots"]),
        ]
    if vm["disk_snapshots"]:
        return [(title, None), (_said("none: disks with snapshots of their own take no part in one of memory"), None)]
    if vm["stat"] != "runn":
        return [(title, None), (_said("none: they are taken while it runs"), None)]
    return [(title, place), (_offer("none; take one", f":snapshot-create {vm['id']} NAME"), None)]


def _disk(vm: dict[str, Any], disk: dict[str, Any], now: float) -> list[Row]:
    """The tree of a disk; of one without, how to take the first snapshot or why there can be none."""
    place = Place(vm["id"], disk["disk_id"], None)
    image = f", image {disk['image']}, which keeps them" if disk["persistent"] else ""
    title = heading(f"Disk {disk['disk_id']} ({disk['target']}){image}")
    snapshots = [snapshot for snapshot in vm["disk_snapshots"] if snapshot["disk_id"] == disk["disk_id"]]
    if snapshots:
        return [(title, place), *((line, place._replace(snapshot=number)) for line, number in tree(snapshots, now))]
    reason = why_no_tree(disk["type"], disk["format"], readonly=disk["readonly"])
    if reason:
        return [(title, None), (_said(f"none: it {reason}"), None)]
    if vm["snapshots"]:
        return [(title, None), (_said("none: they would make the system snapshots unusable"), None)]
    return [
        (title, place),
        (_offer("none; take one", f":disk-snapshot-create {vm['id']} {disk['disk_id']} NAME"), None),
    ]


def _said(what: str) -> Line:
    return [(f" {what}", "dim")]


def _offer(what: str, command: str) -> Line:
    return [(f" {what}: ", "dim"), (command, "key")]


def _system_snapshot(snapshot: dict[str, Any], now: float) -> Line:
    return [
        (f" {snapshot['id']:>3} ", "dim"),
        (snapshot["name"], "text"),
        (f"  {moment(snapshot['time'])}, {age(now - snapshot['time'])} ago  memory and disks", "dim"),
    ]


def tree(snapshots: list[dict[str, Any]], now: float) -> list[tuple[Line, int]]:
    """The snapshots of one disk with their ids, children under their parent; the active one is marked."""
    by_id = {snapshot["id"]: snapshot for snapshot in snapshots}
    branches = drawn({number: snapshot["parent"] for number, snapshot in by_id.items()})
    return [(_node(by_id[number], branch, now), number) for branch, number in branches]


def _node(snapshot: dict[str, Any], branch: str, now: float) -> Line:
    active = snapshot["active"]
    then = "frozen" if snapshot.get("frozen") else snapshot.get("stat", "")
    return [
        (f" {branch}", "dim"),
        ("● " if active else "○ ", "running" if active else "dim"),
        (f"{snapshot['id']} ", "dim"),
        (snapshot["name"] or "unnamed", "strong" if active else "text"),
        (f"  {human(snapshot['size_bytes'] / 1024)}, {age(now - snapshot['date'])} ago", "dim"),
        (f"  {then}" if then else "", "key" if then == "frozen" else "dim"),
    ]
