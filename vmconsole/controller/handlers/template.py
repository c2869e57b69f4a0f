"""Registering and removing VM templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.errors import Conflict, NotFound
from vmconsole.lifecycle.permissions import default_mode

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def create(job: Job, around: Surroundings) -> Effect:
    """Register a template under its owner's name for it (ON-043)."""
    name, body = str(job.arguments["name"]), str(job.arguments["body"])

    def effect(store: Store) -> dict[str, Any]:
        if store.query("SELECT id FROM template WHERE user_id = ? AND name = ?", (job.user_id, name)):
            raise Conflict(f"there is a template {name!r} already", code="TEMPLATE_DUPLICATE")
        number = store.next_value("template")
        group_id = store.query("SELECT group_id FROM user_account WHERE id = ?", (job.user_id,))[0][0]
        store.execute(
            "INSERT INTO template (id, name, user_id, group_id, mode, registered, body, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number, name, job.user_id, group_id, default_mode(), int(around.clock()), body, store.next_change(),
            ),
        )  # fmt: skip
        return {"template_id": number}

    return effect


async def delete(job: Job, around: Surroundings) -> Effect:
    """Remove a template; VMs made from it are not touched."""
    number = int(job.arguments["template_id"])

    def effect(store: Store) -> None:
        if not store.execute("DELETE FROM template WHERE id = ?", (number,)):
            raise NotFound(f"template {number} does not exist", code="NO_TEMPLATE")

    return effect
