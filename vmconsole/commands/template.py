"""The commands on VM templates."""

from __future__ import annotations

from vmconsole.commands import ownership, targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.machine_options import MACHINE, MAKING
from vmconsole.commands.request import Request
from vmconsole.commands.results import Block, Column, Sheet
from vmconsole.commands.scheduling import SCHED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.results import Listing, Text

_HERE = "vmconsole.commands.template"
_CHANGES = "vmconsole.commands.template_changes"
_TEMPLATE = Argument("template", "template")

COMMANDS: tuple[Command, ...] = (
    Command("template list", "list templates", (), LIST_OPTIONS, reader=f"{_HERE}:list_templates"),
    Command("template show", "show one template", (_TEMPLATE,), (), reader=f"{_HERE}:show"),
    Command(
        "template create",
        "register a template from a file, or a shipped one (@tiny)",
        (Argument("file", "file"),),
        (Option("--name", "name, instead of the one in the file", metavar="NAME"),),
        preparer=f"{_CHANGES}:create",
    ),
    Command(
        "template instantiate",
        "make VMs from a template",
        (_TEMPLATE, Argument("file", "file", optional=True)),
        (*MAKING, Option("--persistent", "of a private copy of it and of its images, which are kept"), *MACHINE),
        preparer="vmconsole.commands.instantiation:instantiate",
        aliases=("instantiate",),
    ),
    Command(
        "template clone",
        "make a private copy of a template",
        (_TEMPLATE, Argument("name", "text")),
        (Option("--recursive", "and of each of its images, persistent ones"),),
        preparer=f"{_CHANGES}:clone",
    ),
    Command(
        "template update",
        "edit the text of a template",
        (_TEMPLATE, Argument("file", "file", edited=True)),
        (Option("--append", "merge with what is there", short="-a"),),
        preparer=f"{_CHANGES}:update",
    ),
    Command(
        "template schedule",
        "have every VM made of a template do an action later: --schedule +SECONDS after its start, and the like",
        (_TEMPLATE, Argument("action", "action"), Argument("args", "text", optional=True, many=True)),
        SCHED,
        preparer="vmconsole.commands.template_schedules:add",
    ),
    *ownership.commands("template"),
    Command("template delete", "remove a template", (_TEMPLATE,), (), preparer=f"{_HERE}:delete", level=2),
)

COLUMNS = (
    Column("ID", 4, "number of the template", right=True),
    Column("USER", 8, "owner"),
    Column("GROUP", 8, "owning group"),
    Column("NAME", 15, "name", expands=True),
    Column("REGTIME", 15, "when it was registered"),
)
_SELECT = (
    "SELECT template.id, user_account.name, user_group.name, template.name, template.registered, template.body,"
    " template.user_id, template.group_id, template.mode, template.lock_level FROM template"
    " JOIN user_account ON user_account.id = template.user_id JOIN user_group ON user_group.id = template.group_id"
)


def list_templates(context: Context, command: Command, values: Values) -> Listing | Text:
    """Templates the user may use, oldest first (ON-043)."""
    from vmconsole.commands.simple_lists import listing
    from vmconsole.commands.vm_show import moment
    from vmconsole.lifecycle.permissions import Right

    found = [
        row
        for row in context.session.query(f"{_SELECT} ORDER BY template.id")
        if targets.has_right(context, Right.USE, "template", row[0], *row[6:9])
    ]
    rows = [(*row[:4], moment(row[4])) for row in found]
    return listing("TEMPLATE", COLUMNS, rows, [_document(row) for row in found], values)


def _document(row: tuple[object, ...]) -> dict[str, object]:
    from vmconsole.templates.secrets import concealed_text

    names = ("id", "user", "group", "name", "registered")
    body = concealed_text(str(row[5]))
    return {**dict(zip(names, row[:5], strict=True)), "body": body, "mode": row[8], "lock": row[9]}


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One template with its text."""
    from vmconsole.commands.vm_show import flat, moment
    from vmconsole.lifecycle.permissions import mask_text
    from vmconsole.templates import syntax

    number = targets.visible(context, "template", values["template"])
    row = context.session.query(f"{_SELECT} WHERE template.id = ?", (number,))[0]
    facts = [
        ("ID", row[0]), ("NAME", row[3]), ("USER", row[1]), ("GROUP", row[2]), ("REGISTER TIME", moment(row[4])),
        ("PERMISSIONS", mask_text(row[8])), ("LOCK", ownership.LOCKS[row[9]]),
    ]  # fmt: skip
    content = flat(syntax.parse(row[5]).to_data())
    return Sheet(
        "TEMPLATE",
        [
            Block(f"TEMPLATE {row[0]} INFORMATION", facts),
            Block("TEMPLATE CONTENTS", content, assignments=True),
        ],
        lambda: _document(row),
    )


def delete(context: Context, command: Command, values: Values) -> list[Request]:
    """Remove a template; its VMs stay."""
    from vmconsole.lifecycle.permissions import Right

    target = targets.owned(context, "template", values["template"])
    targets.require_right(context, Right.MANAGE, target)
    return [Request("template.delete", {"template_id": target.id}, label=target.label)]
