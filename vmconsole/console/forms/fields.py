"""The fields of a form, from what a command declares it takes. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from vmconsole.console.completion import Candidate
from vmconsole.templates.user_inputs import InputType

if TYPE_CHECKING:
    from vmconsole.commands.declaration import Argument, Command, Option
    from vmconsole.templates.user_inputs import UserInput

YES = "yes"
"""The value of a switch that is set; one that is not has an empty value."""
ANSWER = "answer:"
"""Begins the keys of answers to the questions of a template."""
VARIANT = "variant"
PASSWORD = "password"  # noqa: S105  # the name of a kind, no secret
ANSWERS = "answers"
"""Kind of the option that takes the answers to a template's questions; the form has a field for each instead."""


class Field(NamedTuple):
    """One field. Its value is a text, empty for nothing.

    Args:
        name: key of its value.
        label: how a person knows it: `--memory`, `HOST`.
        help: one line; says what the value is.
        kind: what it names, for candidates: host, template, vms, count …
        flag: the option it becomes; empty for an argument and for an answer.
        required: whether there is no command without it.
        switch: whether it is only set or not.
        many: whether its value is several words.
        secret: whether nobody may read it on the screen, nor on a command line.
        choices: all the values it can have, where there are few.
        default: what an empty value stands for, if that is known.
        joined: whether the value must be joined to its flag.
        answer: whether it is the answer to a question of a template.
    """

    name: str
    label: str
    help: str
    kind: str = "text"
    flag: str = ""
    required: bool = False
    switch: bool = False
    many: bool = False
    secret: bool = False
    choices: tuple[Candidate, ...] = ()
    default: str = ""
    joined: bool = False
    answer: bool = False


def fields_of(command: Command) -> list[Field]:
    """A field for every argument and every option, in their order; variants that exclude each other share one."""
    found = [_of_argument(argument) for argument in command.arguments]
    variants = [option for option in command.options if option.kind == VARIANT]
    if len(variants) > 1:
        found.append(_of_variants(command, variants))
    shared = {ANSWERS, VARIANT} if len(variants) > 1 else {ANSWERS}
    return found + [_of_option(option) for option in command.options if option.kind not in shared]


def _of_argument(argument: Argument) -> Field:
    label = argument.name.upper().replace("_", " ")
    meaning = _MEANINGS.get(argument.kind, "")
    required = not argument.optional
    return Field(argument.name, label, meaning, argument.kind, required=required, many=argument.many)


_MEANINGS = {
    "vm": "VM, by id or name",
    "vms": "VMs: 1,3,8..15 or names",
    "file": "path of a file; @tiny is a shipped one",
    "action": "what will be done",
}


def _of_variants(command: Command, variants: list[Option]) -> Field:
    choices = [Candidate("", "plain"), *(Candidate(option.long, option.help) for option in variants)]
    return Field(VARIANT, "way", f"how to {command.words}", VARIANT, choices=tuple(choices))


def _of_option(option: Option) -> Field:
    choices = tuple(Candidate(choice, "") for choice in option.choices)
    meaning = f"{option.help} ({option.metavar})" if option.metavar else option.help
    return Field(
        option.name,
        option.long,
        meaning,
        option.kind,
        flag=option.long,
        switch=not option.metavar,
        many=option.repeats,
        secret=option.kind == PASSWORD,
        joined=option.optional,
        choices=choices,
    )


def of_question(question: UserInput) -> Field:
    """The field for a question of a template."""
    low_high = f" from {' to '.join(question.params)}" if question.type in _RANGES else ""
    choices = tuple(Candidate(choice, "") for choice in question.params) if question.type in _LISTS else ()
    if question.type is InputType.BOOLEAN:
        choices = (Candidate("YES", ""), Candidate("NO", ""))
    return Field(
        ANSWER + question.name,
        question.name,
        f"{question.description} ({question.type}{low_high})",
        question.type,
        required=question.mandatory and question.default is None,
        secret=question.secret,
        choices=choices,
        default="" if question.secret else question.default or "",
        answer=True,
    )


_RANGES = (InputType.RANGE, InputType.RANGE_FLOAT)
_LISTS = (InputType.LIST, InputType.LIST_MULTIPLE)
