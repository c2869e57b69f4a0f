"""History records: one for each stay on a host, opened and closed as the life-cycle passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.flows import Record
from vmconsole.lifecycle.history import NONE, clock

if TYPE_CHECKING:
    from vmconsole.lifecycle.states import Position
    from vmconsole.store.session import Store

_ENDING = frozenset({at.STOPPED, at.UNDEPLOYED, at.SUSPENDED, at.POWEROFF, at.DONE, at.PENDING})
_LAST = "seq = (SELECT MAX(seq) FROM history WHERE vm_id = ?)"


def last(store: Store, vm_id: int) -> tuple[str, int | None]:
    """Action and host id of the VM's last record; ("", None) when it has none."""
    rows = store.query(f"SELECT action, host_id FROM history WHERE vm_id = ? AND {_LAST}", (vm_id, vm_id))
    return (rows[0][0], rows[0][1]) if rows else ("", None)


def last_host_with(store: Store, vm_id: int, action: str) -> int | None:
    """Id of the host of the VM's newest record that is marked with an action; None when there is none."""
    rows = store.query(
        "SELECT host_id FROM history WHERE vm_id = ? AND action = ? ORDER BY seq DESC LIMIT 1", (vm_id, action)
    )
    return rows[0][0] if rows else None


def note(store: Store, vm_id: int, record: Record, action: str, operation_id: str, now: int) -> None:
    """Mark the last record with an action, or close it and open the next one where the VM is going."""
    if record is Record.NONE:
        return
    if record is Record.NOTE:
        store.execute(
            f"UPDATE history SET action = ?, operation_id = ? WHERE vm_id = ? AND {_LAST}",
            (action, operation_id, vm_id, vm_id),
        )
        return
    close(store, vm_id, now)
    store.execute(
        "INSERT INTO history (vm_id, seq, host_id, host_name, cluster_id, datastore_id, action, user_id, group_id,"
        " operation_id, start_time)"
        " SELECT vm.id, (SELECT COALESCE(MAX(seq) + 1, 0) FROM history WHERE vm_id = vm.id), host.id, host.name,"
        " host.cluster_id, COALESCE(vm.target_datastore_id, vm.datastore_id), ?, vm.user_id, vm.group_id, ?, ? FROM vm"
        " JOIN host ON host.id = COALESCE(vm.target_host_id, vm.host_id)"
        " WHERE vm.id = ?",
        (action, operation_id, now, vm_id),
    )


def forget_action(store: Store, vm_id: int) -> None:
    """A graceful operation failed: the record says nothing of it any more."""
    store.execute(f"UPDATE history SET action = ? WHERE vm_id = ? AND {_LAST}", (NONE, vm_id, vm_id))


def roll_back(store: Store, vm_id: int, now: int) -> None:
    """A move failed: close its record and go on with a copy of the one before."""
    close(store, vm_id, now)
    store.execute(
        "INSERT INTO history (vm_id, seq, host_id, host_name, cluster_id, datastore_id, user_id, group_id, start_time)"
        " SELECT vm_id, seq + 2, host_id, host_name, cluster_id, datastore_id, user_id, group_id, ? FROM history"
        " WHERE vm_id = ? AND seq = (SELECT MAX(seq) - 1 FROM history WHERE vm_id = ?)",
        (now, vm_id, vm_id),
    )


def close(store: Store, vm_id: int, now: int) -> None:
    """Give the last record its end, if it has none."""
    store.execute(
        f"UPDATE history SET end_time = ? WHERE vm_id = ? AND end_time IS NULL AND {_LAST}", (now, vm_id, vm_id)
    )


def pass_over(store: Store, vm_id: int, before: Position, after: Position, now: int) -> None:
    """Stop and start the last record's clocks as going from one position to the next means, and close it at rest."""
    stops, starts = clock(before), clock(after)
    if stops is not starts:
        columns = [f"{stops}_end"] * (stops is not None) + [f"{starts}_start"] * (starts is not None)
        for column in columns:
            store.execute(
                f"UPDATE history SET {column} = ? WHERE vm_id = ? AND {column} IS NULL AND {_LAST}",
                (now, vm_id, vm_id),
            )
    if after in _ENDING:
        close(store, vm_id, now)
