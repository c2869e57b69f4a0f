"""Commands that copy a template or change its text, beyond what all objects with an owner have in common."""

from __future__ import annotations

from vmconsole.commands import scheduling, targets
from vmconsole.commands.acting import read_file, requests
from vmconsole.commands.editing import edited
from vmconsole.commands.instantiation import check_restricted, parsed
from vmconsole.commands.ownership import checked_name
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput
from vmconsole.lifecycle import actions
from vmconsole.lifecycle.permissions import Right
from vmconsole.templates import syntax
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.template import Template
from vmconsole.templates.vm import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """Register a template; everything wrong with it is said at once, with line and column."""
    targets.require_creation(context, "template")
    template = parsed(read_file(values["file"]))
    check_restricted(context, template, Template())
    _check(context, template)
    name = checked_name(values.get("name") or template.text("NAME"))
    return [Request("template.create", {"name": name, "body": syntax.render(template)}, label=f"template {name}")]


def clone(context: Context, command: Command, values: Values) -> list[Request]:
    """A private copy of a template, which belongs to whoever makes it; with --recursive, of its images too (ON-144)."""
    source = targets.owned(context, "template", values["template"])
    targets.require_right(context, Right.USE, source)
    targets.require_creation(context, "template")
    name = checked_name(values["name"])
    arguments = {"template_id": source.id, "name": name, "recursive": values["recursive"]}
    return [Request("template.clone", arguments, label=f"template {name}")]


def update(context: Context, command: Command, values: Values) -> list[Request]:
    """The text of a file, or what the editor leaves, becomes the template's; `--append` merges it key by key."""
    target = targets.owned(context, "template", values["template"])
    targets.require_right(context, Right.MANAGE, target)
    ((body,),) = context.session.query("SELECT body FROM template WHERE id = ?", (target.id,))
    before = parsed(body)
    text = read_file(values["file"]) if values["file"] is not None else edited(syntax.render(before), context)
    given = parsed(text)
    after = before.merge(given) if values["append"] else given
    check_restricted(context, after, before)
    _check(context, after)
    return [Request("template.update", {"template_id": target.id, "body": syntax.render(after)}, label=target.label)]


def save(context: Context, command: Command, values: Values) -> list[Request]:
    """A template that makes more VMs like one that is off, with what its disks hold now (ON-141)."""
    rows = context.session.query("SELECT template_id FROM vm WHERE id = ?", (targets.vm(context, values["vm"]).id,))
    if rows[0][0] is not None:
        targets.require_right(context, Right.USE, targets.owned(context, "template", str(rows[0][0])))
    for kind in ("template", "image"):
        targets.require_creation(context, kind)
    arguments = {"name": checked_name(values["name"]), "persistent": values["persistent"]}
    return requests(context, actions.of_command("save"), values, arguments)


def _check(context: Context, template: Template) -> None:
    """Raise BadInput with everything that is wrong with a VM's template."""
    try:
        scheduling.check_scheduled(context, check(template).scheduled_actions)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
