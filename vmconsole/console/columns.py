"""The columns of the VM list: what each shows, and which of them a width has room for."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from vmconsole.console.fleet import FleetModel
from vmconsole.presentation import fit, running_time
from vmconsole.store.feed import FleetRow
from vmconsole.templates.sizes import human


class Column(NamedTuple):
    """One column; `rank` says in which order columns give way when the screen is narrow, 0 never."""

    name: str
    width: int
    rank: int
    right: bool
    text: Callable[[FleetModel, FleetRow, float], str]


STAT_WIDTH = 11

_NOT_MEASURED = "-"


def _cpu(row: FleetRow) -> str:
    """Percent of one processor; a VM that uses no memory does not run, or cannot be measured."""
    if not row.memory_kib:
        return _NOT_MEASURED
    return f"{row.cpu:.1f}" if row.cpu < 1000 else f"{row.cpu:.0f}"


_COLUMNS = (
    Column("ID", 4, 0, True, lambda model, row, now: str(row.id)),
    Column("NAME", 12, 0, False, lambda model, row, now: "*" + row.name if row.resched else row.name),
    Column("STAT", STAT_WIDTH, 0, False, lambda model, row, now: ""),
    Column("CPU", 5, 1, True, lambda model, row, now: _cpu(row)),
    Column("MEM", 7, 2, True, lambda model, row, now: human(row.memory_kib) if row.memory_kib else _NOT_MEASURED),
    Column("HOST", 10, 3, False, lambda model, row, now: model.host_name(row)),
    Column("IP", 15, 5, False, lambda model, row, now: row.ips[0] if row.ips else ""),
    Column("USER", 8, 6, False, lambda model, row, now: model.user_name(row)),
    Column("GROUP", 8, 7, False, lambda model, row, now: model.group_name(row)),
    Column("TAGS", 14, 8, False, lambda model, row, now: " ".join(row.tags)),
    Column("TIME", 10, 4, True, lambda model, row, now: running_time((row.end or now) - row.start)),
)
NAMES = tuple(column.name for column in _COLUMNS)

Columns = list[tuple[Column, int]]
_WORDY = 110
"""From this width on the reason of a failure covers names and addresses only, and leaves load and host to be seen."""
_ROOMY = 60
"""From this width on names get 20 cells before any other column is added."""
_NAME_WANTS = 32
_HOST_WANTS = 20


class Layout:
    """Which columns are shown in a given width, how wide, and how a row is written into them.

    A row is written in three parts, before, at and after its state, because only the state is coloured.
    """

    def __init__(self, width: int, largest_id: int) -> None:
        widths = {column.name: column.width for column in _COLUMNS if column.rank == 0}
        if width >= _ROOMY:
            widths["NAME"] = 20
        widths["ID"] = max(4, len(str(largest_id)))
        room = width - 1 - sum(widths.values()) - len(widths)
        for column in sorted(_COLUMNS, key=lambda each: each.rank):
            if column.rank and room >= column.width + 1:
                widths[column.name] = column.width
                room -= column.width + 1
            elif column.rank:
                break
        for name, wanted in (("NAME", _NAME_WANTS), ("HOST", _HOST_WANTS), ("TAGS", width)):
            if name in widths and room > 0:
                more = min(room, max(wanted - widths[name], 0))
                widths[name] += more
                room -= more
        if room < 0:
            widths["NAME"] = max(1, widths["NAME"] + room)
        self.width = width
        self.columns = [(column, widths[column.name]) for column in _COLUMNS if column.name in widths]
        split = next(index for index, (column, _) in enumerate(self.columns) if column.name == "STAT")
        self._before, self._after = self.columns[:split], self.columns[split + 1 :]
        names = [column.name for column, _ in self._after]
        first = names.index("IP") if width >= _WORDY else 0
        last = names.index("TIME") if "TIME" in names else len(names)
        self._kept, self._covered, self._rest = self._after[:first], self._after[first:last], self._after[last:]

    def heading(self, sort: str, descending: bool) -> str:
        """The heading line, with an arrow at the column sorted by."""
        arrow = "▼" if descending else "▲"
        names = []
        for column, width in self.columns:
            name = f"{column.name}{arrow}" if column.name == sort else column.name
            names.append(fit(name, width, column.right))
        return " " + " ".join(names)

    def column_at(self, x: int) -> str:
        """The name of the column that covers a cell of the heading; empty beside them all."""
        left = 1
        for column, width in self.columns:
            if left <= x <= left + width:
                return column.name
            left += width + 1
        return ""

    def parts(self, model: FleetModel, row: FleetRow, now: float) -> tuple[str, str, str, str]:
        """The text before the state, what follows it, the reason of a failure if there is one, and the rest."""
        reason = model.trouble_of(row, now)
        before = self._written(self._before, model, row, now) + " "
        if not reason or not self._covered:
            return before, self._written(self._after, model, row, now, lead=" "), "", ""
        width = sum(width + 1 for _, width in self._covered) - 1
        return (
            before,
            self._written(self._kept, model, row, now, lead=" ") + " ",
            fit(reason, width, more="…"),
            self._written(self._rest, model, row, now, lead=" "),
        )

    @staticmethod
    def _written(columns: Columns, model: FleetModel, row: FleetRow, now: float, lead: str = "") -> str:
        texts = [fit(column.text(model, row, now), width, column.right, more="…") for column, width in columns]
        return lead + " ".join(texts) if texts else ""
