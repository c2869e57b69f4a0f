"""Names for completion: VMs from the model, the rest read from the store when the command line opens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from vmconsole.console.completion import LIMIT
from vmconsole.console.fleet import FleetModel, alias
from vmconsole.presentation import safe
from vmconsole.store import feed

if TYPE_CHECKING:
    from vmconsole.store.session import Session
    from vmconsole.store.users import User

    Ask = Callable[[Callable[[Session, User], Any], Callable[[Any], None]], None]

_LOOKED_THROUGH = 2000
"""VMs up to which a completed name is checked to be the only one; in larger fleets ids are completed."""
_VM_KINDS = frozenset(("vm", "vms"))


class Names:
    """Answers which names a kind has. See `completion.Names`.

    Args:
        ask: has something read from the store, see `reader.Reader.ask`.
    """

    def __init__(self, model: FleetModel, ask: Ask) -> None:
        self._model = model
        self._ask = ask
        self._known: dict[str, list[str]] = {}

    def __call__(self, kind: str, partial: str) -> Iterator[tuple[str, str]]:
        if kind in _VM_KINDS:
            return islice(self._vms(partial), LIMIT + 1)
        begin = partial.lower()
        return (
            (name, kind) for name in self._known.get(kind, ()) if name.lower().startswith(begin) and safe(name) == name
        )

    def _vms(self, partial: str) -> Iterator[tuple[str, str]]:
        """VMs by name or id; of a list `1,4,we` the last one is completed."""
        given, comma, last = partial.rpartition(",")
        last = last.lower()
        for within in (False, True):
            for number in self._model.order:
                row = self._model.rows[number]
                name = row.name.lower()
                begins = name.startswith(last) or str(number).startswith(last)
                if begins is not within and (begins or last in name):
                    word = row.name if self._names_one(row) else str(number)
                    yield given + comma + word, f"{number}  {row.name}  {alias(row)}"

    def _names_one(self, row: feed.FleetRow) -> bool:
        """Whether the name can be typed and means this VM alone; else its id has to do."""
        name = row.name
        return (
            len(self._model.rows) <= _LOOKED_THROUGH
            and name.isascii()
            and name.replace("-", "").replace("_", "").replace(".", "").isalnum()
            and not name.isdigit()
            and self._model.by_name(name) is not None
        )

    def refresh(self, then: Callable[[], None]) -> None:
        """Read the names anew; `then` is called whenever some have come."""
        for kind in feed.NAMED:
            self._ask(partial(_read, kind), partial(self._keep, kind, then))

    def _keep(self, kind: str, then: Callable[[], None], names: list[str]) -> None:
        if self._known.get(kind) != names:
            self._known[kind] = names
            then()

    def forget(self) -> None:
        self._known.clear()


def _read(kind: str, session: Session, user: User) -> list[str]:
    return feed.names_of(session, kind)
