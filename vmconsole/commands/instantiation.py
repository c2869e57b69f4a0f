"""From a template, registered or in a file, to the operation that makes VMs of it."""

from __future__ import annotations

from vmconsole.commands import scheduling, targets
from vmconsole.commands.acting import read_file
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput, Usage
from vmconsole.lifecycle.permissions import Right
from vmconsole.templates import names, syntax, user_inputs
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.vm import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
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
        scheduling.check_scheduled(context, spec.scheduled_actions)
        if values.get("name"):
            names.expand(values["name"], 1)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    answers = _answers(context, spec.user_inputs, values.get("user_inputs"))
    for key, value in answers.items():
        template.set(key, value)
    count = values.get("multiple")
    if count is not None and not 1 <= count <= names.MOST_TARGETS:
        raise BadInput(f"--multiple {count}: from 1 to {names.MOST_TARGETS} VMs are made at once", code="INPUT_COUNT")
    arguments: dict[str, Any] = {
        "template": syntax.render(template),
        "template_id": template_id,
        "name": values.get("name"),
        "multiple": count or 1,
        "hold": bool(values.get("hold")),
    }
    return Request("vm.create", arguments, label=values.get("name") or "new VM")


def _answers(context: Context, inputs: tuple[user_inputs.UserInput, ...], given: str | None) -> dict[str, str]:
    """The answers to a template's questions: those given with the command; the others are asked for (ON-047)."""
    known = dict(pair.partition("=")[::2] for pair in (given or "").split(",") if "=" in pair)
    wanted = {question.name: question for question in inputs}
    fixed = user_inputs.InputType.FIXED
    unanswered = [question for question in inputs if question.name not in known and question.type is not fixed]
    if context.ask is not None:
        for number, question in enumerate(unanswered):
            known[question.name] = _ask(context.ask, question, first=number == 0)
    try:
        answers, missing = user_inputs.resolve(wanted, known)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_ANSWER") from error
    if missing:
        raise Usage(
            f"the template asks for {', '.join(missing)}, and nobody can be asked here",
            code="INPUT_MISSING",
            hint="--user-inputs " + ",".join(f"{name}=VALUE" for name in missing),
        )
    return answers


def _ask(ask: Callable[[str, bool], str], question: user_inputs.UserInput, *, first: bool) -> str:
    """Ask until the answer will do; an empty one stands for the default."""
    before = "The template has questions.\n" if first else ""
    default = f" [{question.default}]" if question.default and not question.secret else ""
    text = f"  * ({question.name}) {question.description}\n    {question.type}{default}: "
    while True:
        answer = ask(before + text, question.secret)
        try:
            if answer:
                question.validate(answer)
            elif question.mandatory and question.default is None:
                before = "    an answer is needed\n"
                continue
            return answer
        except BadTemplate as error:
            before = f"    {error}\n"
