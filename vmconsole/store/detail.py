"""One VM with everything around it, for the panes beside the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from vmconsole.store import firings, operations, vm_reading

if TYPE_CHECKING:
    from vmconsole.store.session import Store
    from vmconsole.store.users import User


class Detail(NamedTuple):
    """One VM with everything around it, as the panes beside the list show it."""

    document: dict[str, Any]
    operations: list[dict[str, Any]]
    """Newest first."""
    samples: list[tuple[int, float | None, int | None, int | None, int | None]]
    """at (Unix seconds), CPU percent, memory KiB, bytes received and sent so far; oldest first."""
    results: dict[tuple[int, int], tuple[int, str, str]] = {}
    """What became of its schedules the last time, see `firings.last_results`."""


_OPERATIONS_SHOWN = 50
_SAMPLES_SHOWN = 720


def read_detail(store: Store, user: User, vm_id: int) -> Detail | None:
    """All about one VM; None when there is no such VM for `user`."""
    documents = vm_reading.documents(store, user, [vm_id])
    if not documents:
        return None
    samples = store.query(
        "SELECT at, cpu_percent, memory_kib, net_rx_bytes, net_tx_bytes FROM sample WHERE kind = 'vm' AND id = ?"
        f" ORDER BY at DESC LIMIT {_SAMPLES_SHOWN}",
        (vm_id,),
    )
    return Detail(
        documents[0],
        operations.recent(store, vm_id=vm_id, limit=_OPERATIONS_SHOWN),
        [(row[0], row[1], row[2], row[3], row[4]) for row in reversed(samples)],
        firings.last_results(store, [vm_id]),
    )
