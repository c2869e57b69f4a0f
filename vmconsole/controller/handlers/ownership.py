"""Name, owner, group, permission bits and lock of an object that is no VM."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.errors import Conflict, NotFound

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

_COLUMNS = frozenset(("name", "mode", "user_id", "group_id", "lock_level", "lock_user_id", "lock_time"))
_NAMED_BY_OWNER = {"template": True, "image": True, "network": False, "datastore": False}
"""The kinds, and whether two owners may each have an object of the same name."""


async def change(job: Job, around: Surroundings) -> Effect:
    """Write columns of the object the operation names, as in ``network.change``.

    Raises:
        NotFound: it is gone. Conflict: its name is another one's.
    """
    kind = job.command.partition(".")[0]
    number = int(job.arguments[f"{kind}_id"])
    columns: dict[str, Any] = job.arguments["columns"]
    assert kind in _NAMED_BY_OWNER
    assert columns.keys() <= _COLUMNS

    def effect(store: Store) -> None:
        _check_name(store, kind, number, columns)
        assignments = ", ".join(f"{column} = ?" for column in columns)
        store.execute(f"UPDATE {kind} SET {assignments} WHERE id = ?", (*columns.values(), number))
        if kind != "datastore":
            store.execute(f"UPDATE {kind} SET changed = ? WHERE id = ?", (store.next_change(), number))

    return effect


def _check_name(store: Store, kind: str, number: int, columns: dict[str, Any]) -> None:
    rows = store.query(f"SELECT name, user_id FROM {kind} WHERE id = ?", (number,))
    if not rows:
        raise NotFound(f"{kind} {number} does not exist", code=f"NO_{kind.upper()}", hint=f"vmconsole {kind} list")
    name, owner = columns.get("name", rows[0][0]), columns.get("user_id", rows[0][1])
    found = store.query(f"SELECT user_id FROM {kind} WHERE name = ? AND id <> ?", (name, number))
    if not _NAMED_BY_OWNER[kind] and found:
        raise Conflict(f"there is a {kind} {name!r} already", code=f"{kind.upper()}_DUPLICATE")
    if (owner,) in found:
        raise Conflict(f"its owner has a {kind} {name!r} already", code=f"{kind.upper()}_DUPLICATE")
