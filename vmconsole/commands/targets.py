"""From what people type to the objects they mean: ids, names, lists of VMs; and whether they may."""

from __future__ import annotations

from vmconsole.errors import BadInput, Conflict, Denied, NotFound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.lifecycle.permissions import Right

_TABLES = {
    "host": "host",
    "template": "template",
    "image": "image",
    "datastore": "datastore",
    "network": "network",
    "cluster": "cluster",
    "user": "user_account",
    "group": "user_group",
}
OWNED_COLUMNS = "id, name, user_id, group_id, mode"
OWNED = frozenset({"template", "image"})
"""Kinds whose names are unique for each owner only; a user's own object comes first."""


class Target:
    """A VM that a command is about, as it was when the command was checked."""

    __slots__ = ("id", "lcm", "lock", "locked_by", "mode", "name", "owner", "owning_group", "paused", "state")

    def __init__(
        self,
        id: int,
        name: str,
        state: int,
        lcm: int,
        owner: int,
        owning_group: int,
        mode: int,
        lock: int,
        locked_by: int | None,
        paused: int,
    ) -> None:
        self.id = id
        self.name = name
        self.state = state
        self.lcm = lcm
        self.owner = owner
        self.owning_group = owning_group
        self.mode = mode
        self.lock = lock
        self.locked_by = locked_by
        self.paused = bool(paused)

    @property
    def label(self) -> str:
        return f"VM {self.id} ({self.name})"


_TARGET = "SELECT id, name, state, lcm_state, user_id, group_id, mode, lock_level, lock_user_id, paused FROM vm"
_LONGEST_ID = 18
"""Digits of a number that certainly fits where ids are kept."""


def vms(context: Context, words: Iterable[str] | str) -> list[Target]:
    """The VMs of a list such as ``1,3,8..15`` or ``web1,7,db``.

    Raises:
        NotFound: a name or id does not exist; nothing has been done yet.
        Conflict: a name belongs to several VMs.
        BadInput: the list is malformed.
    """
    from vmconsole.templates.errors import TargetError
    from vmconsole.templates.names import parse_vm_list

    text = words if isinstance(words, str) else ",".join(words)
    try:
        wanted = parse_vm_list(text)
    except TargetError as error:
        raise BadInput(str(error), code="INPUT_TARGETS") from error
    return [_vm(context, item) for item in wanted]


def vm(context: Context, word: str) -> Target:
    """One VM by id or name. Raises as `vms` does."""
    found = vms(context, word)
    if len(found) != 1:
        raise BadInput(f"one VM is wanted, {word!r} names {len(found)}", code="INPUT_TARGETS")
    return found[0]


def _vm(context: Context, item: int | str) -> Target:
    if isinstance(item, int):
        rows = context.session.query(f"{_TARGET} WHERE id = ?", (item,))
        if not rows:
            raise NotFound(f"VM {item} does not exist", code="NO_VM", hint="vmconsole list")
        return Target(*rows[0])
    rows = context.session.query(f"{_TARGET} WHERE name = ? AND state <> 6 ORDER BY id", (item,))
    if not rows:
        raise NotFound(f"VM named {item!r} not found", code="NO_VM", hint="vmconsole list")
    if len(rows) > 1:
        ids = ", ".join(str(row[0]) for row in rows[:8])
        raise Conflict(f"{len(rows)} VMs are named {item!r}", code="NAME_AMBIGUOUS", hint=f"use the id: {ids}")
    return Target(*rows[0])


def one(context: Context, kind: str, word: str, columns: str = "id, name") -> tuple[Any, ...]:
    """One object of another kind, by id or name; the chosen columns of it.

    Raises:
        NotFound: there is none.
    """
    table = _TABLES[kind]
    if word.isascii() and word.isdigit() and len(word) <= _LONGEST_ID:
        rows = context.session.query(f"SELECT {columns} FROM {table} WHERE id = ?", (int(word),))
        if rows:
            return rows[0]
    order = f" ORDER BY CASE WHEN user_id = {int(context.user.id)} THEN 0 ELSE 1 END, id" if kind in OWNED else ""
    rows = context.session.query(f"SELECT {columns} FROM {table} WHERE name = ?{order}", (word,))
    if not rows:
        raise NotFound(f"{kind} {word!r} does not exist", code=f"NO_{kind.upper()}", hint=f"vmconsole {kind} list")
    return rows[0]


def require_right(
    context: Context, right: Right, *, label: str, owner: int, group: int, mode: int, lock: int = 0
) -> None:
    """Raise Denied if the user lacks a right on an object, or a lock refuses it."""
    from vmconsole.lifecycle import permissions

    if permissions.locked(right, permissions.Lock(lock)):
        raise Denied(f"{label} is locked", code="PERM_LOCKED", hint="its owner or an administrator can unlock it")
    if not has_right(context, right, owner, group, mode):
        raise Denied(f"user {context.user.name} lacks {right.name} on {label}", code=f"PERM_{right.name}")


def has_right(context: Context, right: Right, owner: int, group: int, mode: int) -> bool:
    """Whether the user has a right on an object of this owner and group with these permission bits."""
    from vmconsole.lifecycle import permissions

    user = context.user
    return permissions.granted(
        right, user=user.id, groups=user.groups, admin=user.administrator, owner=owner, group=group, mode=mode
    )


def usable(context: Context, kind: str, word: str) -> int:
    """Id of an owned object, such as a template, that the user may use. Raises NotFound and Denied."""
    from vmconsole.lifecycle.permissions import Right

    number, name, owner, group, mode = one(context, kind, word, OWNED_COLUMNS)
    require_right(context, Right.USE, label=f"{kind} {number} ({name})", owner=owner, group=group, mode=mode)
    return int(number)


def require_administrator(context: Context, what: str) -> None:
    """Raise Denied unless the user is an administrator."""
    if not context.user.administrator:
        raise Denied(f"{what} is for administrators, and user {context.user.name} is none", code="PERM_ADMIN")
