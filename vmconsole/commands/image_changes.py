"""Commands that change an image that is there, beyond what all objects with an owner have in common."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.ownership import checked_name
from vmconsole.commands.request import Request
from vmconsole.lifecycle.permissions import Right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values


def clone(context: Context, command: Command, values: Values) -> list[Request]:
    """A copy, which belongs to whoever makes it."""
    number = targets.usable(context, "image", values["image"])
    targets.require_creation(context, "image")
    name = checked_name(values["name"])
    return [Request("image.clone", {"source_id": number, "name": name}, label=f"image {name}")]


def switch(context: Context, command: Command, values: Values) -> list[Request]:
    """persistent, nonpersistent, enable, disable."""
    target = targets.owned(context, "image", values["image"])
    targets.require_right(context, Right.MANAGE, target)
    return [Request(command.words.replace(" ", "."), {"image_id": target.id}, label=target.label)]
