"""Refuses an operation that cannot be carried out, while nothing has changed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller import abilities, capacity, destination, strays
from vmconsole.controller.evidence import require_witness
from vmconsole.controller.handlers import HANDLERS, IN_PLACE
from vmconsole.controller.link import NotYet
from vmconsole.controller.steps import STEPS
from vmconsole.controller.whereabouts import link_for
from vmconsole.errors import Failed
from vmconsole.lifecycle.recovery import Option
from vmconsole.lifecycle.stages import chain_from, stage
from vmconsole.lifecycle.steps import Step

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.work import Surroundings
    from vmconsole.lifecycle.flows import Action, Flow


def allow(around: Surroundings, job: Job, asked: Action | None, flow: Flow | None) -> None:
    """Refuse what cannot be carried out, while nothing has changed yet."""
    if asked is None:
        _allow_handler(around, job)
        return
    if asked.recovery is not None:
        if asked.recovery is Option.FAILURE:
            require_witness(around, job)
        return
    assert flow is not None
    _check_host(around, job, asked, flow)
    if flow.first is None:
        _allow_in_place(around, job, asked)
        return
    passed = chain_from(flow.first, flow.variant)
    work = [(place, row.step) for place in passed if (row := stage(place, flow.variant)) is not None]
    needed = [step for _, step in work]
    if missing := [step for step in needed if step not in STEPS]:
        raise _not_there(asked.title, f"the step {missing[0].value}")
    if needed and needed != [Step.CLEANUP]:
        strays.refuse(around.store, job)
        if destination.needs_own_host(flow):
            link = link_for(around, job)
            link.require_up_or_refuse()
            assert link.info is not None
            abilities.require(around, job, asked.title, link.name, link.info, work)


def _allow_in_place(around: Surroundings, job: Job, asked: Action) -> None:
    if job.command not in IN_PLACE:
        raise _not_there(asked.title)
    if job.command in ("reboot", "reboot-hard"):
        link_for(around, job).require_up_or_refuse()


def _check_host(around: Surroundings, job: Job, asked: Action, flow: Flow) -> None:
    """Whether the host that the VM goes to, or grows on, can have it."""
    if asked.command in ("deploy", "migrate"):
        destination.check(around, job, flow)
    elif asked.command == "resize":
        capacity.require_growth(around, job)


WAITING_FOR_HOST = frozenset({"vm.cleanup", "vm.withdraw"})
"""What clears away on a host waits for it, however long it is silent."""


def _allow_handler(around: Surroundings, job: Job) -> None:
    """Also lets the clearing away of what a VM has left on a host wait for that host. Raises NotYet."""
    if job.command not in HANDLERS:
        raise _not_there(job.command)
    if job.command not in WAITING_FOR_HOST:
        return
    host_id = job.arguments.get("host_id")
    up = any(link.host_id == host_id and link.is_up for link in around.fleet)
    if not up and around.store.query("SELECT 1 FROM host WHERE id = ?", (host_id,)):
        raise NotYet(str(host_id))


def _not_there(title: str, what: str = "") -> Failed:
    reason = f": {what} is not there yet" if what else " is not there yet"
    return Failed(f"{title}{reason}; nothing was changed", code="NOT_IMPLEMENTED")
