"""The `/` line over a whole fleet: the grammar of `templates.selection`, asked once for each value, not each VM."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from vmconsole.lifecycle import states
from vmconsole.store.feed import FleetRow
from vmconsole.templates.errors import SelectionError
from vmconsole.templates.selection import Predicate, search_filter

if TYPE_CHECKING:
    from vmconsole.console.fleet import FleetModel

_TERM = re.compile(r'(?:"[^"]*"|[^\s"])+')
_FIELD = re.compile(r"!?([^!<>=~]+)(?:[<>=~]|!=)")


def state_words(row: FleetRow) -> tuple[str, ...]:
    """What `state=` compares with: the short state as listed and the full name."""
    try:
        position = states.by_numbers(row.state, row.lcm)
    except KeyError:
        return (f"{row.state}/{row.lcm}",)
    return position.alias, position.name


# For each field of the grammar: the part of a row its value depends on, and the value.
FIELDS: dict[str, tuple[Callable[[FleetRow], Any], Callable[[FleetModel, FleetRow], object]]] = {
    "id": (lambda row: row.id, lambda model, row: row.id),
    "name": (lambda row: row.name, lambda model, row: row.name),
    "user": (lambda row: row.user_id, lambda model, row: model.user_name(row)),
    "group": (lambda row: row.group_id, lambda model, row: model.group_name(row)),
    "state": (lambda row: (row.state, row.lcm), lambda model, row: state_words(row)),
    "host": (lambda row: row.host_id, lambda model, row: model.host_name(row)),
    "ip": (lambda row: row.ips, lambda model, row: row.ips),
    "tag": (lambda row: row.tags, lambda model, row: row.tags),
    "cpu": (lambda row: row.cpu, lambda model, row: row.cpu),
    "mem": (lambda row: row.memory_kib, lambda model, row: row.memory_kib // 1024),
    "vcpu": (lambda row: row.vcpu, lambda model, row: row.vcpu),
    "resched": (lambda row: row.resched, lambda model, row: row.resched),
    "locked": (lambda row: row.locked, lambda model, row: int(row.locked > 0)),
    "protected": (lambda row: row.protected, lambda model, row: row.protected),
}
"""`mem` is in MiB."""

MEASURED = frozenset(("cpu", "mem"))
"""Fields that change with every sweep."""


class _Answers(dict[Any, bool]):
    """The answers of one condition by the value it depends on; there are few values and many rows."""

    def __init__(self, predicate: Predicate, field: str) -> None:
        super().__init__()
        self.predicate = predicate
        self.field = field


class Filter:
    """A compiled `/` line. Raises SelectionError with what is wrong with it."""

    def __init__(self, text: str) -> None:
        search_filter(text, FIELDS)  # says what is wrong with the whole before it is taken apart
        self.text = text
        self._words: list[tuple[str, bool]] = []
        self._conditions: list[tuple[Callable[[FleetRow], Any], _Answers]] = []
        for term in _TERM.findall(text):
            field = _FIELD.match(term)
            if field is None:
                wanted = not term.startswith("!")
                self._words.append((term.removeprefix("!").replace('"', "").lower(), wanted))
            else:
                name = field[1].strip().lower()
                self._conditions.append((FIELDS[name][0], _Answers(search_filter(term, FIELDS), name)))
        self.measures = any(answers.field in MEASURED for _, answers in self._conditions)

    def __bool__(self) -> bool:
        return bool(self._words or self._conditions)

    def passing(self, model: FleetModel, ids: Iterable[int]) -> list[int]:
        """Those of `ids` that meet every term, in the order given."""
        for word, wanted in self._words:
            hay = model.hay
            ids = [number for number in ids if (word in hay[number]) is wanted]
        rows = model.rows
        for key, answers in self._conditions:
            kept = []
            for number in ids:
                row = rows[number]
                value = key(row)
                answer = answers.get(value)
                if answer is None:
                    answer = answers[value] = answers.predicate({answers.field: FIELDS[answers.field][1](model, row)})
                if answer:
                    kept.append(number)
            ids = kept
        return list(ids)

    def forget(self) -> None:
        """Names of users, groups or hosts changed: ask again."""
        for _, answers in self._conditions:
            answers.clear()


EVERYTHING = Filter("")

__all__ = ["EVERYTHING", "FIELDS", "Filter", "SelectionError", "state_words"]
