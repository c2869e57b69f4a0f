"""Listings and sheets as text."""

from __future__ import annotations

from vmconsole.presentation import fit, safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.commands.results import Block, Column, Listing, Sheet

WIDTH = 80
"""Cells of a sheet's title lines."""
BOLD, RED, GREEN, PLAIN = "\x1b[1;4m", "\x1b[31m", "\x1b[32m", "\x1b[0m"
STATE_COLOURS = {"runn": GREEN, "on": GREEN, "fail": RED, "err": RED}


def listing(table: Listing, values: dict[str, Any], *, colour: bool, cells: int | None) -> str:
    """A listing as columns.

    Args:
        cells: width of the terminal, which columns that may grow share; None where there is none.
    """
    places = {column.name: index for index, column in enumerate(table.columns)}
    columns = [table.columns[places[name]] for name in table.shown]
    chosen = [places[name] for name in table.shown]
    widths = _widths(columns, chosen, table.rows, cells)
    lines = []
    if not values.get("no_header"):
        heading = " ".join(fit(column.name, width, column.right) for column, width in zip(columns, widths, strict=True))
        lines.append(f"{BOLD}{heading}{PLAIN}" if colour else heading.rstrip())
    if not colour and _all_plain(table.rows, chosen):
        lines += _fast(table.rows, columns, chosen, widths)
    else:
        lines += [_line(row, columns, chosen, widths, colour=colour) for row in table.rows]
    return "\n".join(lines) + "\n" if lines else ""


def _widths(
    columns: Sequence[Column], chosen: Sequence[int], rows: Sequence[tuple[Any, ...]], cells: int | None
) -> list[int]:
    """Each column's width; those that may grow take what their cells need, if the terminal has it."""
    widths = [column.width for column in columns]
    spare = None if cells is None else max(0, cells - sum(widths) - len(widths) + 1)
    for index, column in enumerate(columns):
        if not (column.expands or column.name == "ID"):
            continue
        needed = max((len(str(row[chosen[index]])) for row in rows), default=0)
        grown = max(0, needed - widths[index])
        if spare is not None:
            grown = min(grown, spare)
            spare -= grown
        widths[index] += grown
    return widths


def _all_plain(rows: Sequence[tuple[Any, ...]], chosen: Sequence[int]) -> bool:
    """Whether no cell needs a second look: then whole rows can be formatted at once."""
    text = "".join([cell for row in rows for cell in row if cell.__class__ is str])
    return text.isascii() and text.isprintable()


def _fast(
    rows: Sequence[tuple[Any, ...]], columns: Sequence[Column], chosen: Sequence[int], widths: Sequence[int]
) -> list[str]:
    parts = []
    for column, place, width in zip(columns, chosen, widths, strict=True):
        cut = f".{width}" if not column.right else ""
        parts.append(f"{{{place}!s:{'>' if column.right else '<'}{width}{cut}}}")
    layout = " ".join(parts).format
    return [layout(*row).rstrip() for row in rows]


def _line(
    row: tuple[Any, ...], columns: Sequence[Column], chosen: Sequence[int], widths: Sequence[int], *, colour: bool
) -> str:
    cells = []
    for column, place, width in zip(columns, chosen, widths, strict=True):
        text = fit(safe(str(row[place])), width, column.right)
        if colour and column.name == "STAT" and (paint := STATE_COLOURS.get(str(row[place]))):
            text = f"{paint}{text}{PLAIN}"
        cells.append(text)
    return " ".join(cells).rstrip()


def csv(table: Listing, *, header: bool = True) -> str:
    """A listing as comma-separated values; a cell that a spreadsheet would take for a formula is quoted as text."""
    import csv as writer
    import io

    places = {column.name: index for index, column in enumerate(table.columns)}
    chosen = [places[name] for name in table.shown]
    text = io.StringIO()
    out = writer.writer(text, lineterminator="\n")
    if header:
        out.writerow(table.shown)
    for row in table.rows:
        out.writerow([_harmless(row[place]) for place in chosen])
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    if isinstance(cell, str):
        text = safe(cell)
        return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
    return cell


def sheet(page: Sheet, *, colour: bool) -> str:
    """A sheet as titled blocks."""
    return "\n".join(_block(block, colour=colour) for block in page.blocks)


def _block(block: Block, *, colour: bool) -> str:
    title = safe(block.title)
    lines = [f"{BOLD}{title:<{WIDTH}}{PLAIN}" if colour else title.ljust(WIDTH).rstrip()]
    lines += [f"{safe(str(key)):<20}: {safe(_text(value))}" for key, value in block.fields]
    if block.heading:
        places = range(len(block.heading))
        widths = [
            max([column.width, *(len(str(line[place])) for line in block.lines)]) if place == len(block.heading) - 1
            else max(column.width, *(len(str(line[place])) for line in block.lines), 0)
            for place, column in enumerate(block.heading)
        ]  # fmt: skip
        lines.append(
            " ".join(
                fit(column.name, width, column.right) for column, width in zip(block.heading, widths, strict=True)
            ).rstrip()
        )
        lines += [_line(line, block.heading, places, widths, colour=False) for line in block.lines]
    return "\n".join(lines) + "\n"


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
