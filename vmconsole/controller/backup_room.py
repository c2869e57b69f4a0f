"""How many backups schedules may begin: each is hard on its host's disks and on the datastore."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmconsole.config import Settings
    from vmconsole.store.session import Store


class BackupRoom:
    """Counts the backups of one moment, those included that are being begun within the same transaction.

    Args:
        settings: `backups_at_once` and `backups_per_host` say how many there may be.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._most, self._most_on_host = (int(settings.number(f"backups_{name}")) for name in ("at_once", "per_host"))
        rows = store.query(
            "SELECT vm.host_id FROM operation JOIN vm ON vm.id = operation.vm_id"
            " WHERE operation.state IN ('queued', 'running') AND operation.command = 'backup'"
        )
        self._on_host = Counter(row[0] for row in rows)

    def refusal(self, vm_id: int) -> str:
        """Why no further backup, of this VM, may begin now; empty when one may."""
        if self._on_host.total() >= self._most:
            return f"{self._on_host.total()} backups are under way"
        there = self._on_host[self._host(vm_id)]
        return f"{there} backups are under way on its host" if there >= self._most_on_host else ""

    def take(self, vm_id: int) -> None:
        """One of this VM begins."""
        self._on_host[self._host(vm_id)] += 1

    def _host(self, vm_id: int) -> int | None:
        host_id: int | None = self._store.query("SELECT host_id FROM vm WHERE id = ?", (vm_id,))[0][0]
        return host_id
