"""Commands that change an image that is there."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput
from vmconsole.lifecycle import permissions
from vmconsole.lifecycle.permissions import Right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values


def clone(context: Context, command: Command, values: Values) -> list[Request]:
    """A copy, which belongs to whoever makes it."""
    number = targets.usable(context, "image", values["image"])
    name = _checked(values["name"])
    return [Request("image.clone", {"source_id": number, "name": name}, label=f"image {name}")]


def rename(context: Context, command: Command, values: Values) -> list[Request]:
    """A new name, of the kind images may have."""
    return [_request(context, values, Right.MANAGE, "image.change", columns={"name": _checked(values["name"])})]


def chmod(context: Context, command: Command, values: Values) -> list[Request]:
    """New permissions; changing an ADMIN bit takes the ADMIN right."""
    *_, mode = targets.one(context, "image", values["image"], targets.OWNED_COLUMNS)
    try:
        wanted = permissions.parse_mode(values["mode"], mode)
    except permissions.BadMode as error:
        raise BadInput(str(error), code="INPUT_MODE") from error
    right = permissions.right_to_chmod(mode, wanted)
    return [_request(context, values, right, "image.change", columns={"mode": wanted})]


def chown(context: Context, command: Command, values: Values) -> list[Request]:
    """Another owner, another group, or both."""
    columns = {
        f"{kind}_id": targets.one(context, kind, values[kind])[0] for kind in ("user", "group") if values.get(kind)
    }
    return [_request(context, values, Right.ADMIN, "image.change", columns=columns)]


def switch(context: Context, command: Command, values: Values) -> list[Request]:
    """persistent, nonpersistent, enable, disable."""
    return [_request(context, values, Right.MANAGE, command.words.replace(" ", "."))]


def _request(context: Context, values: Values, right: Right, operation: str, **arguments: Any) -> Request:
    """The operation on the image that is named, if the user has the right on it."""
    number, name, owner, group, mode = targets.one(context, "image", values["image"], targets.OWNED_COLUMNS)
    label = f"image {number} ({name})"
    targets.require_right(context, right, label=label, owner=owner, group=group, mode=mode)
    return Request(operation, {"image_id": number, **arguments}, label=label)


def _checked(name: str) -> str:
    from vmconsole.templates.errors import NameRefused
    from vmconsole.templates.names import check_vm_name

    try:
        return check_vm_name(name)
    except NameRefused as error:
        raise BadInput(str(error), code="INPUT_NAME") from error
