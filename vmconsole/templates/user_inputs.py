"""USER_INPUTS: the questions a VM template asks when it is instantiated.

Each is `M|O | type | description | params | default`: mandatory or optional, the kind of answer, what the person is
told, the choices or bounds, and the answer an empty one stands for.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from vmconsole.templates.errors import UserInputError
from vmconsole.templates.template import forbidden_characters


class InputType(StrEnum):
    """The kinds of answers (ON-047)."""

    TEXT = "text"
    TEXT64 = "text64"
    PASSWORD = "password"  # noqa: S105  # the name of a kind, no secret
    NUMBER = "number"
    NUMBER_FLOAT = "number-float"
    RANGE = "range"
    RANGE_FLOAT = "range-float"
    LIST = "list"
    LIST_MULTIPLE = "list-multiple"
    BOOLEAN = "boolean"
    FIXED = "fixed"


_WHOLE = frozenset({InputType.NUMBER, InputType.RANGE})
_RANGES = frozenset({InputType.RANGE, InputType.RANGE_FLOAT})
_NUMBERS = _WHOLE | _RANGES | {InputType.NUMBER_FLOAT}
_LISTS = frozenset({InputType.LIST, InputType.LIST_MULTIPLE})
_DIGITS = frozenset("0123456789")


@dataclass(frozen=True, slots=True)
class UserInput:
    """One question; `params` is the list of choices or the two bounds, `default` None when there is none."""

    name: str
    mandatory: bool
    type: InputType
    description: str
    params: tuple[str, ...] = ()
    default: str | None = None

    @property
    def secret(self) -> bool:
        """Whether the answer must not be echoed."""
        return self.type is InputType.PASSWORD

    def validate(self, value: str) -> str:
        """The answer as it is stored in the VM: text64 in base64, a boolean as YES or NO, choices without blanks.

        UserInputError names the question and says what was expected.
        """
        if forbidden_characters(value):
            raise self._refusal("control characters are not allowed")
        if self.type in _NUMBERS:
            return self._number(value.strip())
        if self.type in _LISTS:
            return self._choice(value)
        if self.type is InputType.BOOLEAN:
            return self._boolean(value.strip().upper())
        if self.type is InputType.FIXED and value != self.default:
            raise self._refusal("the value is fixed by the template")
        if self.type is InputType.TEXT64:
            return base64.b64encode(value.encode()).decode("ascii")
        return value

    def _number(self, text: str) -> str:
        number = _number(text, whole=self.type in _WHOLE)
        if number is None:
            raise self._refusal(f"expected a {'whole ' if self.type in _WHOLE else ''}number")
        if self.type in _RANGES:
            low, high = self.params
            if not float(low) <= number <= float(high):
                raise self._refusal(f"expected a number from {low} to {high}")
        return text

    def _choice(self, text: str) -> str:
        chosen = [text.strip()] if self.type is InputType.LIST else [part.strip() for part in text.split(",")]
        if any(choice not in self.params for choice in chosen):
            one = "one" if self.type is InputType.LIST else "some"
            raise self._refusal(f"expected {one} of {', '.join(self.params)}")
        return ",".join(dict.fromkeys(chosen))

    def _boolean(self, text: str) -> str:
        if text not in ("YES", "NO"):
            raise self._refusal("expected YES or NO")
        return text

    def _refusal(self, reason: str) -> UserInputError:
        return UserInputError(f"user input {self.name}: {reason}")


def parse(name: str, definition: str) -> UserInput:
    """Read one definition. UserInputError when a part is missing or wrong, or the default is no valid answer."""
    parts = [part.strip() for part in definition.split("|", 4)]
    mandatory, kind, description, params, default = parts + [""] * (5 - len(parts))
    if mandatory not in ("M", "O"):
        raise UserInputError(f"user input {name}: expected M or O first, found {mandatory!r}")
    if kind not in tuple(InputType):
        raise UserInputError(f"user input {name}: {kind!r} is not a type; types are {', '.join(InputType)}")
    question = UserInput(
        name, mandatory == "M", InputType(kind), description, _params(name, kind, params), default or None
    )
    if question.type is InputType.FIXED and question.default is None:
        raise UserInputError(f"user input {name}: a fixed input needs a value, in the place of the default")
    if question.default is not None:
        try:
            question.validate(question.default)
        except UserInputError as err:
            raise UserInputError(f"{err} (the default is {question.default!r})") from err
    return question


def resolve(inputs: Mapping[str, UserInput], given: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The answers as they are stored, and the names of mandatory inputs that have none.

    An empty answer, like none, stands for the default; an optional input without either is left out.
    UserInputError lists every answer that is not valid and every name that is no input, one to a line.
    """
    problems = [f"there is no user input {name!r}" for name in given if name not in inputs]
    values: dict[str, str] = {}
    missing: list[str] = []
    for name, question in inputs.items():
        answer = given.get(name) or question.default
        if answer is None:
            if question.mandatory:
                missing.append(name)
            continue
        try:
            values[name] = question.validate(answer)
        except UserInputError as err:
            problems.append(str(err))
    if problems:
        raise UserInputError("\n".join(problems))
    return values, missing


def split_answers(text: str) -> dict[str, str]:
    """The answers of ``K=V,…``; a comma that belongs to a value stands behind a backslash.

    UserInputError for a part that is no ``K=V``.
    """
    pairs = [part.replace(r"\,", ",").partition("=") for part in _COMMA.split(text) if part]
    for key, given, _ in pairs:
        if not given:
            raise UserInputError(f"expected NAME=VALUE, found {key!r}; a comma within a value is written \\,")
    return {key.strip(): value for key, _, value in pairs}


def join_answers(answers: Mapping[str, str]) -> str:
    """The text that `split_answers` reads."""
    return ",".join(f"{key}={value.replace(',', chr(92) + ',')}" for key, value in answers.items())


_COMMA = re.compile(r"(?<!\\),")


def _params(name: str, kind: str, text: str) -> tuple[str, ...]:
    if kind in _LISTS:
        choices = tuple(part.strip() for part in text.split(","))
        if not all(choices):
            raise UserInputError(f"user input {name}: a {kind} needs its choices, separated by commas")
        return choices
    if kind in _RANGES:
        low, dots, high = (part.strip() for part in text.partition(".."))
        bounds = [_number(bound, whole=kind in _WHOLE) for bound in (low, high)]
        if not dots or bounds[0] is None or bounds[1] is None or bounds[0] > bounds[1]:
            raise UserInputError(f"user input {name}: a {kind} needs its bounds as min..max, found {text!r}")
        return low, high
    return ()


def _number(text: str, *, whole: bool) -> float | None:
    """The number in plain decimal notation with ASCII digits, or None."""
    whole_part, point, decimals = text.removeprefix("-").partition(".")
    digits = whole_part + decimals
    if not whole_part or not _DIGITS.issuperset(digits) or len(digits) > 18 or bool(point) != bool(decimals):
        return None
    return None if point and whole else float(text)
