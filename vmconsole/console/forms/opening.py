"""Opens the form of a command, filled with what is known already."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from vmconsole.commands import registry
from vmconsole.commands.scheduling import SCHED
from vmconsole.console.fleet import vm_list
from vmconsole.console.forms.filling import values_of
from vmconsole.errors import Usage, VmconsoleError
from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.options import to_options
from vmconsole.schedules.records import from_document

if TYPE_CHECKING:
    from textual.app import App

    from vmconsole.commands.declaration import Command
    from vmconsole.console.completion import Names
    from vmconsole.console.fleet import FleetModel
    from vmconsole.console.forms.filling import Filled
    from vmconsole.store.feed import FleetRow

_NO_PARAMETER = ("variant", "schedule")
"""Kinds of options without which an action is complete."""


def wants_more(command: Command, given: int) -> bool:
    """Whether a command that changes something has more to be told than its first words.

    Args:
        given: how many of its arguments are known.
    """
    if command.reader:
        return any(not argument.optional for argument in command.arguments[given:])
    if any(not argument.optional for argument in command.arguments[given:]):
        return True
    return any(option.metavar and option.kind not in _NO_PARAMETER for option in command.options)


def update_line(place: str, document: Mapping[str, Any]) -> str:
    """The line that changes a schedule, with its rule as it is, for the form.

    Args:
        place: the VM and the number of the schedule.
        document: the schedule, as JSON shows it.
    """
    line = f"schedule update {place} "
    try:
        texts = to_options(from_document(document))
    except ScheduleError:  # it cannot be followed, so there is nothing to begin with
        return line
    flags = {option.name: option.long for option in SCHED}
    words = [word for name, text in texts.items() for word in (flags[name.removesuffix("_name")], text)]
    return f"{line}{shlex.join(words)} "


class Forms:
    """Opens forms over the screen.

    Args:
        url: the store.
        names: names of VMs.
        run: does what a form gave.
        tell: shows a sentence; the second argument is information, warning or error.
        clock: Unix seconds now.
    """

    def __init__(
        self,
        app: Callable[[], App[int]],
        url: str,
        model: FleetModel,
        names: Names,
        run: Callable[[Filled], None],
        tell: Callable[[str, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._app = app
        self._url = url
        self._model = model
        self._names = names
        self._run = run
        self._tell = tell
        self._clock = clock

    def open(self, line: str) -> None:
        """Open the form of the command that a line begins with, with what the line says filled in."""
        from vmconsole.console.screens.form import Form

        try:
            command, rest = registry.find(_words(line))
            values = values_of(command, rest)
        except VmconsoleError as error:
            self._tell(error.advice, "error")
            return
        self._put_targets(command, values)
        form = Form(self._url, command, values, names=self._names, vm_named=self._vm_named, clock=self._clock)
        self._app().push_screen(form, self._done)

    def _put_targets(self, command: Command, values: dict[str, str]) -> None:
        """Where no VM is named, those are meant that a key would act on."""
        first = next(iter(command.arguments), None)
        if first is not None and not values[first.name]:
            if first.kind == "vms":
                values[first.name] = vm_list(self._model.targets())
            elif first.kind == "vm" and self._model.current is not None:
                values[first.name] = str(self._model.current.id)

    def _done(self, filled: Filled | None) -> None:
        if filled is not None:
            self._run(filled)

    def _vm_named(self, text: str) -> FleetRow | None:
        """The first VM of a list such as `3,8..15` or `web,db`."""
        word = text.partition(",")[0].partition("..")[0].strip()
        if word.isascii() and word.isdigit():
            return self._model.rows.get(int(word))
        return self._model.by_name(word) if word else None


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise Usage(f"{line}: {str(error).lower()}", code="USAGE_QUOTES") from error
