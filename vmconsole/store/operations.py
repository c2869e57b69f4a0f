"""The operations table as the faces use it: submit, look, cancel. The controller's side is `store.journal`."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from vmconsole.store.session import Store

ENDED = ("done", "failed", "unknown", "cancelled")

_FIELDS = (
    "id", "vm_id", "command", "arguments", "state", "step", "variant", "progress", "bytes_done", "bytes_total",
    "moving_since", "asked_by", "face", "error", "result", "note", "host_id", "attempt", "cancel_requested",
    "schedule_id", "parent_id", "user_id", "created", "started", "ended", "seq", "changed",
)  # fmt: skip
_SELECT = f"SELECT {', '.join(_FIELDS)} FROM operation"


def insert(
    store: Store,
    identity: str,
    command: str,
    arguments: dict[str, Any],
    *,
    user_id: int,
    asked_by: str,
    face: str,
    now: float,
    vm_id: int | None = None,
    vm_version: int | None = None,
    host_id: int | None = None,
    variant: str = "",
    schedule_id: int | None = None,
    parent_id: str | None = None,
) -> None:
    """Queue an operation; to be called within a write transaction.

    Args:
        identity: ULID made by the caller, so that after a lost connection it can be asked whether it was stored.
        now: Unix seconds.
        vm_version: version of the VM row the decision was based on.
        parent_id: the operation it follows from.
    """
    insert_all(
        store,
        [(identity, command, arguments, vm_id, vm_version, host_id, variant, schedule_id, user_id, asked_by)],
        face=face,
        now=now,
    )
    if parent_id is not None:
        store.execute("UPDATE operation SET parent_id = ? WHERE id = ?", (parent_id, identity))


def insert_all(store: Store, wanted: Sequence[tuple[Any, ...]], *, face: str, now: float) -> None:
    """Queue operations in their order, as `insert` does one; few statements however many they are.

    Args:
        wanted: of each its id, command, arguments, VM, version of the VM, host, variant, schedule, user and asked_by.
    """
    import json

    sequences, change = store.next_values("operation", len(wanted)), store.next_change()
    store.executemany(
        "INSERT INTO operation (id, command, arguments, vm_id, vm_version, host_id, variant, schedule_id, user_id,"
        " asked_by, seq, face, state, created, changed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?)",
        [
            (*row[:2], json.dumps(row[2]), *row[3:], sequence, face, now, change)
            for row, sequence in zip(wanted, sequences, strict=True)
        ],
    )
    store.executemany(
        "INSERT INTO operation_event (operation_id, seq, at, state) VALUES (?, 0, ?, 'queued')",
        [(row[0], now) for row in wanted],
    )


def get(store: Store, identity: str) -> dict[str, Any] | None:
    """One operation as its document, None when there is none of that id."""
    rows = store.query(f"{_SELECT} WHERE id = ?", (identity,))
    return _document(rows[0]) if rows else None


def matching(store: Store, prefix: str) -> list[str]:
    """Ids that begin with `prefix` or, for digits, end with them; for people who type a part of an id."""
    pattern = prefix.upper().replace("%", "").replace("_", "")
    rows = store.query("SELECT id FROM operation WHERE id LIKE ? OR id LIKE ?", (pattern + "%", "%" + pattern))
    return [row[0] for row in rows]


def recent(store: Store, *, vm_id: int | None = None, active: bool = False, limit: int = 1000) -> list[dict[str, Any]]:
    """Operations, newest first."""
    conditions, parameters = ["1 = 1"], []
    if vm_id is not None:
        conditions.append("vm_id = ?")
        parameters.append(vm_id)
    if active:
        conditions.append("state IN ('queued', 'running')")
    sql = f"{_SELECT} WHERE {' AND '.join(conditions)} ORDER BY seq DESC LIMIT {int(limit)}"
    return [_document(row) for row in store.query(sql, tuple(parameters))]


def changed_since(store: Store, change: int) -> list[dict[str, Any]]:
    """Operations written after `change`, oldest change first."""
    return [_document(row) for row in store.query(f"{_SELECT} WHERE changed > ? ORDER BY changed", (change,))]


def remaining(document: dict[str, Any], now: float) -> int | None:
    """Seconds until the step's bytes will have moved if they go on as they have; None when nobody can tell.

    Args:
        now: Unix seconds.
    """
    done, total, since = document["bytes_done"], document["bytes_total"], document["moving_since"]
    if document["state"] != "running" or not done or not total or since is None:
        return None
    left: float = max(0, total - done) * max(0.0, now - since) / done
    return round(left)


def events(store: Store, identity: str) -> list[dict[str, Any]]:
    """What happened to an operation, in order: at (Unix seconds), state, step, position and note of each event."""
    rows = store.query(
        "SELECT seq, at, state, step, position, note FROM operation_event WHERE operation_id = ? ORDER BY seq",
        (identity,),
    )
    names = ("seq", "at", "state", "step", "position", "note")
    return [dict(zip(names, row, strict=True)) for row in rows]


def states(store: Store, identities: Iterable[str]) -> dict[str, str]:
    """State of each operation by id; cheap enough to be asked every few milliseconds."""
    wanted = tuple(identities)
    marks = ", ".join("?" for _ in wanted)
    return dict(store.query(f"SELECT id, state FROM operation WHERE id IN ({marks})", wanted)) if wanted else {}


def unfinished(store: Store) -> bool:
    """Whether any operation waits or runs."""
    return bool(store.query("SELECT 1 FROM operation WHERE state IN ('queued', 'running') LIMIT 1"))


def request_cancel(store: Store, identity: str, now: float) -> bool:
    """Ask for an operation's cancellation; a queued one ends at once. False when it has already ended."""
    with store.write():
        change = store.next_change()
        ended = store.execute(
            "UPDATE operation SET state = 'cancelled', ended = ?, cancel_requested = 1, changed = ?"
            " WHERE id = ? AND state = 'queued'",
            (now, change, identity),
        )
        if ended:
            store.execute(
                "INSERT INTO operation_event (operation_id, seq, at, state, note)"
                " SELECT ?, COUNT(*), ?, 'cancelled', 'before it began' FROM operation_event WHERE operation_id = ?",
                (identity, now, identity),
            )
            return True
        return bool(
            store.execute(
                "UPDATE operation SET cancel_requested = 1, changed = ? WHERE id = ? AND state = 'running'",
                (change, identity),
            )
        )


def _document(row: tuple[Any, ...]) -> dict[str, Any]:
    import json

    document = dict(zip(_FIELDS, row, strict=True))
    document["vm"] = document.pop("vm_id")
    document["host"] = document.pop("host_id")
    for name in ("arguments", "result", "error"):
        if document[name] is not None:
            document[name] = json.loads(document[name])
    document["cancel_requested"] = bool(document["cancel_requested"])
    return document
