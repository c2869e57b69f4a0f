"""Who is at the keyboard, as the store knows them.

On SQLite these rights guard against mistakes between people who trust each other: whoever may write the file may
change everything in it.
"""

from __future__ import annotations

import os
import pwd

from vmconsole.errors import Conflict

ADMINISTRATORS = 0
USERS = 1
NOBODY = -1

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from vmconsole.lifecycle.permissions import Lock, Right
    from vmconsole.store.grants import Grants
    from vmconsole.store.session import Store


class User:
    """An account, as permissions need it. A plain class: dataclasses would cost the read path an import."""

    __slots__ = ("administrator", "asked_by", "grants", "group_id", "groups", "id", "name")

    def __init__(
        self,
        id: int,
        name: str,
        group_id: int,
        groups: frozenset[int],
        *,
        administrator: bool,
        asked_by: str,
        grants: Grants | None = None,
    ) -> None:
        self.id = id
        self.name = name
        self.group_id = group_id
        self.groups = groups
        self.administrator = administrator
        self.asked_by = asked_by
        """The name in an operation's record: the account's, and under sudo also who called it."""
        self.grants: Grants = grants or {}
        """What rules grant; nothing is asked of it for administrators."""

    def may(
        self, right: Right, kind: str, number: int, owner: int, group: int, mode: int, lock: Lock | None = None
    ) -> bool:
        """Whether this user has a right on an object: by its bits, by a rule, or as an administrator.

        This is the one place where rights are decided (ON-166 to ON-171).

        Args:
            kind, number: which object, for the rules: ``vm``, 7.
            owner, group, mode: whose it is, and its permission bits.
            lock: the lock on it, where one counts; it stops administrators too.
        """
        from vmconsole.lifecycle import permissions  # its enums cost the read path an import
        from vmconsole.store import grants

        return permissions.granted(
            right,
            user=self.id,
            groups=self.groups,
            admin=self.administrator,
            owner=owner,
            group=group,
            mode=mode,
            lock=permissions.Lock.NONE if lock is None else lock,
            rule=grants.granted(self.grants, right.name, kind, number, group),
        )

    def may_create(self, kind: str) -> bool:
        """Whether this user may make objects of a kind."""
        from vmconsole.store import grants

        return self.administrator or grants.granted(self.grants, "CREATE", kind)


def current_user(store: Store, environ: Mapping[str, str]) -> User:
    """The account of whoever runs this process, made at first sight as an ordinary member of the group `users`.

    The rights are those of the real user id: under sudo those of root, while `asked_by` tells who called. In a session
    that is read only an unknown user stays NOBODY, who owns nothing.

    Args:
        store: may be written unless it was opened for reading.
        environ: the environment; ``SUDO_USER`` is believed to root only.
    """
    name = login_name()
    caller = environ.get("SUDO_USER", "") if os.getuid() == 0 else ""
    asked_by = f"{caller} as {name}" if caller not in ("", name) else name
    user = _find(store, name, asked_by)
    if user is None and store.read_only:
        groups = frozenset({USERS})
        from vmconsole.store import grants

        given = grants.load(store, NOBODY, groups)
        return User(NOBODY, name, USERS, groups, administrator=False, asked_by=asked_by, grants=given)
    if user is None:
        _enrol(store, name)
        user = _find(store, name, asked_by)
        assert user is not None
    return user


def login_name() -> str:
    """The name of the real user id, or the id itself as text when the system has no name for it."""
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def account(store: Store, number: int, asked_by: str = "") -> User:
    """The account of this id, which exists; errors and records call it `asked_by`, or else by its name."""
    user = _read(store, "user_account.id = ?", number, asked_by)
    assert user is not None
    return user


def _find(store: Store, name: str, asked_by: str) -> User | None:
    return _read(store, "user_account.name = ?", name, asked_by)


def _read(store: Store, condition: str, value: object, asked_by: str) -> User | None:
    rows = store.query(
        "SELECT user_account.id, user_account.name, user_account.group_id, administrator, membership.group_id"
        f" FROM user_account LEFT JOIN membership ON membership.user_id = user_account.id WHERE {condition}",
        (value,),
    )
    if not rows:
        return None
    number, name, group_id, administrator, _ = rows[0]
    groups = frozenset({group_id, *(row[4] for row in rows if row[4] is not None)})
    user = User(number, name, group_id, groups, administrator=bool(administrator), asked_by=asked_by or name)
    if not user.administrator:
        from vmconsole.store import grants

        user.grants = grants.load(store, number, groups)
    return user


def _enrol(store: Store, name: str) -> None:
    try:
        with store.write():
            identifier = store.next_value("user_account")
            store.execute("INSERT INTO user_account (id, name, group_id) VALUES (?, ?, ?)", (identifier, name, USERS))
            store.execute("INSERT INTO membership (user_id, group_id) VALUES (?, ?)", (identifier, USERS))
    except Conflict:  # another process of this user was faster
        pass
