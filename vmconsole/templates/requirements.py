"""SCHED_REQUIREMENTS: a condition on the attributes of a host or a data store, e.g. `NAME = "kvm*" & FREE_CPU > 50`.

    expression := term (('&' | '|') term)*        from left to right: both bind equally, as in OpenNebula
    term       := '!' term | '(' expression ')' | comparison
    comparison := NAME ('=' | '!=' | '>' | '<' | '@>') value
    value      := number | "text with * as wildcard" | word

A missing attribute fulfils no comparison, `!=` included. Compared with a number, an attribute must be one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from vmconsole.templates.errors import RequirementError
from vmconsole.templates.expressions import Attributes, Cursor, number

Condition = Callable[[Attributes], bool]
Test = Callable[[str | float], bool]


class Requirement:
    """A condition that was read without error; `text` is what was written."""

    __slots__ = ("_condition", "text")

    def __init__(self, text: str, condition: Condition) -> None:
        self.text = text
        self._condition = condition

    def matches(self, attributes: Attributes) -> bool:
        """Whether a host with these attributes (names in upper case) will do. A list is an attribute of many values."""
        return self._condition(attributes)


def parse(text: str) -> Requirement:
    """Read a requirement; an empty one is met by every host. RequirementError with the position otherwise."""
    cursor = Cursor(text, RequirementError)
    if cursor.word.kind == "end":
        return Requirement(text, lambda _attributes: True)
    condition = _expression(cursor)
    cursor.take("end", "'&', '|' or the end")
    return Requirement(text, condition)


def _expression(cursor: Cursor) -> Condition:
    first = _term(cursor)
    rest: list[tuple[str, Condition]] = []
    while sign := cursor.take_sign("&", "|"):
        rest.append((sign, _term(cursor)))

    def chain(attributes: Attributes) -> bool:
        result = first(attributes)
        for sign, term in rest:
            result = (result and term(attributes)) if sign == "&" else (result or term(attributes))
        return result

    return chain if rest else first


def _term(cursor: Cursor) -> Condition:
    if cursor.take_sign("!"):
        cursor.descend()
        inner = _term(cursor)
        cursor.ascend()
        return lambda attributes: not inner(attributes)
    if cursor.take_sign("("):
        cursor.descend()
        inner = _expression(cursor)
        cursor.close()
        return inner
    return _comparison(cursor)


def _comparison(cursor: Cursor) -> Condition:
    name = cursor.take("name", "the name of an attribute, '!' or '('").text.upper()
    sign = cursor.take_sign("=", "!=", ">", "<", "@>")
    if not sign:
        raise cursor.unexpected(f"=, !=, >, < or @> after {name}")
    test = _number_test(cursor, sign) or _text_test(cursor, sign)

    def compare(attributes: Attributes) -> bool:
        values = _values(attributes, name, split=sign == "@>")
        if sign == "!=":
            return bool(values) and all(map(test, values))
        return any(map(test, values))

    return compare


def _number_test(cursor: Cursor, sign: str) -> Test | None:
    """The test for a comparison with a number, if a number is what follows or what must follow."""
    minus = cursor.take_sign("-")
    if not minus and sign not in ("<", ">") and cursor.word.kind != "number":
        return None
    wanted = float(minus + cursor.take("number", "a number").text)

    def test(value: str | float) -> bool:
        found = number(value)
        if found is None:
            return False
        match sign:
            case ">":
                return found > wanted
            case "<":
                return found < wanted
            case "!=":
                return found != wanted
        return found == wanted

    return test


def _text_test(cursor: Cursor, sign: str) -> Test:
    kind = "name" if cursor.word.kind == "name" else "text"
    pattern = cursor.take(kind, "a number or a text").text.strip('"')
    if sign == "!=":
        return lambda value: not fnmatchcase(_text(value), pattern)
    return lambda value: fnmatchcase(_text(value), pattern)


def _values(attributes: Attributes, name: str, *, split: bool) -> Sequence[str | float]:
    """The values of an attribute; for `@>` a text with commas is a list of texts, as OpenNebula writes its lists."""
    value = attributes.get(name)
    if value is None:
        return ()
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")] if split else (value,)
    return (value,) if isinstance(value, int | float) else value


def _text(value: str | float) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
