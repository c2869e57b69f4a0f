"""What steps and handlers are given to work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from backends.base import Host
    from vmconsole.config import Settings
    from vmconsole.controller.fleet import Fleet
    from vmconsole.controller.job import Job
    from vmconsole.controller.journal import Journal
    from vmconsole.controller.vm_record import VmRecord
    from vmconsole.store.session import Store


@dataclass(slots=True)
class Surroundings:
    """What the whole controller shares. The store is read freely; it is written through the journal only."""

    store: Store
    journal: Journal
    fleet: Fleet
    settings: Settings
    clock: Callable[[], float]
    instance: str
    """UUID of the store; marks the domains that are ours."""
    run_dir: str


@dataclass(slots=True)
class Work:
    """One step on one VM: whom for, on what, and on which host."""

    job: Job
    vm: VmRecord
    host: Host
    host_id: int
    around: Surroundings
