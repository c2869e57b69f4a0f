"""Options that every list takes, and what they do to its rows."""

from __future__ import annotations

from vmconsole.commands.declaration import Argument, Option
from vmconsole.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmconsole.commands.declaration import Values
    from vmconsole.commands.results import Column, Listing

OWNER = Argument("owner", "owner", optional=True)
"""Filter flag of lists: a, m, g, G, or a user."""

LIST_OPTIONS = (
    Option("--list", "columns to show", short="-l", metavar="A,B"),
    Option("--filter", "rows whose cells match, like STAT=runn,CPU>50", short="-f", metavar="C=V,…"),
    Option("--operator", "how several conditions are joined", metavar="AND|OR", choices=("AND", "OR")),
    Option("--sort", "order, a leading - is descending", metavar="COL[,-COL]"),
    Option("--no-header", "without the line of headings"),
    Option("--describe", "say what each column is, and list nothing"),
    Option("--kilobytes", "sizes in KiB", short="-k"),
)


def shape(listing: Listing, values: Values) -> None:
    """Filter, sort and choose columns of a listing, as the list options say.

    Raises:
        BadInput: an unknown column or a malformed condition.
    """
    places = {column.name: index for index, column in enumerate(listing.columns)}
    if values.get("filter"):
        _filter(listing, values, places)
    if values.get("sort"):
        for word in reversed(values["sort"].split(",")):
            descending = word.startswith("-")
            place = _place(word.lstrip("-"), places)
            listing.rows = sorted(listing.rows, key=lambda row: _order(row[place]), reverse=descending)
    if values.get("list"):
        listing.shown = [listing.columns[_place(word, places)].name for word in values["list"].split(",")]


def _filter(listing: Listing, values: Values, places: dict[str, int]) -> None:
    from vmconsole.templates.errors import SelectionError
    from vmconsole.templates.selection import column_filter

    try:
        wanted = column_filter(values["filter"], places.keys(), any_of=values.get("operator") == "OR")
    except SelectionError as error:
        raise BadInput(str(error), code="INPUT_FILTER") from error
    names = list(places)
    listing.rows = [row for row in listing.rows if wanted(dict(zip(names, row, strict=True)))]


def _place(word: str, places: dict[str, int]) -> int:
    name = SYNONYMS.get(word.upper(), word.upper())
    if name not in places:
        raise BadInput(f"there is no column {word!r}", code="INPUT_COLUMN", hint=f"columns: {', '.join(places)}")
    return places[name]


SYNONYMS = {"HOST": "HOSTNAME", "UCPU": "CPU", "UMEM": "MEM"}


def _order(cell: object) -> tuple[int, float, str]:
    """Numbers by size and before texts; texts by the alphabet."""
    if isinstance(cell, int | float):
        return 0, float(cell), ""
    return 1, 0.0, str(cell)


def describe(columns: Sequence[Column]) -> str:
    """``COLUMN : what it is`` for every column."""
    return "".join(f"{column.name:<15}: {column.help}\n" for column in columns)
