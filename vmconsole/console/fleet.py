"""The fleet as the screen shows it: rows, filter, order, cursor and marks. Knows nothing of widgets.

The cursor and the marks are kept by VM id, so neither a re-sort nor an update moves them to another VM.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from vmconsole.console.filtering import EVERYTHING, Filter, state_words
from vmconsole.console.work import Work, reason
from vmconsole.lifecycle import states as at
from vmconsole.store.feed import SEARCHED, ControllerRow, FleetRow, HostRow, News

_SORT_KEYS: dict[str, Callable[[FleetModel, FleetRow], Any]] = {
    "ID": lambda model, row: row.id,
    "NAME": lambda model, row: row.name.lower(),
    "STAT": lambda model, row: (alias(row), row.lcm),
    "CPU": lambda model, row: row.cpu,
    "MEM": lambda model, row: row.memory_kib,
    "HOST": lambda model, row: model.host_name(row),
    "IP": lambda model, row: row.ips,
    "USER": lambda model, row: model.user_name(row),
    "GROUP": lambda model, row: model.group_name(row),
    "TIME": lambda model, row: -row.start,
    "TAGS": lambda model, row: row.tags,
}
FAILURE_IS_NEWS = 600.0
"""Seconds for which a failed operation is told in the row of a VM that came out of it well."""
_DESCENDING_FIRST = frozenset(("ID", "CPU", "MEM"))


def alias(row: FleetRow) -> str:
    """The short state, as in lists."""
    return at.ALIASES.get((row.state, row.lcm), "?")


def position(row: FleetRow) -> at.Position:
    """Where in its life the VM is; UNKNOWN for a pair of numbers a newer program wrote."""
    try:
        return at.by_numbers(row.state, row.lcm)
    except KeyError:
        return at.UNKNOWN


def vm_list(rows: Sequence[FleetRow]) -> str:
    """The VMs as a command line names them: `0,3..7`."""
    numbers = sorted(row.id for row in rows)
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}..{run[-1]}" if len(run) > 2 else ",".join(str(number) for number in run) for run in runs)


class FleetModel:
    """What is known of the fleet, and what part of it is shown in which order."""

    def __init__(self) -> None:
        self.rows: dict[int, FleetRow] = {}
        self.hay: dict[int, str] = {}
        """One lower-cased text a VM, which the words of a filter look into."""
        self.order: list[int] = []
        """Ids of the VMs shown, top to bottom."""
        self.hosts: dict[int, HostRow] = {}
        self.users: dict[int, str] = {}
        self.groups: dict[int, str] = {}
        self.work = Work()
        self.controller: ControllerRow | None = None
        self.pending_schedules = 0
        self.wild: dict[int, int] = {}
        """By host, how many domains run there that are nobody's VM."""
        self.complete = False
        """Whether all VMs have been read."""
        self.states: Counter[str] = Counter()
        """How many VMs there are by short state."""
        self.marks: dict[int, None] = {}
        self.filter = EVERYTHING
        self.sort = "ID"
        self.descending = True
        self.stale = False
        """Whether `order` waits for `settle`."""
        self._unconfirmed: set[int] = set()
        self._at = 0
        self._cursor: int | None = None

    # News

    def begin(self) -> None:
        """Everything will be read from the start: VMs that are not put until `end` are gone."""
        self._unconfirmed = set(self.rows)
        self.complete = False
        self.work.forget_active()

    def end(self) -> None:
        """All VMs have been read."""
        gone, self._unconfirmed = self._unconfirmed, set()
        self.complete = self.stale = True
        self.take_out(gone)

    def apply(self, news: News) -> None:
        """Take in what changed. Call `settle` when `stale` is set, but not more often than the eye needs."""
        if (news.users, news.groups) != (self.users, self.groups) or _names(news.hosts) != _names(self.hosts):
            self.users, self.groups, self.hosts = news.users, news.groups, news.hosts
            self.hay = {number: self._hay(row) for number, row in self.rows.items()}
            self.filter.forget()
            self.stale = True
        self.hosts = news.hosts
        self.controller = news.controller
        self.pending_schedules = news.pending_schedules
        self.wild = news.wild
        self.put(news.vms)
        self.take_out(news.gone)
        for operation in news.operations:
            self.work.follow(operation)

    def put(self, rows: Iterable[FleetRow]) -> None:
        """Add or replace VMs."""
        for row in rows:
            number = row.id
            old = self.rows.get(number)
            self.rows[number] = row
            if self._unconfirmed:
                self._unconfirmed.discard(number)
            if old is None:
                self.states[alias(row)] += 1
                self.hay[number] = self._hay(row)
                self.stale = True
                continue
            if old[:SEARCHED] != row[:SEARCHED]:
                self.states[alias(old)] -= 1
                self.states[alias(row)] += 1
                self.hay[number] = self._hay(row)
                self.stale = self.stale or bool(self.filter)
            if not self.stale and (self.filter.measures or self._key(old) != self._key(row)):
                self.stale = True

    def take_out(self, numbers: Iterable[int]) -> None:
        """Take VMs out that are gone; at once, for nothing may refer to a row that is not there."""
        known = [number for number in numbers if number in self.rows]
        for number in known:
            self._drop(number)
        if known:
            self.settle()

    def _drop(self, number: int) -> None:
        row = self.rows.pop(number)
        self.states[alias(row)] -= 1
        self.hay.pop(number, None)
        self.marks.pop(number, None)
        self.work.failures.pop(number, None)

    # Filter and order

    def settle(self) -> None:
        """Bring `order` up to date with rows, filter and sort; the cursor stays on its VM."""
        ids: Iterable[int] = self.rows
        if self.filter:
            ids = self.filter.passing(self, ids)
        if self.sort == "ID":
            self.order = sorted(ids, reverse=self.descending)
        else:
            key, rows = _SORT_KEYS[self.sort], self.rows
            # Equal VMs keep the order of their ids, so that the list does not tremble.
            self.order = sorted(sorted(ids), key=lambda number: key(self, rows[number]), reverse=self.descending)
        self.stale = False
        self._find_cursor()

    def set_filter(self, text: str) -> None:
        """Show only what `text` selects. Raises SelectionError, and the old filter stays."""
        self.filter = Filter(text)
        self.settle()

    def sort_by(self, column: str) -> None:
        """Sort by a column; a second time turns the order round. Raises KeyError for an unknown column."""
        if column == self.sort:
            self.descending = not self.descending
        else:
            _SORT_KEYS[column]
            self.sort, self.descending = column, column in _DESCENDING_FIRST
        self.settle()

    def _key(self, row: FleetRow) -> Any:
        return _SORT_KEYS[self.sort](self, row)

    # Cursor

    @property
    def cursor(self) -> int | None:
        """Id of the VM under the cursor; None when no VM is shown."""
        return self._cursor

    @property
    def cursor_index(self) -> int:
        """Its place in `order`."""
        return self._at

    @property
    def current(self) -> FleetRow | None:
        return None if self._cursor is None else self.rows.get(self._cursor)

    def move_to(self, index: int) -> bool:
        """Put the cursor on a place of `order`, or the nearest there is. False when it was there already."""
        if not self.order:
            return False
        index = max(0, min(index, len(self.order) - 1))
        moved = index != self._at
        self._at, self._cursor = index, self.order[index]
        return moved

    def _find_cursor(self) -> None:
        order = self.order
        if not order:
            self._at, self._cursor = 0, None
            return
        if self._cursor is not None and not (self._at < len(order) and order[self._at] == self._cursor):
            try:
                self._at = order.index(self._cursor)
            except ValueError:  # filtered out or gone: stay at the place, on its neighbour
                pass
        self._at = min(self._at, len(order) - 1)
        self._cursor = order[self._at]

    # Marks

    def toggle_mark(self, number: int) -> None:
        if number in self.marks:
            del self.marks[number]
        elif number in self.rows:
            self.marks[number] = None

    def mark_shown(self) -> None:
        """Mark every VM that the filter shows."""
        self.marks.update(dict.fromkeys(self.order))

    def invert_marks(self) -> None:
        """Turn round the marks of the VMs shown; hidden ones keep theirs."""
        for number in self.order:
            self.toggle_mark(number)

    @property
    def hidden_marks(self) -> int:
        """Marked VMs that the filter hides: a command would hit them all the same."""
        if not self.marks or not self.filter:
            return 0
        return len(self.marks) - len(self.filter.passing(self, list(self.marks)))

    def targets(self) -> list[FleetRow]:
        """The VMs a command acts on: the marked ones, else the one under the cursor."""
        if self.marks:
            return [self.rows[number] for number in self.marks]
        return [self.current] if self.current is not None else []

    def trouble_of(self, row: FleetRow, now: float) -> str:
        """Why the VM is in a failure state, why its last operation failed a while ago, or why it is not placed."""
        failure = self.work.failures.get(row.id)
        if failure is None:
            return row.message
        if position(row).is_failure or now - (failure["ended"] or now) < FAILURE_IS_NEWS:
            return reason(failure)
        return ""

    # Names

    def user_name(self, row: FleetRow) -> str:
        return self.users.get(row.user_id, str(row.user_id))

    def group_name(self, row: FleetRow) -> str:
        return self.groups.get(row.group_id, str(row.group_id))

    def host_of(self, row: FleetRow) -> HostRow | None:
        """The host that keeps capacity for the VM; the others are not shown (ON-014 to ON-018)."""
        if row.host_id is None or not at.shows_host(position(row)):
            return None
        return self.hosts.get(row.host_id)

    def host_name(self, row: FleetRow) -> str:
        host = self.host_of(row)
        return "" if host is None else host.name

    def by_name(self, name: str) -> FleetRow | None:
        """The VM with that name, if there is exactly one."""
        found = [row for row in self.rows.values() if row.name == name]
        return found[0] if len(found) == 1 else None

    def _hay(self, row: FleetRow) -> str:
        words = (
            row.name, str(row.id), self.host_name(row), self.user_name(row), self.group_name(row), *state_words(row),
            *row.ips, *row.tags,
        )  # fmt: skip
        return "\n".join(words).lower()


def _names(hosts: dict[int, HostRow]) -> dict[int, str]:
    return {number: host.name for number, host in hosts.items()}
