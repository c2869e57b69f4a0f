"""Who may do what to a VM: three rights for owner, group and others, and locks that stop even administrators."""

from __future__ import annotations

from enum import IntEnum


class Right(IntEnum):
    """A right, as its bit in one class of the mode."""

    USE = 4
    MANAGE = 2
    ADMIN = 1


class Lock(IntEnum):
    """What a lock refuses. NONE is a VM without a lock."""

    NONE = 0
    USE = 1
    MANAGE = 2
    ADMIN = 3
    ALL = 4


ADMINISTRATORS = 0
"""Number of the administrator and of the administrators' group."""

DEFAULT_UMASK = 0o177

_LOCKED: dict[Lock, frozenset[Right]] = {
    Lock.NONE: frozenset(),
    Lock.USE: frozenset(Right),
    Lock.MANAGE: frozenset({Right.MANAGE, Right.ADMIN}),
    Lock.ADMIN: frozenset({Right.ADMIN}),
    Lock.ALL: frozenset(Right),
}
_SHIFTS = {"u": 6, "g": 3, "o": 0}
_LETTERS = {"r": Right.USE, "w": Right.MANAGE, "x": Right.ADMIN}
_ADMIN_BITS = 0o111


class BadMode(ValueError):
    """A mode that is neither three octal digits nor symbolic."""


def default_mode(umask: int = DEFAULT_UMASK, *, administrator: bool = False) -> int:
    """Mode of a new VM: um- --- --- unless the umask says otherwise; owners get no ADMIN bit (ON-166)."""
    return (0o777 if administrator else 0o666) & ~umask


def mask_text(mode: int) -> str:
    """`0o640` as `um- u-- ---`: owner, group, others."""
    return " ".join(_class_text(mode >> shift & 0o7) for shift in _SHIFTS.values())


def _class_text(bits: int) -> str:
    return "".join(letter if bits & right else "-" for letter, right in zip("uma", Right, strict=True))


def parse_mode(text: str, current: int = 0) -> int:
    """The mode `text` asks for: `640`, or clauses like `u=rw,g+r,o=` applied to `current` (r use, w manage, x admin).

    Raises BadMode, naming what was not understood (ON-167).
    """
    if len(text) == 3 and all(digit in "01234567" for digit in text):
        return int(text, 8)
    for clause in text.split(","):
        current = _apply(clause.strip(), current)
    return current


def _apply(clause: str, mode: int) -> int:
    operator = next((character for character in clause if character in "=+-"), "")
    classes, _, letters = clause.partition(operator) if operator else ("", "", "")
    if not classes or not set(classes) <= set("ugoa") or not set(letters) <= set(_LETTERS):
        raise BadMode(f"{clause!r} is no mode: three octal digits, or clauses such as u=rw,g=r,o=")
    bits = sum(_LETTERS[letter] for letter in set(letters))
    for name in "ugo" if "a" in classes else classes:
        shift = _SHIFTS[name]
        if operator != "+":
            mode &= ~((0o7 if operator == "=" else bits) << shift)
        if operator != "-":
            mode |= bits << shift
    return mode


def right_to_chmod(old: int, new: int) -> Right:
    """MANAGE, but ADMIN as soon as any ADMIN bit changes."""
    return Right.ADMIN if (old ^ new) & _ADMIN_BITS else Right.MANAGE


def granted(
    right: Right,
    *,
    user: int,
    groups: frozenset[int],
    admin: bool,
    owner: int,
    group: int,
    mode: int,
    lock: Lock = Lock.NONE,
    rule: bool = False,
) -> bool:
    """Whether `user`, a member of `groups`, has `right` on a VM of `owner` and `group`.

    The classes add up: it is enough that one of others, owner or group grants it, or a `rule` of the administrators
    does (ON-170). Administrators always pass, except where a lock stops them too.
    """
    if locked(right, lock):
        return False
    if admin or rule or mode & right:
        return True
    return bool((user == owner and mode >> 6 & right) or (group in groups and mode >> 3 & right))


def locked(right: Right, lock: Lock) -> bool:
    """Whether a lock refuses actions that need `right`, to administrators as well."""
    return right in _LOCKED[lock]


def may_unlock(*, user: int, admin: bool, locked_by: int) -> bool:
    """A lock is taken off by who set it, or by an administrator."""
    return admin or user == locked_by


def is_administrator(user: int, groups: frozenset[int]) -> bool:
    return user == ADMINISTRATORS or ADMINISTRATORS in groups
