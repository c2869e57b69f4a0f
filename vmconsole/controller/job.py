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

    @property
    def subject(self) -> dict[str, Any]:
        """What the operation is about, such as a disk: the arguments that hold for a recovery in its place too."""
        return {name: value for name, value in self.arguments.items() if name != _SKIPPED}

    def skips(self, part: str) -> bool:
        """Whether somebody has done this part of a transfer by hand, and it is only looked for (ON-101)."""
        return part in self.arguments.get(_SKIPPED, ())


_SKIPPED = "skipped"
