"""The commands on groups of users."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.request import Request
from vmconsole.commands.user import check_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values

COMMANDS: tuple[Command, ...] = (
    Command("group list", "list groups", (), LIST_OPTIONS, reader="vmconsole.commands.store_lists:read"),
    Command(
        "group create",
        "make a group of users",
        (Argument("name", "text"),),
        (),
        preparer="vmconsole.commands.group:create",
    ),
)


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """A group, to which `user addgroup` adds members."""
    targets.require_administrator(context, command.words)
    name = check_name("group", values["name"])
    return [Request("group.create", {"name": name}, label=f"group {name}")]
