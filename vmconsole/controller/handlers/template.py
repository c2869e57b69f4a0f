"""Registering, changing, copying and removing VM templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller.handlers import private_copies
from vmconsole.controller.registration import add_template
from vmconsole.errors import BadInput, NotFound
from vmconsole.templates import syntax
from vmconsole.templates.errors import BadInput as BadTemplate

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
        return {"template_id": add_template(store, name, body, user_id=job.user_id, now=int(around.clock()))}

    return effect


async def clone(job: Job, around: Surroundings) -> Effect:
    """Register a private copy of a template as it is now; with `images`, on persistent copies of its images."""
    number, name = int(job.arguments["template_id"]), str(job.arguments["name"])
    rows = around.store.query("SELECT body FROM template WHERE id = ?", (number,))
    if not rows:
        raise _missing(number)
    try:
        template = syntax.parse(rows[0][0])
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    images = bool(job.arguments.get("recursive"))
    return await private_copies.copied(job, around, template, name, images=images)


async def update(job: Job, around: Surroundings) -> Effect:
    """Replace the text of a template; VMs made from it are not touched."""
    number, body = int(job.arguments["template_id"]), str(job.arguments["body"])

    def effect(store: Store) -> None:
        if not store.execute(
            "UPDATE template SET body = ?, changed = ? WHERE id = ?", (body, store.next_change(), number)
        ):
            raise _missing(number)

    return effect


async def delete(job: Job, around: Surroundings) -> Effect:
    """Remove a template; VMs made from it are not touched."""
    number = int(job.arguments["template_id"])

    def effect(store: Store) -> None:
        if not store.execute("DELETE FROM template WHERE id = ?", (number,)):
            raise _missing(number)

    return effect


def _missing(number: int) -> NotFound:
    return NotFound(f"template {number} does not exist", code="NO_TEMPLATE", hint="vmconsole template list")
