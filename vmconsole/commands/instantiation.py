"""From a template, registered or in a file, to the operation that makes VMs of it."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.acting import read_file
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput, Usage
from vmconsole.lifecycle.permissions import Right
from vmconsole.templates import names, syntax, user_inputs
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.vm import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.templates.template import Template


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """`create FILE`: a VM without a template (ON-048)."""
    return [_request(context, values, parsed(read_file(values["file"])), None)]


def instantiate(context: Context, command: Command, values: Values) -> list[Request]:
    """`template instantiate NAME`: a VM from a registered template (ON-044, ON-045)."""
    number, name, body, owner, group, mode = targets.one(
        context, "template", values["template"], "id, name, body, user_id, group_id, mode"
    )
    targets.require_right(context, Right.USE, label=f"template {number} ({name})", owner=owner, group=group, mode=mode)
    template = parsed(body)
    if "NAME" not in template:
        template.set("NAME", f"{name}-%i" if (values.get("multiple") or 1) > 1 else name)
    return [_request(context, values, template, number)]


def parsed(text: str) -> Template:
    """The template of a text. Raises BadInput with every problem and its place."""
    try:
        return syntax.parse(text)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error


def _request(context: Context, values: Values, template: Template, template_id: int | None) -> Request:
    try:
        spec = check(template)
        if values.get("name"):
            names.expand(values["name"], 1)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    answers = _answers(context, spec.user_inputs, values.get("user_inputs"))
    for key, value in answers.items():
        template.set(key, value)
    if values.get("multiple") == 0:
        raise BadInput("--multiple 0 makes no VM", code="INPUT_COUNT")
    arguments: dict[str, Any] = {
        "template": syntax.render(template),
        "template_id": template_id,
        "name": values.get("name"),
        "multiple": values.get("multiple") or 1,
        "hold": bool(values.get("hold")),
    }
    return Request("vm.create", arguments, label=values.get("name") or "new VM")


def _answers(context: Context, inputs: tuple[user_inputs.UserInput, ...], given: str | None) -> dict[str, str]:
    """The answers to a template's questions: those given with the command, else asked for (ON-047)."""
    known = dict(pair.partition("=")[::2] for pair in (given or "").split(",") if "=" in pair)
    wanted = {question.name: question for question in inputs}
    try:
        answers, missing = user_inputs.resolve(wanted, known)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_ANSWER") from error
    if missing and context.ask is None:
        raise Usage(
            f"the template asks for {', '.join(missing)}, and nobody can be asked here",
            code="INPUT_MISSING",
            hint="--user-inputs " + ",".join(f"{name}=VALUE" for name in missing),
        )
    for name in missing:
        answers[name] = _ask(context, wanted[name])
    return answers


def _ask(context: Context, question: user_inputs.UserInput) -> str:
    """Ask until the answer will do."""
    assert context.ask is not None
    while True:
        answer = context.ask(f"  * ({question.name}) {question.description}: ", question.secret)
        try:
            return question.validate(answer or question.default or "")
        except BadTemplate as error:
            context.ask(f"    {error}; press Enter to try again", False)
