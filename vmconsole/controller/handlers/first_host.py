"""The host of a new store: the hypervisor of this machine, or the demo fleet where there is none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from backends.base import BackendError
from vmconsole.controller.handlers.host import Newcomer, keep, meet
from vmconsole.errors import Conflict
from vmconsole.resources import data_path

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store

NOTICE = "notice"
"""Key of the table `meta`: what the console tells the user about the choice."""
ADD_ANOTHER = "add hosts with: host create qemu+ssh://USER@HOST/system --name NAME"
DEMO = ("berlin", "amsterdam", "zurich")
TIMEOUT = 5.0
"""Seconds a local hypervisor may take to answer."""


async def take(job: Job, around: Surroundings) -> Effect:
    """Keep the first hypervisor that answers: the system's, the user's own, else the demo fleet.

    Args of the operation: ``demo``, true to take the demo fleet whatever answers.

    Raises:
        Conflict: the store has hosts already.
    """
    if around.store.query("SELECT 1 FROM host LIMIT 1"):
        raise Conflict("the store has hosts already", code="HOST_DUPLICATE")
    local = [] if job.arguments.get("demo") else ["qemu:///system", *(["qemu:///session"] if os.getuid() else [])]
    for uri in local:
        try:
            newcomer = await meet(job, around, "local", uri, TIMEOUT)
        except BackendError:
            continue
        return _keeping(job, around, [newcomer], f"this machine's hypervisor ({uri}) was taken; {ADD_ANOTHER}")
    fleet = [await meet(job, around, name, f"test://{data_path('demo', f'{name}.xml')}", TIMEOUT) for name in DEMO]
    found = "the demo fleet, simulated" if local else "the demo fleet in a throw-away store"
    return _keeping(job, around, fleet, f"{found}: nothing here is real; {ADD_ANOTHER}")


def _keeping(job: Job, around: Surroundings, newcomers: list[Newcomer], notice: str) -> Effect:
    def effect(store: Store) -> dict[str, Any]:
        kept = [keep(store, job, around, newcomer, import_all=len(newcomers) > 1) for newcomer in newcomers]
        store.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (NOTICE, notice),
        )
        wild = sum(one["wild"] for one in kept)
        return {"host_ids": [one["host_id"] for one in kept], "notice": notice, "wild": wild}

    return effect
