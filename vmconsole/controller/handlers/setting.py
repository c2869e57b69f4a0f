"""Changing a setting of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole import config

if TYPE_CHECKING:
    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def change(job: Job, around: Surroundings) -> Effect:
    """Store a setting; the controller takes it up at once."""
    name = str(job.arguments["name"])
    value = config.check(name, job.arguments["value"])

    def effect(store: Store) -> None:
        store.execute(
            "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (config.PREFIX + name, str(value)),
        )
        around.settings.put(name, value)

    return effect
