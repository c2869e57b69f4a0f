"""What differs between two snapshots of a VM, or between one and what is now: configuration, and what was written."""

from __future__ import annotations

from vmconsole.commands import inquiry, targets
from vmconsole.commands.request import Request
from vmconsole.commands.results import Block, Column, Sheet
from vmconsole.errors import Conflict, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.targets import Target

    End = dict[str, Any]
    """One side of a comparison: id (None for now), name, date, stat, configuration."""

NOW = "now"
_ENDS = (
    Column("ID", 4, "", right=True), Column("DATE", 11, ""), Column("STAT", 4, ""), Column("NAME", 40, ""),
)  # fmt: skip
_CONFIGURATION = (Column("KEY", 24, ""), Column("FIRST", 36, ""), Column("SECOND", 36, ""))
_WRITTEN = (Column("OCCUPIED", 8, "", right=True), Column("BY WHAT WAS WRITTEN BEFORE", 40, ""))


def of_disk(context: Context, command: Command, values: Values) -> Sheet:
    """Two nodes of a disk's tree.

    How much was written from one to the other is told by what the layers on the way occupy on the host. That is an
    upper bound of what differs: a block may have been written back, and each layer has tables of its own.
    """
    target, disk = _readable(context, values["vm"]), str(values["disk_id"])
    rows = context.session.query(
        "SELECT snapshot_id, name, created, stat, configuration, parent_id, size_bytes, active FROM disk_snapshot"
        " WHERE vm_id = ? AND CAST(disk_id AS TEXT) = ? ORDER BY snapshot_id",
        (target.id, disk),
    )
    first, second, now = _ends(context, target, rows, values, f"disk {disk} of {target.label}")
    nodes = {row[0]: row for row in rows}
    active = next((row[0] for row in rows if row[7]), None)
    goal = second["id"] if second["id"] is not None else active
    layers = [
        {"snapshot": number, "name": nodes[number][1], "bytes": nodes[number][6]}
        for number in _way({row[0]: row[5] for row in rows}, first["id"], goal)
    ]
    if now:
        layers.append({"snapshot": None, "name": NOW, "bytes": now["occupied"].get(disk)})
    return _sheet(target, first, second, layers)


def of_memory(context: Context, command: Command, values: Values) -> Sheet:
    """Two system snapshots. What was written between them lies in the disks' own files, where it is not told apart."""
    target = _readable(context, values["vm"])
    rows = context.session.query(
        "SELECT snapshot_id, name, created, 'runn', configuration FROM system_snapshot WHERE vm_id = ?"
        " ORDER BY snapshot_id",
        (target.id,),
    )
    first, second, _ = _ends(context, target, rows, values, target.label)
    return _sheet(target, first, second, [])


def _readable(context: Context, word: str) -> Target:
    from vmconsole.lifecycle.permissions import Right

    target = targets.vm(context, word)
    targets.require_right(context, Right.USE, target, lockable=False)
    return target


def _ends(
    context: Context, target: Target, rows: list[tuple[Any, ...]], values: Values, whose: str
) -> tuple[End, End, dict[str, Any]]:
    """Both sides, and what was measured if the second is now."""
    from vmconsole.lifecycle import states

    first = _end(rows, values["snapshot"], whose)
    if values["other"] is not None:
        return first, _end(rows, values["other"], whose), {}
    request = Request("vm.measure", {"vm_id": target.id}, label=target.label)
    now = inquiry.answer(context, request, values.get("timeout"))
    stat = states.by_numbers(target.state, target.lcm).alias
    here = {"id": None, "name": NOW, "date": None, "stat": stat, "configuration": now["configuration"]}
    return first, here, now


def _end(rows: list[tuple[Any, ...]], word: str, whose: str) -> End:
    """The snapshot of this id, or else name."""
    import json

    found = [row for row in rows if str(row[0]) == word] or [row for row in rows if row[1] == word]
    if not found:
        raise NotFound(f"{whose} has no snapshot {word!r}", code="NO_SNAPSHOT")
    if len(found) > 1:
        raise Conflict(f"{whose} has several snapshots {word!r}", code="SNAPSHOT_AMBIGUOUS", hint="name it by its id")
    end = dict(zip(("id", "name", "date", "stat"), found[0], strict=False))
    return {**end, "configuration": json.loads(found[0][4])}


def _way(parents: dict[int, int | None], first: int, second: int | None) -> list[int]:
    """The nodes between two of a tree: down from the one to where both come from, and up to the other."""
    from vmconsole.lifecycle.trees import lineage

    down, up = lineage(parents, first), lineage(parents, second)
    shared = set(down).intersection(up)
    return [*(one for one in down if one not in shared), *(one for one in reversed(up) if one not in shared)]


def _differences(first: dict[str, Any], second: dict[str, Any]) -> list[dict[str, Any]]:
    """Keys whose values differ, None where there is none."""
    before, after = dict(_flat(first)), dict(_flat(second))
    keys = dict.fromkeys((*before, *after))
    return [
        {"key": key, "first": before.get(key), "second": after.get(key)}
        for key in keys
        if before.get(key) != after.get(key)
    ]


def _flat(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(inner, f"{path}.{key}" if path else key)]
    if isinstance(value, list):
        return [pair for index, inner in enumerate(value) for pair in _flat(inner, f"{path}[{index}]")]
    return [(path, str(value))]


def _sheet(target: Target, first: End, second: End, layers: list[dict[str, Any]]) -> Sheet:
    from vmconsole.commands.vm_show import moment
    from vmconsole.templates.sizes import human

    differ = _differences(first["configuration"], second["configuration"])
    ends = [{name: value for name, value in end.items() if name != "configuration"} for end in (first, second)]
    document = {"vm": target.id, "first": ends[0], "second": ends[1], "configuration": differ, "written": layers}
    told = [
        ("-" if end["id"] is None else end["id"], moment(end["date"], "%m/%d %H:%M"), end["stat"], end["name"])
        for end in ends
    ]
    changed = [(one["key"], one["first"] or "-", one["second"] or "-") for one in differ]
    lines = [("-" if one["bytes"] is None else human(one["bytes"] / 1024), one["name"]) for one in layers]
    blocks = [
        Block(f"{target.label}: COMPARED", heading=_ENDS, lines=told),
        Block("CONFIGURATION", heading=_CONFIGURATION, lines=changed or [("nothing differs", "", "")]),
        Block("WRITTEN BETWEEN", heading=_WRITTEN, lines=lines),
    ]
    return Sheet("COMPARISON", [block for block in blocks if block.lines], lambda: document)
