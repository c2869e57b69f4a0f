"""The commands on VM templates."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.request import Request
from vmconsole.commands.results import Block, Column, Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.results import Listing, Text

_HERE = "vmconsole.commands.template"
_TEMPLATE = Argument("template", "template")
INSTANTIATE_OPTIONS = (
    Option("--name", "name; %i is the number of each of several", metavar="NAME"),
    Option("--multiple", "make so many", short="-m", metavar="N", kind="count"),
    Option("--hold", "keep them from being placed"),
    Option("--user-inputs", "answers to the template's questions", metavar="K=V,…"),
)

COMMANDS: tuple[Command, ...] = (
    Command("template list", "list templates", (), LIST_OPTIONS, reader=f"{_HERE}:list_templates"),
    Command("template show", "show one template", (_TEMPLATE,), (), reader=f"{_HERE}:show"),
    Command(
        "template create",
        "register a template from a file, or a shipped one (@tiny)",
        (Argument("file", "file"),),
        (Option("--name", "name, instead of the one in the file", metavar="NAME"),),
        preparer=f"{_HERE}:create",
    ),
    Command(
        "template instantiate",
        "make VMs from a template",
        (_TEMPLATE,),
        INSTANTIATE_OPTIONS,
        preparer="vmconsole.commands.instantiation:instantiate",
        aliases=("instantiate",),
    ),
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
    " template.user_id, template.group_id, template.mode FROM template"
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
        if targets.has_right(context, Right.USE, *row[6:9])
    ]
    rows = [(*row[:4], moment(row[4])) for row in found]
    return listing("TEMPLATE", COLUMNS, rows, [_document(row) for row in found], values)


def _document(row: tuple[object, ...]) -> dict[str, object]:
    names = ("id", "user", "group", "name", "registered", "body")
    return dict(zip(names, row[:6], strict=True))


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One template with its text."""
    from vmconsole.commands.vm_show import flat, moment
    from vmconsole.templates import syntax

    number = targets.usable(context, "template", values["template"])
    row = context.session.query(f"{_SELECT} WHERE template.id = ?", (number,))[0]
    facts = [("ID", row[0]), ("NAME", row[3]), ("USER", row[1]), ("GROUP", row[2]), ("REGISTER TIME", moment(row[4]))]
    content = flat(syntax.parse(row[5]).to_data())
    return Sheet(
        "TEMPLATE",
        [
            Block(f"TEMPLATE {row[0]} INFORMATION", facts),
            Block("TEMPLATE CONTENTS", content, assignments=True),
        ],
        lambda: _document(row),
    )


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """Register a template; everything wrong with it is said at once, with line and column."""
    from vmconsole.commands import scheduling
    from vmconsole.commands.acting import read_file
    from vmconsole.commands.instantiation import parsed
    from vmconsole.errors import BadInput
    from vmconsole.templates import syntax
    from vmconsole.templates.errors import BadInput as BadTemplate
    from vmconsole.templates.names import check_vm_name
    from vmconsole.templates.vm import check

    template = parsed(read_file(values["file"]))
    try:
        scheduling.check_scheduled(context, check(template).scheduled_actions)
        name = check_vm_name(values.get("name") or template.text("NAME"))
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    return [Request("template.create", {"name": name, "body": syntax.render(template)}, label=f"template {name}")]


def delete(context: Context, command: Command, values: Values) -> list[Request]:
    """Remove a template; its VMs stay."""
    from vmconsole.lifecycle.permissions import Right

    number, name, owner, group, mode = targets.one(context, "template", values["template"], targets.OWNED_COLUMNS)
    label = f"template {number} ({name})"
    targets.require_right(context, Right.MANAGE, label=label, owner=owner, group=group, mode=mode)
    return [Request("template.delete", {"template_id": number}, label=label)]
