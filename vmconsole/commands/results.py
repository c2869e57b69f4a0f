"""What a reading command answers: a table or a sheet of blocks, with the documents that JSON prints instead."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Row = tuple[Any, ...]
    Documents = Callable[[], Any]


class Column:
    """A column of a table: its heading, width in cells, side, whether it may grow, and what it holds."""

    __slots__ = ("expands", "help", "name", "right", "width")

    def __init__(self, name: str, width: int, help: str, *, right: bool = False, expands: bool = False) -> None:
        self.name = name
        self.width = width
        self.help = help
        self.right = right
        self.expands = expands


class Listing:
    """Rows under columns.

    Args:
        columns: all columns there are for this kind of row, in default order.
        shown: names of the columns to print.
        rows: one tuple for each row with a cell for every column of `columns`, as text or number.
        documents: builds the JSON array; called only when JSON, YAML or XML is asked for.
        name: singular noun of a row (``VM``), for XML and YAML.

    `remark` is what a person had better know of it, beside the answer.
    """

    __slots__ = ("columns", "documents", "name", "remark", "rows", "shown")

    def __init__(
        self,
        name: str,
        columns: tuple[Column, ...],
        rows: Sequence[Row],
        documents: Documents,
        shown: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.remark = ""
        self.columns = columns
        self.rows = rows
        self.documents = documents
        self.shown = shown or tuple(column.name for column in columns)


class Block:
    """A titled part of a sheet: either lines of a key and its value, or a small table with a heading row.

    With `assignments` the lines read ``KEY="value"``, as in a template; the values are quoted already.
    """

    __slots__ = ("assignments", "fields", "heading", "lines", "title")

    def __init__(
        self,
        title: str,
        fields: Sequence[tuple[str, Any]] = (),
        *,
        heading: Sequence[Column] = (),
        lines: Sequence[Row] = (),
        assignments: bool = False,
    ) -> None:
        self.title = title
        self.fields = fields
        self.assignments = assignments
        self.heading = heading
        self.lines = lines


class Sheet:
    """One object in blocks; `documents` builds its JSON document.

    `exit` is the exit status of who asked for it: what is said may be that something is not well.
    `remark` is what a person had better know of it, beside the answer.
    """

    __slots__ = ("blocks", "documents", "exit", "name", "remark")

    def __init__(self, name: str, blocks: Sequence[Block], documents: Documents, *, exit: int = 0) -> None:
        self.exit = exit
        self.remark = ""
        self.name = name
        self.blocks = blocks
        self.documents = documents


class Text:
    """Plain text as it is; `documents` builds what JSON says instead."""

    __slots__ = ("documents", "name", "text")

    def __init__(self, name: str, text: str, documents: Documents) -> None:
        self.name = name
        self.text = text
        self.documents = documents


if TYPE_CHECKING:
    Result = Listing | Sheet | Text
