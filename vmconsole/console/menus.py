"""The menus over the list: what can be done to VMs, what can be called off, what can be copied, what is scheduled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmconsole.console import action_menu, jobs
from vmconsole.console.guest import visits
from vmconsole.console.guest.visits import Visits
from vmconsole.console.screens.menu import Choice, Menu, copy_choices
from vmconsole.console.screens.schedules import Schedules

if TYPE_CHECKING:
    from textual.app import App

    from vmconsole.console.fleet import FleetModel
    from vmconsole.console.names import Ask
    from vmconsole.store.feed import FleetRow


class Menus:
    """Opens them over the screen, and begins with what was chosen.

    Args:
        app: for the screens and the clipboard.
        url: the store.
        ask: has something read from the store, see `reader.Reader.ask`.
        begin: begins with a command line.
        tell: shows a sentence; the second argument is information, warning or error.
        clock: Unix seconds now.
    """

    def __init__(
        self,
        app: Callable[[], App[int]],
        url: str,
        model: FleetModel,
        ask: Ask,
        begin: Callable[[str], None],
        tell: Callable[[str, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._app = app
        self._url = url
        self._model = model
        self._ask = ask
        self._begin = begin
        self._tell = tell
        self._clock = clock
        self._visits = Visits(app, url, tell, self._take_copy)

    def open(self, what: str) -> None:
        """Open one of them by its name, as keys name it."""
        {
            "actions": self.actions,
            "jobs": self.jobs,
            "agenda": self.agenda,
            "serial": self.serial,
            "display": self.display,
        }[what]()

    def actions(self) -> None:
        """Every action on the marked VMs, else on the one under the cursor; what is not possible says why."""
        targets = self._model.targets()
        found = [*jobs.choices(self._model, targets), *action_menu.choices(targets)] if targets else []
        if not targets:
            self._tell("no VM is chosen", "warning")
        elif len(targets) > 1:
            self._open(f"{len(targets):,} VMs", found, self._begin)
        else:
            self._with_visits(targets[0], found)

    def _with_visits(self, vm: FleetRow, found: list[Choice]) -> None:
        def begin(value: str) -> None:
            if not self._visits.begin(value.strip(), vm.id):
                self._begin(value)

        def opened(added: list[Choice]) -> None:
            self._open(vm.name, sorted([*found, *added], key=lambda choice: not choice.possible), begin)

        self._ask(lambda session, user: visits.choices(session, self._url, vm.id), opened)

    def jobs(self) -> None:
        """Operations to call off."""
        found = jobs.choices(self._model)
        if found:
            self._open("Call off", found, self._begin)
        else:
            self._tell("nothing runs and nothing waits", "information")

    def agenda(self) -> None:
        """The schedules of all VMs."""
        self._app().push_screen(Schedules(self._url, self._clock), _unless_left(self._begin))

    def serial(self) -> None:
        """The serial console of the VM under the cursor."""
        if self._model.cursor is not None:
            self._visits.serial(self._model.cursor)

    def display(self) -> None:
        """The ways to its display."""
        if self._model.cursor is not None:
            self._visits.display(self._model.cursor)

    def copy(self, last_line: str) -> None:
        """What can be put into the clipboard."""
        self._app().push_screen(Menu("Copy", copy_choices(self._model.current, last_line)), self._take_copy)

    def _take_copy(self, text: str | None) -> None:
        if text:
            self._app().copy_to_clipboard(text)
            self._tell(f"copied: {text}", "information")

    def _open(self, title: str, choices: list[Choice], begin: Callable[[str], None]) -> None:
        self._app().push_screen(Menu(title, choices, have_forms=True), _unless_left(begin))


def _unless_left(begin: Callable[[str], None]) -> Callable[[str | None], None]:
    return lambda line: begin(line) if line else None
