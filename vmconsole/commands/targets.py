"""From what people type to the objects they mean: ids, names, lists of VMs; and whether they may."""

from __future__ import annotations

from vmconsole.errors import BadInput, Conflict, Denied, NotFound
from vmconsole.store.conditions import ALIVE
from vmconsole.store.users import NOBODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.lifecycle.permissions import Right
    from vmconsole.lifecycle.states import Position

_TABLES = {
    "host": "host",
    "template": "template",
    "image": "image",
    "datastore": "datastore",
    "network": "network",
    "cluster": "cluster",
    "zone": "zone",
    "user": "user_account",
    "group": "user_group",
}
OWNED = frozenset({"template", "image"})
"""Kinds whose names are unique for each owner only; a user's own object comes first."""
_LOCKABLE = frozenset({"template", "image", "network"})


class Target:
    """A VM that a command is about, as it was when the command was checked."""

    __slots__ = ("id", "lcm", "lock", "locked_by", "mode", "name", "owner", "owning_group", "paused", "state")
    kind = "vm"

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

    def at(self, position: Position) -> Target:
        """The same VM as it is going to be, at this position."""
        state, lcm = position.numbers
        owned = self.owner, self.owning_group, self.mode
        return Target(self.id, self.name, state, lcm, *owned, self.lock, self.locked_by, 0)


class Owned:
    """Another object with an owner and permission bits, as it was when the command was checked."""

    __slots__ = ("id", "kind", "lock", "locked_by", "mode", "name", "owner", "owning_group")

    def __init__(
        self,
        kind: str,
        id: int,
        name: str,
        owner: int,
        owning_group: int,
        mode: int,
        lock: int = 0,
        locked_by: int | None = None,
    ) -> None:
        self.kind = kind
        self.id = id
        self.name = name
        self.owner = owner
        self.owning_group = owning_group
        self.mode = mode
        self.lock = lock
        self.locked_by = locked_by

    @property
    def label(self) -> str:
        return f"{self.kind} {self.id} ({self.name})"


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
    rows = context.session.query(f"{_TARGET} WHERE name = ? AND {ALIVE} ORDER BY id", (item,))
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


def owned(context: Context, kind: str, word: str) -> Owned:
    """One template, image, network or datastore. Raises as `one` does."""
    lock = ", lock_level, lock_user_id" if kind in _LOCKABLE else ""
    return Owned(kind, *one(context, kind, word, f"id, name, user_id, group_id, mode{lock}"))


def require_right(context: Context, right: Right, target: Target | Owned, *, lockable: bool = True) -> None:
    """Raise Denied if the user lacks a right on an object, or a lock refuses it.

    Args:
        lockable: whether a lock counts; looking is never locked, nor is unlocking.
    """
    from vmconsole.lifecycle import permissions

    if lockable and permissions.locked(right, permissions.Lock(target.lock)):
        raise Denied(
            f"{target.label} is locked", code="PERM_LOCKED", hint="its owner or an administrator can unlock it"
        )
    if not has_right(context, right, target.kind, target.id, target.owner, target.owning_group, target.mode):
        raise _lacking(context, right.name, target.label)


def has_right(context: Context, right: Right, kind: str, number: int, owner: int, group: int, mode: int) -> bool:
    """Whether the user has a right on an object of this owner and group with these permission bits; as `User.may`."""
    return context.user.may(right, kind, number, owner, group, mode)


def usable(context: Context, kind: str, word: str) -> int:
    """Id of an owned object, such as an image, that the user may use. Raises NotFound and Denied."""
    return _required(context, kind, word, lockable=True)


def visible(context: Context, kind: str, word: str) -> int:
    """Id of an owned object that the user may look at, locked or not. Raises NotFound and Denied."""
    return _required(context, kind, word, lockable=False)


def _required(context: Context, kind: str, word: str, *, lockable: bool) -> int:
    from vmconsole.lifecycle.permissions import Right

    target = owned(context, kind, word)
    require_right(context, Right.USE, target, lockable=lockable)
    return target.id


def permitted(context: Context, kind: str, word: str, right: Right) -> tuple[int, str]:
    """Id and name of a host or cluster on which the user has a right: they have no bits, only rules grant it (ON-170).

    Raises:
        NotFound: there is none. Denied: the right is lacking.
    """
    number, name = one(context, kind, word)
    if not has_right(context, right, kind, number, NOBODY, NOBODY, 0):
        raise _lacking(context, right.name, f"{kind} {number} ({name})")
    return number, name


def administered(context: Context, kind: str, word: str) -> tuple[int, str]:
    """Id and name of a host or cluster that the user may administer; as `permitted`."""
    from vmconsole.lifecycle.permissions import Right

    return permitted(context, kind, word, Right.ADMIN)


def require_creation(context: Context, kind: str) -> None:
    """Raise Denied unless the user may make objects of a kind."""
    if not context.user.may_create(kind):
        raise Denied(f"user {context.user.name} may create no {kind}", code="PERM_CREATE", hint="vmconsole acl list")


def require_administrator(context: Context, what: str) -> None:
    """Raise Denied unless the user is an administrator."""
    if not context.user.administrator:
        raise Denied(f"{what} is for administrators, and user {context.user.name} is none", code="PERM_ADMIN")


def _lacking(context: Context, right: str, label: str) -> Denied:
    return Denied(f"user {context.user.name} lacks {right} on {label}", code=f"PERM_{right}")
