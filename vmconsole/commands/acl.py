"""The commands on access rules: what administrators grant beyond the permission bits."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values

_HERE = "vmconsole.commands.acl"

COMMANDS: tuple[Command, ...] = (
    Command("acl list", "list access rules", (), LIST_OPTIONS, reader="vmconsole.commands.store_lists:read"),
    Command(
        "acl create",
        "grant rights beyond the permission bits, as in '@1 VM+NET/* USE+MANAGE'",
        (Argument("rule", "text", many=True),),
        preparer=f"{_HERE}:create",
    ),
    Command(
        "acl delete", "take an access rule back", (Argument("number", "text"),), preparer=f"{_HERE}:delete", level=2
    ),
)


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """A rule, in one word or several; the user, group or cluster it names must be there (ON-170)."""
    from vmconsole.errors import BadInput
    from vmconsole.lifecycle.rules import BadRule, parse

    targets.require_administrator(context, command.words)
    try:
        rule = parse(" ".join(values["rule"]))
    except BadRule as error:
        raise BadInput(str(error), code="INPUT_RULE", hint="vmconsole help acl create") from error
    for part, kind in ((rule.who, _WHO.get(rule.who[0])), (rule.objects, _OBJECTS.get(rule.objects[0]))):
        if kind is not None:
            targets.one(context, kind, part[1:])
    return [Request("acl.create", {"rule": str(rule)}, label=f"rule {rule}")]


_WHO = {"#": "user", "@": "group"}
_OBJECTS = {"@": "group", "%": "cluster"}


def delete(context: Context, command: Command, values: Values) -> list[Request]:
    """Take a rule back. Raises NotFound."""
    from vmconsole.errors import NotFound

    targets.require_administrator(context, command.words)
    word = values["number"]
    rows = context.session.query("SELECT id, who, kinds, objects, rights FROM access_rule")
    for number, who, kinds, objects, rights in rows:
        if str(number) == word:
            return [Request("acl.delete", {"rule_id": number}, label=f"rule {who} {kinds}/{objects} {rights}")]
    raise NotFound(f"access rule {word!r} does not exist", code="NO_RULE", hint="vmconsole acl list")
