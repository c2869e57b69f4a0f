"""What requirement and rank expressions share: their words, and a cursor over these. Nothing is ever `eval`ed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from vmconsole.templates.errors import ExpressionError

Attributes = Mapping[str, str | float | Sequence[str | float]]

LONGEST = 8192
DEEPEST = 50

_WORD = re.compile(
    r"""[ \t\n]*(?:
        (?P<number>[0-9]+(?:\.[0-9]+)?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<text>"[^"]*")
      | (?P<sign>!=|@>|[=<>&|!()+*/-])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)


class Word:
    """One word of an expression: its kind (number, name, text, sign, end), its text, its position from 1."""

    __slots__ = ("kind", "position", "text")

    def __init__(self, kind: str, text: str, position: int) -> None:
        self.kind = kind
        self.text = text
        self.position = position


class Cursor:
    """Walks over the words of one expression; what does not fit is raised as `error` with its position."""

    def __init__(self, text: str, error: type[ExpressionError]) -> None:
        self._error = error
        if len(text) > LONGEST:
            raise error(LONGEST + 1, f"an expression may have {LONGEST} characters")
        self._words = list(self._split(text))
        self._index = 0
        self._depth = 0

    @property
    def word(self) -> Word:
        """The word the cursor stands on; behind the last one it is of the kind `end`."""
        return self._words[self._index]

    def take(self, kind: str, expected: str) -> Word:
        """Step over a word of `kind`, or fail saying what was `expected`."""
        if self.word.kind != kind:
            raise self.unexpected(expected)
        return self._step()

    def take_sign(self, *signs: str) -> str:
        """Step over one of `signs` and return it; the empty text when the cursor stands on something else."""
        if self.word.kind == "sign" and self.word.text in signs:
            return self._step().text
        return ""

    def descend(self) -> None:
        """Enter a parenthesis or a negation. Too deep a nesting is refused before the interpreter's stack is."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._error(self.word.position, f"nested deeper than {DEEPEST} levels")

    def ascend(self) -> None:
        """Leave what `descend` entered."""
        self._depth -= 1

    def close(self) -> None:
        """Step over a closing parenthesis and ascend."""
        if not self.take_sign(")"):
            raise self.unexpected("')'")
        self.ascend()

    def unexpected(self, expected: str) -> ExpressionError:
        """The error for the word the cursor stands on."""
        found = "the end" if self.word.kind == "end" else repr(self.word.text)
        return self._error(self.word.position, f"expected {expected}, found {found}")

    def _step(self) -> Word:
        word = self.word
        self._index = min(self._index + 1, len(self._words) - 1)
        return word

    def _split(self, text: str) -> Iterator[Word]:
        at = 0
        while True:
            match = _WORD.match(text, at)
            if match is None:
                at += len(text[at:]) - len(text[at:].lstrip(" \t\n"))
                problem = "this quote is never closed" if text[at] == '"' else f"{text[at]!r} has no meaning here"
                raise self._error(at + 1, problem)
            kind = match.lastgroup or "end"
            yield Word(kind, match.group(kind), match.start(kind) + 1)
            if kind == "end":
                return
            at = match.end()


def number(value: object) -> float | None:
    """The number that an attribute's value is or spells, or None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None
