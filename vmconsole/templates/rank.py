"""SCHED_RANK: an arithmetic expression over the attributes of a host; the host with the highest value is taken first.

sum     := product (('+' | '-') product)*
product := factor (('*' | '/') factor)*
factor  := '-' factor | '(' sum ')' | number | NAME
"""

from __future__ import annotations

import math
from collections.abc import Callable

from vmconsole.templates.errors import RankError
from vmconsole.templates.expressions import Attributes, Cursor, number

Formula = Callable[[Attributes], float]


class Rank:
    """A formula that was read without error; `text` is what was written."""

    __slots__ = ("_formula", "text")

    def __init__(self, text: str, formula: Formula) -> None:
        self.text = text
        self._formula = formula

    def value(self, attributes: Attributes) -> float:
        """The rank of a host with these attributes (names in upper case), always a finite number.

        An attribute that is missing or no number counts 0; so do a division by 0 and a value beyond all bounds,
        that hosts can be put in order whatever their attributes say.
        """
        return _finite(self._formula(attributes))


def parse(text: str) -> Rank:
    """Read a rank; an empty one gives every host 0. RankError with the position otherwise."""
    cursor = Cursor(text, RankError)
    if cursor.word.kind == "end":
        return Rank(text, lambda _attributes: 0.0)
    formula = _sum(cursor)
    cursor.take("end", "an operator or the end")
    return Rank(text, formula)


def _sum(cursor: Cursor) -> Formula:
    first = _product(cursor)
    rest: list[tuple[str, Formula]] = []
    while sign := cursor.take_sign("+", "-"):
        rest.append((sign, _product(cursor)))

    def total(attributes: Attributes) -> float:
        result = first(attributes)
        for sign, formula in rest:
            value = formula(attributes)
            result = result + value if sign == "+" else result - value
        return result

    return total if rest else first


def _product(cursor: Cursor) -> Formula:
    first = _factor(cursor)
    rest: list[tuple[str, Formula]] = []
    while sign := cursor.take_sign("*", "/"):
        rest.append((sign, _factor(cursor)))

    def product(attributes: Attributes) -> float:
        result = first(attributes)
        for sign, formula in rest:
            value = formula(attributes)
            result = result * value if sign == "*" else _quotient(result, value)
        return result

    return product if rest else first


def _factor(cursor: Cursor) -> Formula:
    if cursor.take_sign("-"):
        cursor.descend()
        inner = _factor(cursor)
        cursor.ascend()
        return lambda attributes: -inner(attributes)
    if cursor.take_sign("("):
        cursor.descend()
        inner = _sum(cursor)
        cursor.close()
        return inner
    if cursor.word.kind == "number":
        constant = float(cursor.take("number", "a number").text)
        return lambda _attributes: constant
    name = cursor.take("name", "a number, the name of an attribute, '-' or '('").text.upper()
    return lambda attributes: _finite(number(attributes.get(name)) or 0.0)


def _quotient(dividend: float, divisor: float) -> float:
    return dividend / divisor if divisor else 0.0


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
