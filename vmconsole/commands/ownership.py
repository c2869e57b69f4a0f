"""What every object with an owner has in common: its name, its owner and group, its permission bits, its lock."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.targets import Owned
    from vmconsole.lifecycle.permissions import Right

_HERE = "vmconsole.commands.ownership"
LOCK_LEVELS = (
    Option("--use", "refuse everything but looking (the default)"),
    Option("--manage", "refuse managing and administration"),
    Option("--admin", "refuse administration"),
    Option("--all", "as --use"),
)
LOCKS = ("None", "Use", "Manage", "Admin", "All")
"""What a lock is called in `show`, by its number."""


def commands(kind: str, *, lockable: bool = True) -> tuple[Command, ...]:
    """The commands on name, owner, bits and lock of one kind of objects, which are the same for all kinds."""
    noun = Argument(kind, kind)
    found = (
        Command(f"{kind} rename", "give it another name", (noun, Argument("name", "text")), preparer=f"{_HERE}:rename"),
        Command(f"{kind} chmod", "change who may do what", (noun, Argument("mode", "text")), preparer=f"{_HERE}:chmod"),
        Command(
            f"{kind} chown",
            "give it to another owner",
            (noun, Argument("user", "user"), Argument("group", "group", optional=True)),
            preparer=f"{_HERE}:chown",
        ),
        Command(
            f"{kind} chgrp", "give it to another group", (noun, Argument("group", "group")), preparer=f"{_HERE}:chown"
        ),
    )
    if not lockable:
        return found
    return (
        *found,
        Command(
            f"{kind} lock", "protect it from what the lock refuses", (noun,), LOCK_LEVELS, preparer=f"{_HERE}:lock"
        ),
        Command(f"{kind} unlock", "take its lock off", (noun,), preparer=f"{_HERE}:unlock"),
    )


def rename(context: Context, command: Command, values: Values) -> list[Request]:
    """A new name, of the kind VMs may have too."""
    from vmconsole.lifecycle.permissions import Right

    target = _allowed(context, command, values, Right.MANAGE)
    return [_request(target, {"name": checked_name(values["name"])})]


def chmod(context: Context, command: Command, values: Values) -> list[Request]:
    """New permission bits; changing an ADMIN bit takes the ADMIN right (ON-167)."""
    from vmconsole.errors import BadInput
    from vmconsole.lifecycle import permissions

    target = _target(context, command, values)
    try:
        mode = permissions.parse_mode(values["mode"], target.mode)
    except permissions.BadMode as error:
        raise BadInput(str(error), code="INPUT_MODE") from error
    targets.require_right(context, permissions.right_to_chmod(target.mode, mode), target)
    return [_request(target, {"mode": mode})]


def chown(context: Context, command: Command, values: Values) -> list[Request]:
    """Another owner, another group, or both (ON-169)."""
    from vmconsole.lifecycle.permissions import Right

    target = _allowed(context, command, values, Right.ADMIN)
    columns = {
        f"{kind}_id": targets.one(context, kind, values[kind])[0] for kind in ("user", "group") if values.get(kind)
    }
    return [_request(target, columns)]


def lock(context: Context, command: Command, values: Values) -> list[Request]:
    """A lock of the strongest level that was named; an object that is locked may be locked otherwise."""
    from vmconsole.lifecycle.permissions import Lock, Right

    target = _target(context, command, values)
    targets.require_right(context, Right.MANAGE, target, lockable=False)
    columns = {
        "lock_level": int(Lock[lock_level(values).upper()]),
        "lock_user_id": context.user.id,
        "lock_time": int(context.clock()),
    }
    return [_request(target, columns)]


def unlock(context: Context, command: Command, values: Values) -> list[Request]:
    """Only who locked an object, or an administrator, unlocks it. Raises Denied."""
    from vmconsole.lifecycle.permissions import Right

    target = _target(context, command, values)
    targets.require_right(context, Right.MANAGE, target, lockable=False)
    require_key(context, target)
    return [_request(target, {"lock_level": 0, "lock_user_id": None, "lock_time": None})]


def require_key(context: Context, target: Owned | targets.Target) -> None:
    """Raise Denied if somebody else has locked the object and the user is no administrator."""
    from vmconsole.errors import Denied
    from vmconsole.lifecycle.permissions import may_unlock

    user, locked_by = context.user, target.locked_by
    if locked_by is not None and not may_unlock(user=user.id, admin=user.administrator, locked_by=locked_by):
        raise Denied(f"{target.label}: somebody else has locked it", code="PERM_LOCKED")


def lock_level(values: Values) -> str:
    """The strongest level among the switches; ``use`` if there is none."""
    return next((word for word in ("use", "all", "manage", "admin") if values.get(word)), "use")


def checked_name(name: str) -> str:
    """The name if an object may have it. Raises BadInput."""
    from vmconsole.errors import BadInput
    from vmconsole.templates.errors import NameRefused
    from vmconsole.templates.names import check_vm_name

    try:
        return check_vm_name(name)
    except NameRefused as error:
        raise BadInput(str(error), code="INPUT_NAME") from error


def _target(context: Context, command: Command, values: Values) -> Owned:
    kind = command.words.partition(" ")[0]
    return targets.owned(context, kind, values[kind])


def _allowed(context: Context, command: Command, values: Values, right: Right) -> Owned:
    target = _target(context, command, values)
    targets.require_right(context, right, target)
    return target


def _request(target: Owned, columns: dict[str, Any]) -> Request:
    return Request(f"{target.kind}.change", {f"{target.kind}_id": target.id, "columns": columns}, label=target.label)
