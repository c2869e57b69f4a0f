"""Keeps the pane on the VM under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from vmconsole.console.fleet import FleetModel
from vmconsole.store.detail import Detail, read_detail

if TYPE_CHECKING:
    from vmconsole.console.names import Ask
    from vmconsole.store.feed import FleetRow


class Follower:
    """Has the details of the VM under the cursor read, and shows what comes in time.

    Args:
        ask: has something read from the store, see `reader.Reader.ask`.
        show: shows the details; None when there is no VM.
    """

    def __init__(self, model: FleetModel, ask: Ask, show: Callable[[Detail | None], None]) -> None:
        self._model = model
        self._ask = ask
        self._show = show
        self._looked_at: int | None = None

    @property
    def is_behind(self) -> bool:
        """Whether the cursor is on another VM than the one looked at last."""
        return self._model.cursor != self._looked_at

    def concerned(self, vms: Sequence[FleetRow], operations: Sequence[dict[str, Any]]) -> bool:
        """Whether what changed is, or is done to, the VM looked at last."""
        number = self._looked_at
        if number is None:
            return False
        return any(row.id == number for row in vms) or any(job["vm"] == number for job in operations)

    def look(self) -> None:
        """Read the VM under the cursor anew."""
        number = self._looked_at = self._model.cursor
        if number is None:
            self._show(None)
        else:
            self._ask(lambda session, user: read_detail(session, user, number), self._looked)

    def _looked(self, detail: Detail | None) -> None:
        if detail is None or detail.document["id"] == self._model.cursor:  # else the cursor has gone on
            self._show(detail)
