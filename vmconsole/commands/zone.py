"""The commands on zones: places, each with clusters of its own."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.ownership import checked_name
from vmconsole.commands.request import Request
from vmconsole.commands.results import Block, Column, Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values

_HERE = "vmconsole.commands.zone"
_ZONE = Argument("zone", "zone")

COMMANDS: tuple[Command, ...] = (
    Command("zone list", "list zones", (), LIST_OPTIONS, reader="vmconsole.commands.store_lists:read"),
    Command("zone show", "show one zone and its clusters", (_ZONE,), reader=f"{_HERE}:show"),
    Command("zone create", "make a zone", (Argument("name", "text"),), preparer=f"{_HERE}:create"),
    Command("zone delete", "remove a zone without clusters", (_ZONE,), preparer=f"{_HERE}:delete", level=2),
)
_CLUSTERS = (Column("ID", 4, "", right=True), Column("NAME", 30, ""))


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One zone with its clusters."""
    number, name = targets.one(context, "zone", values["zone"])
    clusters = context.session.query("SELECT id, name FROM cluster WHERE zone_id = ? ORDER BY id", (number,))
    members = [{"id": member, "name": title} for member, title in clusters]
    document = {"id": number, "name": name, "clusters": members}
    blocks = [Block(f"ZONE {number} INFORMATION", [("ID", number), ("NAME", name)])]
    if clusters:
        blocks.append(Block("CLUSTERS", heading=_CLUSTERS, lines=clusters))
    return Sheet("ZONE", blocks, lambda: document)


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """A zone without clusters."""
    targets.require_administrator(context, command.words)
    name = checked_name(values["name"])
    return [Request("zone.create", {"name": name}, label=f"zone {name}")]


def delete(context: Context, command: Command, values: Values) -> list[Request]:
    """Remove a zone that has no clusters left."""
    targets.require_administrator(context, command.words)
    number, name = targets.one(context, "zone", values["zone"])
    return [Request("zone.delete", {"zone_id": number}, label=f"zone {number} ({name})")]
