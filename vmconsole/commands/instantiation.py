"""From a template, registered or in a file, to the operation that makes VMs of it."""

from __future__ import annotations

from vmconsole.commands import machine_options, scheduling, targets
from vmconsole.commands.acting import read_file
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput, Usage
from vmconsole.lifecycle.permissions import Right
from vmconsole.templates import names, syntax, user_inputs
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.template import Template
from vmconsole.templates.vm import check

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """`create [FILE]`: a VM without a template, of a file or of options (ON-048)."""
    if values["file"] is None and not machine_options.given(values):
        raise Usage(
            "create needs a FILE, or options such as --memory and --disk",
            code="USAGE_ARGUMENT", hint="vmconsole help create lists them",
        )  # fmt: skip
    template = _varied(values, Template())
    check_restricted(context, template, Template())
    return [_request(context, values, template)]


def instantiate(context: Context, command: Command, values: Values) -> list[Request]:
    """`template instantiate NAME [FILE]`: VMs of a registered template, varied by a file or options (ON-044, ON-135).

    With --persistent they are made of a private copy of it, whose images are persistent copies too (ON-139).
    """
    source = targets.owned(context, "template", values["template"])
    targets.require_right(context, Right.USE, source)
    number, name = source.id, source.name
    ((body,),) = context.session.query("SELECT body FROM template WHERE id = ?", (number,))
    registered = parsed(body)
    template = _varied(values, registered)
    check_restricted(context, template, registered)
    several = (values["multiple"] or 1) > 1
    if values["persistent"]:
        if several:
            raise Usage("--persistent makes one VM: no other can use its images", code="USAGE_OPTION")
        for kind in ("template", "image"):
            targets.require_creation(context, kind)
        template.set("NAME", values["name"] or f"{name}-copy")
    elif "NAME" not in template:
        template.set("NAME", f"{name}-%i" if several else name)
    request = _request(context, values, template)
    request.arguments |= {"template_id": number, "persistent": values["persistent"]}
    return [request]


def _varied(values: Values, template: Template) -> Template:
    """The template with what a file or the options say besides; each key of a file replaces that key altogether."""
    if values["file"] is None:
        return machine_options.described(values, template)
    if machine_options.given(values):
        raise Usage("a FILE and options that describe the machine exclude each other", code="USAGE_OPTION")
    return template.merge(parsed(read_file(values["file"])))


def check_restricted(context: Context, template: Template, registered: Template) -> None:
    """Raise Denied if somebody else than an administrator adds RAW, which reaches past every check, or a MAC."""
    if "RAW" in template and template.all("RAW") != registered.all("RAW"):
        targets.require_administrator(context, "RAW in a template")
    if _macs(template) - _macs(registered):
        targets.require_administrator(context, "the MAC of a NIC")


def _macs(template: Template) -> set[str]:
    return {mac for nic in template.all("NIC") if isinstance(nic, dict) and (mac := nic.get("MAC"))}


def parsed(text: str) -> Template:
    """The template of a text. Raises BadInput with every problem and its place."""
    try:
        return syntax.parse(text)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error


def _request(context: Context, values: Values, template: Template) -> Request:
    targets.require_creation(context, "vm")
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
        "name": values.get("name"),
        "multiple": count or 1,
        "hold": bool(values.get("hold")),
    }
    request = Request("vm.create", arguments, label=values.get("name") or "new VM")
    if values["dry_run"]:
        request.preview, request.already = syntax.render(template), "it is only shown"
    return request


def _answers(context: Context, inputs: tuple[user_inputs.UserInput, ...], given: str | None) -> dict[str, str]:
    """The answers to a template's questions: those given with the command; the others are asked for (ON-047)."""
    try:
        known = {**context.answers, **user_inputs.split_answers(given or "")}
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_ANSWER") from error
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
