"""Options that every list takes, and what they do to its rows."""

from __future__ import annotations

from vmconsole.commands.declaration import Argument, Option
from vmconsole.commands.results import Column, Text
from vmconsole.errors import BadInput

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmconsole.commands.declaration import Values
    from vmconsole.commands.results import Listing

OWNER = Argument("owner", "owner", optional=True)
"""Filter flag of lists: a, m, g, G, or a user."""

LIST_OPTIONS = (
    Option("--list", "columns to show", short="-l", metavar="A,B"),
    Option("--filter", "rows whose cells match, like STAT=runn,CPU>50", short="-f", metavar="C=V,…"),
    Option("--operator", "how several conditions are joined", metavar="AND|OR", choices=("AND", "OR")),
    Option("--sort", "order, a leading - is descending", metavar="COL[,-COL]"),
    Option("--size", "width of a column", short="-s", metavar="COL=N", repeats=True),
    Option("--adjust", "a column as wide as its cells need", metavar="COL", repeats=True),
    Option("--expand", "a column that takes what room is left", metavar="COL", repeats=True),
    Option("--no-expand", "every column as wide as it is by itself"),
    Option("--no-header", "without the line of headings"),
    Option("--no-pager", "taken as it is meant: no list is ever paged"),
    Option("--csv-del", "what separates comma-separated values", metavar="D"),
    Option("--describe", "say what each column is, and list nothing"),
)
VM_LIST_OPTIONS = (
    *LIST_OPTIONS,
    Option("--search", "VMs with this name, MAC, IP or attribute", metavar="KEY=VALUE"),
    Option("--listconf", "a set of columns", short="-c", metavar="SET", choices=("default", "user")),
    Option("--numeric", "numbers of users and groups instead of their names", short="-n"),
    Option("--kilobytes", "memory in KiB", short="-k"),
    Option("--extended", "taken as it is meant: documents always have everything"),
)


def shape(listing: Listing, values: Values) -> None:
    """Filter, sort, and choose and size the columns of a listing, as the list options say.

    Raises:
        BadInput: an unknown column, a malformed condition or width.
    """
    places = {column.name: index for index, column in enumerate(listing.columns)}
    if values.get("filter"):
        _filter(listing, values, places)
    if values.get("sort"):
        for word in reversed(values["sort"].split(",")):
            descending = word.startswith("-")
            place = _place(word.removeprefix("-"), places)
            listing.rows = sorted(listing.rows, key=lambda row: _order(row[place]), reverse=descending)
    if values.get("list"):
        listing.shown = [listing.columns[_place(word, places)].name for word in values["list"].split(",")]
    if values.get("size") or values.get("adjust"):
        _resize(listing, values, places)
    if values.get("expand") or values.get("no_expand"):
        wanted = set() if values["no_expand"] else {_place(word, places) for word in values["expand"]}
        listing.columns = tuple(
            Column(old.name, old.width, old.help, right=old.right, expands=place in wanted)
            for place, old in enumerate(listing.columns)
        )


def _filter(listing: Listing, values: Values, places: dict[str, int]) -> None:
    from vmconsole.templates.errors import SelectionError
    from vmconsole.templates.selection import column_filter

    places = places | {old: places[name] for old, name in SYNONYMS.items() if name in places}
    try:
        wanted = column_filter(values["filter"], places, any_of=values.get("operator") == "OR")
    except SelectionError as error:
        raise BadInput(str(error), code="INPUT_FILTER") from error
    listing.rows = [row for row in listing.rows if wanted({name: row[place] for name, place in places.items()})]


def _resize(listing: Listing, values: Values, places: dict[str, int]) -> None:
    columns = list(listing.columns)
    widths: list[tuple[str, int]] = [(word, 0) for word in values["adjust"]]
    for text in values["size"]:
        name, _, width = text.partition("=")
        if not (width.isascii() and width.isdigit() and 0 < int(width[:5]) <= 1000):
            raise BadInput(f"{text!r} is no width: expected COLUMN=N", code="INPUT_COLUMN")
        widths.append((name, int(width)))
    for name, width in widths:
        place = _place(name, places)
        old = columns[place]
        needed = max((len(str(row[place])) for row in listing.rows), default=0)
        columns[place] = Column(old.name, width or max(needed, len(old.name)), old.help, right=old.right)
    listing.columns = tuple(columns)


def _place(word: str, places: dict[str, int]) -> int:
    name = SYNONYMS.get(word.upper(), word.upper())
    if name not in places:
        raise BadInput(f"there is no column {word!r}", code="INPUT_COLUMN", hint=f"columns: {', '.join(places)}")
    return places[name]


SYNONYMS = {"HOST": "HOSTNAME", "UCPU": "CPU", "UMEM": "MEM"}


def _order(cell: object) -> tuple[int, float, str]:
    """Numbers, and sizes such as 1.5G, by size and before texts; texts by the alphabet."""
    if isinstance(cell, int | float):
        return 0, float(cell), ""
    text = str(cell)
    unit = "KMGT".find(text[-1:])
    if unit >= 0 and text[:-1].replace(".", "", 1).isdecimal():
        return 0, float(text[:-1]) * 1024.0**unit, ""
    return 1, 0.0, text


def described(columns: Sequence[Column]) -> Text:
    """``COLUMN : what it is`` for every column."""
    text = "".join(f"{column.name:<15}: {column.help}\n" for column in columns)
    return Text("COLUMN", text, lambda: [{"column": column.name, "description": column.help} for column in columns])
