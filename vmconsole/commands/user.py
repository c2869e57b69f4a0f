"""The commands on users."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values

_HERE = "vmconsole.commands.user"
_BOTH = (Argument("user", "user"), Argument("group", "group"))

COMMANDS: tuple[Command, ...] = (
    Command("user list", "list users", (), LIST_OPTIONS, reader="vmconsole.commands.store_lists:read"),
    Command(
        "user create",
        "make an account for a user of the operating system before he comes himself",
        (Argument("name", "text"),),
        (Option("--group", "primary group, else users", metavar="GROUP", kind="group"),),
        preparer=f"{_HERE}:create",
    ),
    Command("user chgrp", "give a user another primary group", _BOTH, (), preparer=f"{_HERE}:membership"),
    Command("user addgroup", "make a user a member of a group", _BOTH, (), preparer=f"{_HERE}:membership"),
    Command("user delgroup", "take a user out of a group", _BOTH, (), preparer=f"{_HERE}:membership"),
)


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """An account with the login name the operating system knows."""
    targets.require_administrator(context, command.words)
    name = check_name("user", values["name"])
    group_id = targets.one(context, "group", values["group"])[0] if values["group"] else None
    return [Request("user.create", {"name": name, "group_id": group_id}, label=f"user {name}")]


def membership(context: Context, command: Command, values: Values) -> list[Request]:
    """chgrp, addgroup, delgroup."""
    targets.require_administrator(context, command.words)
    number, name = targets.one(context, "user", values["user"])
    group_id, group = targets.one(context, "group", values["group"])
    verb = command.words.partition(" ")[2]
    arguments = {"user_id": number, "group_id": group_id, "group": group}
    return [Request(f"user.{verb}", arguments, label=f"user {number} ({name})")]


def check_name(kind: str, name: str) -> str:
    """The name if a user or group may have it: what the operating system takes, and no number."""
    import re

    from vmconsole.errors import BadInput

    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.@-]{0,63}", name):
        raise BadInput(f"{name!r} cannot be the name of a {kind}", code="INPUT_NAME")
    return name
