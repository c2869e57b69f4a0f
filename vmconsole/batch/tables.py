"""Listings and sheets as text."""

from __future__ import annotations

from operator import itemgetter

from vmconsole.presentation import cells as width_of
from vmconsole.presentation import fit, safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from vmconsole.commands.results import Block, Column, Listing, Sheet

WIDTH = 80
"""Cells of a sheet's title lines."""
KEY = 20
"""Cells of the keys in a sheet."""
HEADING, RED, GREEN, PLAIN = "\x1b[1;4m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
STATE_COLOURS = {"runn": GREEN, "on": GREEN, "fail": RED, "err": RED}


def listing(table: Listing, values: dict[str, Any], *, colour: bool, cells: int | None) -> str:
    """A listing as columns.

    Args:
        values: of the command line, for ``--no-header``.
        cells: width of the terminal, which columns that may grow share; None where there is none.
    """
    chosen = _chosen(table)
    columns = [table.columns[place] for place in chosen]
    widths = _widths(columns, chosen, table.rows, cells, len)
    lines = [] if colour else _fast(table.rows, columns, chosen, widths)
    if colour or not _all_plain(lines):
        widths = _widths(columns, chosen, table.rows, cells, _safe_width)
        lines = [_line([row[place] for place in chosen], columns, widths, colour=colour) for row in table.rows]
    if not values.get("no_header"):
        lines.insert(0, _heading(columns, widths, colour=colour))
    return "\n".join([*lines, ""])


def _chosen(table: Listing) -> list[int]:
    """Places of the shown columns in a row."""
    places = {column.name: index for index, column in enumerate(table.columns)}
    return [places[name] for name in table.shown]


def _safe_width(text: str) -> int:
    return width_of(safe(text))


def _widths(
    columns: Sequence[Column],
    chosen: Sequence[int],
    rows: Sequence[tuple[Any, ...]],
    cells: int | None,
    measure: Callable[[str], int],
) -> list[int]:
    """Each column's width; those that may grow take what their cells need, if the terminal has it."""
    widths = [column.width for column in columns]
    spare = None if cells is None else max(0, cells - sum(widths) - len(widths) + 1)
    for index, column in enumerate(columns):
        if not (column.expands or column.name == "ID"):
            continue
        place = chosen[index]
        needed = max(map(measure, map(str, [row[place] for row in rows])), default=0)
        grown = max(0, needed - widths[index])
        if spare is not None:
            grown = min(grown, spare) if column.expands else grown
            spare = max(0, spare - grown)
        widths[index] += grown
    return widths


def _heading(columns: Sequence[Column], widths: Sequence[int], *, colour: bool) -> str:
    text = " ".join(fit(column.name, width, column.right) for column, width in zip(columns, widths, strict=True))
    return f"{HEADING}{text}{PLAIN}" if colour else text.rstrip()


def _all_plain(lines: Sequence[str]) -> bool:
    """Whether the cells in the lines needed no second look, which would have cost a long list half of its time."""
    text = "".join(lines)
    return text.isascii() and text.isprintable()


def _fast(
    rows: Sequence[tuple[Any, ...]], columns: Sequence[Column], chosen: Sequence[int], widths: Sequence[int]
) -> list[str]:
    """What `_line` makes of rows that are plain ASCII, without colour."""
    layout = " ".join(
        f"%{width}s" if column.right else f"%-{width}.{width}s" for column, width in zip(columns, widths, strict=True)
    )
    cells = itemgetter(*chosen)
    return [(layout % cells(row)).rstrip() for row in rows]


def _line(row: Sequence[Any], columns: Sequence[Column], widths: Sequence[int], *, colour: bool) -> str:
    """One row; a number that is too long is never cut, since it would become another number."""
    shown = []
    for cell, column, width in zip(row, columns, widths, strict=True):
        text = safe(str(cell))
        text = fit(text, max(width, width_of(text)) if column.right else width, column.right)
        if colour and column.name == "STAT" and (paint := STATE_COLOURS.get(str(cell))):
            text = f"{paint}{text}{PLAIN}"
        shown.append(text)
    return " ".join(shown).rstrip()


def csv(table: Listing, values: dict[str, Any]) -> str:
    """A listing as separated values; a cell that a spreadsheet would take for a formula is marked as text.

    Args:
        values: of the command line, for ``--no-header`` and ``--csv-del``.

    Raises:
        Usage: the separator is not one character.
    """
    import csv as writer
    import io

    delimiter = values.get("csv_del") or ","
    if len(delimiter) != 1 or not delimiter.isprintable() or delimiter in "\"'":
        from vmconsole.errors import Usage

        raise Usage(f"--csv-del {delimiter!r} is not one printable character", code="USAGE_VALUE")
    chosen = _chosen(table)
    text = io.StringIO()
    out = writer.writer(text, lineterminator="\n", delimiter=delimiter)
    if not values.get("no_header"):
        out.writerow([table.columns[place].name for place in chosen])
    for row in table.rows:
        out.writerow([_harmless(row[place]) for place in chosen])
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = safe(cell)
    return f"'{text}" if text != "-" and text.lstrip(" ")[:1] in ("=", "+", "-", "@") else text


def sheet(page: Sheet, *, colour: bool) -> str:
    """A sheet as titled blocks, with an empty line between two."""
    return "\n".join(_block(block, colour=colour) for block in page.blocks)


def _block(block: Block, *, colour: bool) -> str:
    title = f"{safe(block.title):<{WIDTH}}"
    lines = [f"{HEADING}{title}{PLAIN}" if colour else title]
    for key, value in block.fields:
        shown = "-" if value is None else safe(str(value))
        lines.append(f"{safe(key)}={shown}" if block.assignments else f"{safe(key):<{KEY}}: {shown}")
    if block.heading:
        rows = [[safe(str(cell)) for cell in row] for row in block.lines]
        widths = [
            max([column.width, len(column.name), *(width_of(row[place]) for row in rows)])
            for place, column in enumerate(block.heading)
        ]
        lines.append(_heading(block.heading, widths, colour=False))
        lines += [_line(row, block.heading, widths, colour=False) for row in rows]
    return "".join(f"{line}\n" for line in lines)
