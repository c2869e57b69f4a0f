"""`updateconf`: what the guest's machine and its context are at the next boot."""

from __future__ import annotations

import json

from vmconsole.commands import targets
from vmconsole.commands.acting import read_file, request
from vmconsole.commands.editing import edited
from vmconsole.errors import BadInput
from vmconsole.lifecycle import actions
from vmconsole.templates import configuration, syntax
from vmconsole.templates.errors import TemplateError
from vmconsole.templates.template import Template

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.request import Request


def updateconf(context: Context, command: Command, values: Values) -> list[Request]:
    """Sections of a file, or what the editor leaves of those there are, take the place of the VM's own.

    RAW reaches past every check into the hypervisor, so it is for administrators.

    Raises:
        BadInput: a section that cannot be changed, or that is wrong. Denied: RAW, asked for by somebody else.
    """
    target = targets.vm(context, values["vm"])
    asking = request(context, actions.of_command("updateconf"), target, {})
    if asking.error is not None:
        return [asking]
    machine = json.loads(context.session.query("SELECT template FROM vm WHERE id = ?", (target.id,))[0][0])
    own = Template.from_data({key: value for key, value in machine.items() if key in configuration.CHANGEABLE})
    text = read_file(values["file"]) if values.get("file") else edited(syntax.render(own), context)
    append = bool(values.get("append"))
    try:
        given = configuration.parse(text)
        configuration.changed(machine, given, append=append)
    except TemplateError as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    if given.all("RAW") != own.all("RAW") and "RAW" in given:
        targets.require_administrator(context, "updateconf of RAW")
    asking.arguments = {"template": syntax.render(given), "append": append}
    return [asking]
