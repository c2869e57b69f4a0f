"""libvirt's own snapshots of a domain: read from its host whenever they are asked for, since others take them too."""

from __future__ import annotations

from vmconsole.commands import inquiry, targets
from vmconsole.commands.request import Request
from vmconsole.commands.results import Column, Text
from vmconsole.errors import Usage
from vmconsole.store.conditions import ALIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.results import Listing
    from vmconsole.commands.targets import Target

COLUMNS = (
    Column("NAME", 24, "name", expands=True),
    Column("CREATED", 19, "when it was taken"),
    Column("STATE", 10, "what the domain is after a revert"),
    Column("PARENT", 16, "the one it lies on"),
    Column("CURRENT", 7, "whether the next one lies on it", right=True),
    Column("MEMORY", 6, "whether it holds memory", right=True),
)


def read(context: Context, command: Command, values: Values) -> Listing | Text:
    """Name, time and state of each (LV-030)."""
    from vmconsole.commands.listing import described
    from vmconsole.commands.simple_lists import paired
    from vmconsole.commands.vm_show import moment

    if values.get("describe"):
        return described(COLUMNS)
    pairs = [
        (
            (
                one["name"], moment(one["time"], "%Y-%m-%d %H:%M:%S"), one["state"], one["parent"] or "-",
                "Yes" if one["current"] else "No", "Yes" if one["memory"] else "No",
            ),
            one,
        )
        for one in _ask(context, values)["snapshots"]
    ]  # fmt: skip
    return paired("SNAPSHOT", COLUMNS, pairs, values)


def draw(context: Context, command: Command, values: Values) -> Text:
    """The snapshots as the tree they are, the current one marked."""
    from vmconsole.lifecycle.trees import drawn

    found = _ask(context, values)["snapshots"]
    current = {one["name"]: " *" if one["current"] else "" for one in found}
    lines = [
        f"{branch}{name}{current[name]}\n" for branch, name in drawn({one["name"]: one["parent"] for one in found})
    ]
    return Text("SNAPSHOT", _safe_lines(lines), lambda: found)


def dump(context: Context, command: Command, values: Values) -> Text:
    """The description of one, which `snapshot-redefine` takes."""
    answer = _ask(context, values, name=values["name"])
    xml, document = answer["xml"], answer["snapshots"][0]
    return Text("SNAPSHOT", _safe_lines(xml.splitlines()), lambda: {**document, "xml": xml})


def change(context: Context, command: Command, values: Values) -> list[Request]:
    """The operation on the domain's VM, for whoever may manage that."""
    from vmconsole.commands.acting import read_file
    from vmconsole.lifecycle.permissions import Right

    if values.get("running") and values.get("paused"):
        raise Usage("--running and --paused exclude each other", code="USAGE_OPTION")
    verb = command.words.partition(" ")[2]
    target = _target(context, values["domain"])
    targets.require_right(context, Right.MANAGE, target)
    arguments: dict[str, Any] = {
        name: values[name] for name in ("name", "description", "children", "metadata", "current") if values.get(name)
    }
    if verb == "snapshot-create":
        arguments["asked"] = int(context.clock())
    if values.get("running") or values.get("paused"):
        arguments["run"] = bool(values.get("running"))
    if values.get("file"):
        arguments["xml"] = read_file(values["file"])
    asking = Request(f"domain.{verb}", arguments, label=target.label, name=target.name, vm_id=target.id)
    if verb == "snapshot-revert":
        asking.caveats = ("what has changed since, in memory and on disks, is lost",)
    return [asking]


def _ask(context: Context, values: Values, **arguments: Any) -> dict[str, Any]:
    from vmconsole.lifecycle.permissions import Right

    target = _target(context, values["domain"])
    targets.require_right(context, Right.USE, target, lockable=False)
    request = Request("domain.snapshots", {"vm_id": target.id, **arguments}, label=target.label)
    return inquiry.answer(context, request, values.get("timeout"))


def _target(context: Context, word: str) -> Target:
    """A VM by what libvirt knows it by, the domain's name or UUID, or by its own id or name."""
    rows = context.session.query(f"SELECT id FROM vm WHERE {ALIVE} AND (deploy_id = ? OR uuid = ?)", (word, word))
    return targets.vm(context, str(rows[0][0]) if len(rows) == 1 else word)


def _safe_lines(lines: list[str]) -> str:
    from vmconsole.presentation import safe

    return "".join(f"{safe(line.rstrip())}\n" for line in lines)
