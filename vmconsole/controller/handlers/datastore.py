"""Datastores: folders of the hosts with a libvirt pool on each. The pool is made when the first volume goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller.handlers.cluster import DEFAULT
from vmconsole.errors import Conflict
from vmconsole.lifecycle.trees import KEEPINGS
from vmconsole.store.conditions import ALIVE
from vmconsole.store.first_rows import ALL_MAY_USE

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

KEPT = 2
"""The last of the datastores that every store has."""

_VMS = f"""
    SELECT COUNT(*) FROM vm WHERE {ALIVE} AND (datastore_id = ? OR target_datastore_id = ?
        OR checkpoint_datastore_id = ? OR EXISTS (SELECT 1 FROM disk WHERE vm_id = vm.id AND datastore_id = ?))
"""
_USED = (
    ("image", "SELECT COUNT(*) FROM image WHERE datastore_id = ?"),
    ("VM", _VMS),
    ("backup", "SELECT COUNT(*) FROM backup WHERE datastore_id = ?"),
)


async def create(job: Job, around: Surroundings) -> Effect:
    """Register a folder: of each host for itself or, shared, the same on all of them."""
    name, kind, directory = (str(job.arguments[key]) for key in ("name", "type", "directory"))
    shared = int(bool(job.arguments.get("shared")))

    def effect(store: Store) -> dict[str, Any]:
        for number, taken in store.query(
            "SELECT id, name FROM datastore WHERE name = ? OR directory = ?", (name, directory)
        ):
            what = f"named {name!r}" if taken == name else f"({taken}) in that folder"
            raise Conflict(
                f"there is a datastore {what} already", code="DATASTORE_DUPLICATE",
                hint=f"vmconsole datastore show {number}",
            )  # fmt: skip
        number = store.next_value("datastore")
        group_id = store.query("SELECT group_id FROM user_account WHERE id = ?", (job.user_id,))[0][0]
        store.execute(
            "INSERT INTO datastore (id, name, type, pool, directory, shared, user_id, group_id, mode)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (number, name, kind, f"vmconsole-{number}", directory, shared, job.user_id, group_id, ALL_MAY_USE),
        )
        store.execute("INSERT INTO cluster_datastore (cluster_id, datastore_id) VALUES (?, ?)", (DEFAULT, number))
        return {"datastore_id": number}

    return effect


async def keep_snapshots(job: Job, around: Surroundings) -> Effect:
    """How the disks in it keep their snapshots from now on; those that are there stay what they are (ON-119)."""
    number, keeping = int(job.arguments["datastore_id"]), str(job.arguments["keeping"])
    assert keeping in KEEPINGS

    def effect(store: Store) -> None:
        store.execute("UPDATE datastore SET snapshots = ? WHERE id = ?", (keeping, number))

    return effect


async def delete(job: Job, around: Surroundings) -> Effect:
    """Forget a datastore that nothing is in. Folders and pools on hosts stay."""
    number = int(job.arguments["datastore_id"])

    def effect(store: Store) -> None:
        if number <= KEPT:
            raise Conflict(f"datastore {number} belongs to every store", code="DATASTORE_KEPT")
        for what, sql in _USED:
            count = store.query(sql, (number,) * sql.count("?"))[0][0]
            if count:
                many = f"{count} {what}{'s' * (count > 1)}"
                raise Conflict(f"datastore {number} is used by {many}", code="DATASTORE_USED")
        store.execute("UPDATE disk SET datastore_id = NULL WHERE datastore_id = ?", (number,))
        for column in ("target_datastore_id", "checkpoint_datastore_id"):
            store.execute(f"UPDATE vm SET {column} = NULL WHERE {column} = ?", (number,))
        store.execute("UPDATE vm SET datastore_id = 0 WHERE datastore_id = ?", (number,))
        store.execute("DELETE FROM cluster_datastore WHERE datastore_id = ?", (number,))
        store.execute("DELETE FROM datastore_space WHERE datastore_id = ?", (number,))
        store.execute("DELETE FROM datastore WHERE id = ?", (number,))

    return effect
