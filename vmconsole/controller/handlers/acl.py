"""Access rules: written for everybody to read, so that the next check of a right knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.errors import BadInput, Conflict, NotFound
from vmconsole.lifecycle.rules import BadRule, parse

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def create(job: Job, around: Surroundings) -> Effect:
    """Keep a rule that is not there yet (ON-170)."""
    try:
        rule = parse(str(job.arguments["rule"]))
    except BadRule as error:
        raise BadInput(str(error), code="INPUT_RULE") from error

    def effect(store: Store) -> dict[str, Any]:
        rows = store.query(
            "SELECT id FROM access_rule WHERE who = ? AND kinds = ? AND objects = ? AND rights = ?", tuple(rule)
        )
        if rows:
            raise Conflict(f"that is rule {rows[0][0]} already", code="RULE_DUPLICATE")
        number = store.next_value("access_rule")
        store.execute(
            "INSERT INTO access_rule (id, who, kinds, objects, rights) VALUES (?, ?, ?, ?, ?)", (number, *rule)
        )
        return {"rule_id": number}

    return effect


async def delete(job: Job, around: Surroundings) -> Effect:
    """Take a rule back."""
    number = int(job.arguments["rule_id"])

    def effect(store: Store) -> None:
        if not store.execute("DELETE FROM access_rule WHERE id = ?", (number,)):
            raise NotFound(f"access rule {number} does not exist", code="NO_RULE", hint="vmconsole acl list")

    return effect
