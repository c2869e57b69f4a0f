"""Which rows of a list are shown: the `--filter` option of lists and the `/` line of the console.

Read by `--batch list`, which must start fast: no regular expressions, no typing module, no dataclasses.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from vmconsole.templates.errors import SelectionError

Row = Mapping[str, object]
Predicate = Callable[[Row], bool]

OPERATORS = ("!=", "<=", ">=", "=", "<", ">", "~")  # the two-character ones first: `<=` is not `<`
WORD_FIELDS = ("name", "id", "host", "user", "group", "state", "ip", "tag")

_NUMBER_CHARACTERS = "0123456789.+-"


def column_filter(text: str, columns: Collection[str] | None = None, *, any_of: bool = False) -> Predicate:
    """The predicate of `--filter COLUMN=VALUE,…`, to be asked with rows that map COLUMN to the cell as printed.

    Operators = != < <= > >= ~ (contains). All conditions must hold, with `any_of` (`--operator OR`) one of them.
    Two numbers compare as numbers, anything else as text. Column names are upper-cased. SelectionError when a
    condition has no column or operator, or names a column that is not among `columns`.
    """
    conditions = [_column_condition(part, columns) for part in text.split(",")]
    return _any(conditions) if any_of else _all(conditions)


def search_filter(
    text: str, fields: Collection[str] | None = None, word_fields: Collection[str] = WORD_FIELDS
) -> Predicate:
    """The predicate of the console's `/` line: terms between blanks, all of which must hold.

    `web` is found anywhere in one of `word_fields`; `state=runn`, `cpu>50`, `tag=prod` compare one field, with the
    operators of `column_filter`; `!` before a term turns it round; quotes keep blanks together. Case does not matter,
    field names are in lower case, and a field may hold several values (tags), one of which must do. SelectionError
    when a term is incomplete or its field is not among `fields`. For very long lists, give as the one word field one
    that has all the text of the row: a word then costs one look per row.
    """
    return _all([_search_term(term, fields, word_fields) for term in _terms(text)])


def _column_condition(text: str, columns: Collection[str] | None) -> Predicate:
    column, operator, value = _split(text)
    column = column.upper()
    if not column or not operator:
        raise SelectionError(f"{text!r} is no condition: expected COLUMN, one of {' '.join(OPERATORS)}, VALUE")
    if columns is not None and column not in columns:
        raise SelectionError(f"there is no column {column!r}; columns are {', '.join(columns)}")
    test = _test(operator, value)
    return lambda row: test(row.get(column, ""))


def _search_term(term: str, fields: Collection[str] | None, word_fields: Collection[str]) -> Predicate:
    plain = term.lstrip("!")
    if not plain:
        raise SelectionError("'!' must stand before a term")
    positive = _plain_term(plain, fields, word_fields)
    if (len(term) - len(plain)) % 2:
        return lambda row: not positive(row)
    return positive


def _plain_term(term: str, fields: Collection[str] | None, word_fields: Collection[str]) -> Predicate:
    field, operator, value = _split(term)
    value = value.replace('"', "").lower()
    if not operator:
        word = field.replace('"', "").lower()
        return lambda row: any(word in text for key in word_fields for text in _texts(row.get(key)))
    field = field.lower()
    if not field or not value:
        raise SelectionError(f"{term!r} is incomplete: expected a field, {operator} and a value")
    if fields is not None and field not in fields:
        raise SelectionError(f"there is no field {field!r}; fields are {', '.join(sorted(fields))}")
    if operator == "!=":
        equals = _test("=", value)
        return lambda row: not any(map(equals, _texts(row.get(field))))
    test = _test(operator, value)
    return lambda row: any(map(test, _texts(row.get(field))))


def _terms(text: str) -> list[str]:
    """The terms between blanks; blanks within quotes separate nothing."""
    terms: list[str] = []
    current = ""
    quoted = False
    for char in text:
        quoted ^= char == '"'
        if char.isspace() and not quoted:
            terms.append(current)
            current = ""
        else:
            current += char
    if quoted:
        raise SelectionError("a quote is never closed")
    return [term for term in (*terms, current) if term]


def _split(condition: str) -> tuple[str, str, str]:
    """A condition as name, operator and value; without an operator all of it is the name."""
    for at in range(len(condition)):
        for operator in OPERATORS:
            if condition.startswith(operator, at):
                return condition[:at].strip(), operator, condition[at + len(operator) :].strip()
    return condition.strip(), "", ""


def _test(operator: str, value: str) -> Callable[[object], bool]:
    """The comparison of a cell with `value`, as numbers when both are numbers."""
    if operator == "~":
        return lambda cell: value in str(cell)
    compare = _COMPARISONS[operator]
    wanted = _number(value)
    if wanted is None:
        return lambda cell: compare(str(cell), value)

    def test(cell: object) -> bool:
        found = _number(str(cell))
        return compare(str(cell), value) if found is None else compare(found, wanted)

    return test


_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,  # type: ignore[operator]  # two floats or two texts
    "<=": lambda left, right: left <= right,  # type: ignore[operator]
    ">": lambda left, right: left > right,  # type: ignore[operator]
    ">=": lambda left, right: left >= right,  # type: ignore[operator]
}


def _number(text: str) -> float | None:
    """The number `text` spells in plain decimal notation, or None; `float` alone would take `nan` and `1e5`."""
    body = text.strip()
    if not body or body.strip(_NUMBER_CHARACTERS):
        return None
    try:
        return float(body)
    except ValueError:
        return None


def _texts(value: object) -> list[str]:
    """The values of a field in lower case: none, one, or several."""
    if value is None:
        return []
    if isinstance(value, list | tuple | set | frozenset):
        return [str(one).lower() for one in value]
    return [str(value).lower()]


def _all(conditions: list[Predicate]) -> Predicate:
    if len(conditions) == 1:
        return conditions[0]
    return lambda row: all(condition(row) for condition in conditions)


def _any(conditions: list[Predicate]) -> Predicate:
    if len(conditions) == 1:
        return conditions[0]
    return lambda row: any(condition(row) for condition in conditions)
