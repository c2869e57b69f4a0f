"""An operation in the executor's hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmconsole.lifecycle.steps import Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from vmconsole.lifecycle.states import Position


@dataclass(slots=True)
class Job:
    """What a step or handler needs to know of the operation it works for."""

    id: str
    command: str
    arguments: dict[str, Any]
    user_id: int
    asked_by: str
    face: str
    vm_id: int | None
    host_id: int | None
    attempt: int
    variant: Variant
    position: Position | None
    """Where the VM is now; None for operations that are not about the state of a VM."""
    report: Callable[[int, int], None]
    """Progress: bytes done and bytes in all. May be called from any thread, as often as one likes."""
    step: str = ""
    """The last stage the operation has entered, as the journal has it; empty before the first."""
    cancelled: bool = False
    """Somebody does not want it any more; a step that waits stops waiting."""
    superseded: str = ""
    """The operation in flight that this one takes the place of."""

    @property
    def again(self) -> bool:
        """Whether an earlier controller began this; what it did must be looked for first."""
        return self.attempt > 1
