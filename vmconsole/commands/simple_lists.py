"""Tables of objects that are read with one statement each."""

from __future__ import annotations

from vmconsole.commands.listing import described, shape
from vmconsole.commands.results import Listing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.commands.declaration import Values
    from vmconsole.commands.results import Column, Text


def listing(
    name: str,
    columns: tuple[Column, ...],
    rows: Sequence[tuple[Any, ...]],
    documents: Sequence[dict[str, Any]],
    values: Values,
) -> Listing | Text:
    """A table whose first column is the id by which its documents are found again after filtering and sorting."""
    if values.get("describe"):
        return described(columns)
    by_id = {document["id"]: document for document in documents}
    table = Listing(name, columns, rows, lambda: [by_id[row[0]] for row in table.rows])
    shape(table, values)
    return table


def paired(
    name: str,
    columns: tuple[Column, ...],
    pairs: Sequence[tuple[tuple[Any, ...], dict[str, Any]]],
    values: Values,
) -> Listing:
    """A table of things without an id: each row of cells with its document."""
    by_row = {id(cells): document for cells, document in pairs}
    table = Listing(name, columns, [cells for cells, _ in pairs], lambda: [by_row[id(row)] for row in table.rows])
    shape(table, values)
    return table
