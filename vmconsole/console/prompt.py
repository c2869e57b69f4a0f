"""What is typed at the bottom: a command, a filter or the name of a file; and what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from vmconsole.commands import registry
from vmconsole.console.command_line import CommandLine, FileLine, FilterLine
from vmconsole.console.completion import complete
from vmconsole.console.export import export
from vmconsole.console.filtering import SelectionError
from vmconsole.console.fleet import FleetModel
from vmconsole.errors import VmconsoleError

if TYPE_CHECKING:
    from vmconsole.console.names import Names

_LEAVING = ("q", "quit", "exit")


class Prompt(Vertical):
    """Holds the lines to type on; at most one of them is open.

    Args:
        names: names for completion.
        run: runs a command line.
        tell: shows a sentence; the second argument is information, warning or error.
    """

    DEFAULT_CSS = """
    Prompt { height: auto; }
    """

    class Filtered(Message):
        """The model shows other VMs."""

    def __init__(
        self, model: FleetModel, names: Names, run: Callable[[str], None], tell: Callable[[str, str], None]
    ) -> None:
        super().__init__()
        self._model = model
        self._names = names
        self._run = run
        self._tell = tell
        self._command = CommandLine(lambda line: complete(line, registry.every(), names), id="command")
        self._filter = FilterLine(id="filter")
        self._file = FileLine(id="file")

    def compose(self) -> ComposeResult:
        yield self._filter
        yield self._command
        yield self._file

    def ask_for_command(self) -> None:
        self._names.refresh(self._command.refresh_candidates)
        self._command.open_with("")

    def ask_for_filter(self) -> None:
        self._filter.open_with(self._model.filter.text)

    def ask_for_file(self) -> None:
        self._file.open_with("vms.csv")

    @on(CommandLine.Submitted)
    def _submitted(self, event: CommandLine.Submitted) -> None:
        event.stop()
        if event.text in _LEAVING:
            self.app.exit(0)
        else:
            self._run(event.text)

    @on(FilterLine.Changed)
    def _filter_changed(self, event: FilterLine.Changed) -> None:
        event.stop()
        try:
            self._model.set_filter(event.text)
        except SelectionError as error:  # half typed, as a rule: the last good filter stays
            self._filter.tell([[(f" {error}", "unknown")]])
            return
        self._filter.tell([])
        self.post_message(self.Filtered())

    @on(FileLine.Submitted)
    def _export(self, event: FileLine.Submitted) -> None:
        event.stop()
        try:
            self._tell(f"{export(self._model, event.path):,} VMs written to {event.path}", "information")
        except VmconsoleError as error:
            self._tell(error.message, "error")
