"""Everything that can be wrong with text a person wrote, and where it is wrong.

BadInput(ValueError)        code INPUT
├── TemplateError           code INPUT_TEMPLATE     one or many problems, each with line and column
│   └── TooLarge            code INPUT_TOO_LARGE
├── ExpressionError         code INPUT_EXPRESSION   one problem at a position
│   ├── RequirementError
│   └── RankError
├── SizeError               code INPUT_SIZE
├── NameRefused             code INPUT_NAME
├── TargetError             code INPUT_TARGET       a list of VMs that cannot be read
├── SelectionError          code INPUT_FILTER
└── UserInputError          code INPUT_USER_INPUT
"""

from __future__ import annotations

from collections.abc import Iterable

MOST_PROBLEMS = 100


class BadInput(ValueError):
    """Text that was given is not acceptable; nothing was done with it."""

    code = "INPUT"


class Problem:
    """One thing wrong in a template: line and column count from 1; line 0 means the text has no place for it.

    A template made of command line options or of stored data has no lines; its problems name the attribute instead.
    """

    __slots__ = ("column", "line", "message")

    def __init__(self, line: int, column: int, message: str) -> None:
        self.line = line
        self.column = column
        self.message = message

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.message}" if self.line else self.message

    def __repr__(self) -> str:
        return f"Problem({self.line}, {self.column}, {self.message!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[int, int, str]:
        return self.line, self.column, self.message


class TemplateError(BadInput):
    """A template is refused; `problems` lists all that is wrong with it (the first 100), in the order of the text.

    `line`, `column` and `message` are those of the first problem.
    """

    code = "INPUT_TEMPLATE"

    def __init__(self, problems: Iterable[Problem]) -> None:
        ordered = sorted(problems, key=lambda problem: (problem.line, problem.column))
        self.problems = tuple(ordered[:MOST_PROBLEMS])
        super().__init__("\n".join(map(str, self.problems)))

    @property
    def line(self) -> int:
        return self.problems[0].line

    @property
    def column(self) -> int:
        return self.problems[0].column

    @property
    def message(self) -> str:
        return self.problems[0].message


class TooLarge(TemplateError):
    """A template is longer than allowed and was not read."""

    code = "INPUT_TOO_LARGE"


class ExpressionError(BadInput):
    """An expression cannot be read; `position` counts characters from 1."""

    code = "INPUT_EXPRESSION"

    def __init__(self, position: int, message: str) -> None:
        self.position = position
        self.message = message
        super().__init__(f"at character {position}: {message}")


class RequirementError(ExpressionError):
    """A SCHED_REQUIREMENTS or SCHED_DS_REQUIREMENTS expression cannot be read."""


class RankError(ExpressionError):
    """A SCHED_RANK or SCHED_DS_RANK expression cannot be read."""


class SizeError(BadInput):
    """A memory or disk size cannot be read or is out of bounds."""

    code = "INPUT_SIZE"


class NameRefused(BadInput):
    """A name breaks a rule; the message states the rule."""

    code = "INPUT_NAME"


class TargetError(BadInput):
    """A list of VMs cannot be read."""

    code = "INPUT_TARGET"


class SelectionError(BadInput):
    """A list filter cannot be read or names an unknown column."""

    code = "INPUT_FILTER"


class UserInputError(BadInput):
    """A USER_INPUTS definition, or a value given for one, is not acceptable."""

    code = "INPUT_USER_INPUT"
