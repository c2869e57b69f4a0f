"""From what stands in a form to the command line it means, and back. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from vmconsole.commands.declaration import Argument, Command
from vmconsole.commands.parsing import parse
from vmconsole.console.forms.fields import ANSWER, ANSWERS, VARIANT, YES, Field
from vmconsole.errors import Usage
from vmconsole.templates.errors import UserInputError
from vmconsole.templates.user_inputs import UserInput, join_answers, split_answers


class Filled(NamedTuple):
    """What a form gives: a command line, and what must not, or need not, stand on it.

    `answers` are to the questions of a template, by their names; `secrets` are the values of options, by theirs.
    """

    line: str
    answers: dict[str, str]
    secrets: dict[str, str]


def filled(command: Command, fields: Sequence[Field], values: Mapping[str, str]) -> Filled:
    """The line that the values mean. Raises Usage when they cannot be put on a line."""
    words = command.words.split()
    arguments = _arguments(command, fields, values)
    options = _options(fields, values)
    given = {field.label: values.get(field.name, "") for field in fields if field.answer}
    unanswered = [field.label for field in fields if field.answer and field.required and not given[field.label]]
    if unanswered:
        raise Usage(f"{unanswered[0]} is missing", code="USAGE_ARGUMENT")
    # What the template itself would take for an empty answer is left to it; a secret belongs on no command line.
    shown = {field.label: given[field.label] for field in fields if field.answer and not field.secret}
    shown = {name: text for name, text in shown.items() if text}
    if shown:
        options += [_answers_flag(command), join_answers(shown)]
    if any(word.startswith("-") and not word[1:2].isdigit() for word in arguments):
        words += [*options, "--", *arguments]
    else:
        words += [*arguments, *options]
    answers = {name: text for name, text in given.items() if name not in shown}
    return Filled(shlex.join(words), answers, {field.name: values[field.name] for field in _secrets(fields, values)})


def _secrets(fields: Sequence[Field], values: Mapping[str, str]) -> list[Field]:
    """Options with a secret value that is given: it belongs on no command line."""
    return [field for field in fields if field.secret and field.flag and values.get(field.name)]


def _answers_flag(command: Command) -> str:
    return next(option.long for option in command.options if option.kind == ANSWERS)


def _arguments(command: Command, fields: Sequence[Field], values: Mapping[str, str]) -> list[str]:
    """The plain words: one that is left out can only be behind all that are given."""
    by_name = {field.name: field for field in fields}
    words: list[str] = []
    left_out = ""
    for argument in command.arguments:
        field = by_name[argument.name]
        text = values.get(field.name, "")
        if not text.strip():
            if field.required:
                raise Usage(f"{field.label} is missing", code="USAGE_ARGUMENT")
            left_out = left_out or field.label
            continue
        if left_out:
            raise Usage(f"{left_out} is needed before {field.label}", code="USAGE_ARGUMENT")
        words += _split(field, text) if field.many else [text.strip()]
    return words


def _options(fields: Sequence[Field], values: Mapping[str, str]) -> list[str]:
    words: list[str] = []
    for field in fields:
        text = values.get(field.name, "").strip()
        if not text or field.secret:
            continue
        if field.kind == VARIANT:
            words.append(field.flag or text)
        elif field.flag and field.switch:
            words.append(field.flag)
        elif field.flag:
            for word in _split(field, text) if field.many else [text]:
                words += [f"{field.flag}={word}"] if field.joined or word.startswith("-") else [field.flag, word]
    return words


def _split(field: Field, text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Usage(f"{field.label}: {str(error).lower()}", code="USAGE_QUOTES") from error


def check_answers(questions: Sequence[UserInput], values: Mapping[str, str]) -> None:
    """Raise Usage for an answer that its question does not take."""
    for question in questions:
        text = values.get(ANSWER + question.name, "")
        try:
            if text:
                question.validate(text)
        except UserInputError as error:
            raise Usage(str(error), code="USAGE_VALUE") from error


def values_of(command: Command, words: Sequence[str]) -> dict[str, str]:
    """What a line that is still missing something says already. Raises Usage for what it says wrong."""
    arguments = tuple(Argument(each.name, each.kind, optional=True, many=each.many) for each in command.arguments)
    patient = Command(command.words, command.help, arguments, command.options)
    found = {name: _text(value) for name, value in parse(patient, words).items()}
    for option in command.options:
        if option.kind == ANSWERS:
            answers = split_answers(found.pop(option.name))
            found |= {ANSWER + name: text for name, text in answers.items()}
    variants = [option for option in command.options if option.kind == VARIANT]
    if len(variants) > 1:
        found[VARIANT] = next((option.long for option in variants if found.get(option.name)), "")
    return found


def _text(value: object) -> str:
    if isinstance(value, list):
        return shlex.join(map(str, value))
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None or value is False else YES if value is True else str(value)


def blamed(fields: Sequence[Field], message: str) -> int | None:
    """Which field a message is about, as far as it says so."""
    for index, field in enumerate(fields):
        named = field.flag or field.label
        if f"{named} " in f"{message} ".replace(":", " ").replace(",", " "):
            return index
    return None
