"""Answers of reading commands as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vmconsole.commands import results
from vmconsole.console.line_view import Line
from vmconsole.presentation import cells, fit, safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmconsole.commands.results import Column, Result

_WIDEST = 60


def lines(result: Result) -> list[Line]:
    """The result as a page; says so when it is empty."""
    if isinstance(result, results.Listing):
        return _listing(result)
    if isinstance(result, results.Sheet):
        return _sheet(result)
    return [[(line, "text")] for line in result.text.splitlines()]


def _listing(listing: results.Listing) -> list[Line]:
    if not listing.rows:
        return [[("nothing to list", "dim")]]
    places = {column.name: index for index, column in enumerate(listing.columns)}
    shown = [listing.columns[places[name]] for name in listing.shown]
    rows = [[_cell(row[places[column.name]]) for column in shown] for row in listing.rows]
    return _table(shown, rows)


def _sheet(sheet: results.Sheet) -> list[Line]:
    found: list[Line] = []
    for block in sheet.blocks:
        if found:
            found.append([])
        found.append([(block.title, "title")])
        widest = max((len(key) for key, _ in block.fields), default=0)
        for key, value in block.fields:
            found.append([(f"{fit(key, widest)}  ", "dim"), (_cell(value), "text")])
        if block.heading:
            found += _table(block.heading, [[_cell(cell) for cell in row] for row in block.lines])
    return found


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> list[Line]:
    widths = [
        min(_WIDEST, max([len(column.name), *(cells(safe(row[index])) for row in rows)]))
        for index, column in enumerate(columns)
    ]
    heading = "  ".join(fit(column.name, width, column.right) for column, width in zip(columns, widths, strict=True))
    found: list[Line] = [[(heading, "dim")]]
    for row in rows:
        parts = zip(columns, widths, row, strict=True)
        found.append([("  ".join(fit(cell, width, column.right, more="…") for column, width, cell in parts), "text")])
    return found


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
