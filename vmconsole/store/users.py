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

    from vmconsole.store.session import Store


class User:
    """An account, as permissions need it. A plain class: dataclasses would cost the read path an import."""

    __slots__ = ("administrator", "asked_by", "group_id", "groups", "id", "name")

    def __init__(
        self, id: int, name: str, group_id: int, groups: frozenset[int], *, administrator: bool, asked_by: str
    ) -> None:
        self.id = id
        self.name = name
        self.group_id = group_id
        self.groups = groups
        self.administrator = administrator
        self.asked_by = asked_by
        """The name in an operation's record: the account's, and under sudo also who called it."""


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
        return User(NOBODY, name, USERS, frozenset({USERS}), administrator=False, asked_by=asked_by)
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


def _find(store: Store, name: str, asked_by: str) -> User | None:
    rows = store.query(
        "SELECT user_account.id, user_account.group_id, administrator, membership.group_id FROM user_account"
        " LEFT JOIN membership ON membership.user_id = user_account.id WHERE name = ?",
        (name,),
    )
    if not rows:
        return None
    identifier, group_id, administrator, _ = rows[0]
    groups = frozenset({group_id, *(row[3] for row in rows if row[3] is not None)})
    return User(identifier, name, group_id, groups, administrator=bool(administrator), asked_by=asked_by)


def _enrol(store: Store, name: str) -> None:
    try:
        with store.write():
            identifier = store.next_value("user_account")
            store.execute("INSERT INTO user_account (id, name, group_id) VALUES (?, ?, ?)", (identifier, name, USERS))
            store.execute("INSERT INTO membership (user_id, group_id) VALUES (?, ?)", (identifier, USERS))
    except Conflict:  # another process of this user was faster
        pass
