"""Schedules in templates: every VM made of one gets them, counted from its own start where they are relative."""

from __future__ import annotations

from vmconsole.commands import scheduling, targets
from vmconsole.commands.instantiation import parsed
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput
from vmconsole.lifecycle.permissions import Right
from vmconsole.local_zone import local_zone
from vmconsole.schedules import records
from vmconsole.templates import syntax
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.vm import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values


def add(context: Context, command: Command, values: Values) -> list[Request]:
    """Put one more SCHED_ACTION into a template (ON-163)."""
    target = targets.owned(context, "template", values["template"])
    targets.require_right(context, Right.MANAGE, target)
    asked = scheduling.action_of(values["action"], values["args"])
    rule = scheduling.rule_of(context, values)
    block = {"ACTION": asked.name, **records.to_template(rule, zone_default=local_zone())}
    if values["args"]:
        block["ARGS"] = ",".join(values["args"])
    template = parsed(context.session.query("SELECT body FROM template WHERE id = ?", (target.id,))[0][0])
    template.add("SCHED_ACTION", block)
    try:
        scheduling.check_scheduled(context, check(template).scheduled_actions)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    return [Request("template.update", {"template_id": target.id, "body": syntax.render(template)}, label=target.label)]
