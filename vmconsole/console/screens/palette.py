"""What the palette (ctrl+p) offers: every command, every key, the themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from vmconsole.commands import registry
from vmconsole.console import action_menu
from vmconsole.console.keys import COMMAND_KEYS, LIST_KEYS, SCREEN_KEYS

if TYPE_CHECKING:
    from vmconsole.commands.declaration import Command
    from vmconsole.console.app import Console


class Entry(NamedTuple):
    """One line of the palette."""

    name: str
    help: str
    run: Callable[[], object]


def open_command(console: Console, command: Command) -> None:
    """Run a command on the marked VMs, or open it to be completed."""
    console.fleet.begin(action_menu.line_of(command, console.model.targets()))


class Commands(Provider):
    """Matches what is typed against names and help."""

    def _entries(self) -> Iterator[Entry]:
        console = cast("Console", self.app)
        for key in COMMAND_KEYS:
            yield Entry(f"{key.label}  ({key.shown})", key.help, partial(console.fleet.press, key))
        for place, keys in ((console.fleet, SCREEN_KEYS), (console.fleet.table, LIST_KEYS)):
            for other in keys:
                yield Entry(f"{other.label}  ({other.shown})", other.help, partial(place.run_action, other.action))
        yield Entry("theme", "other colours; ansi-dark and ansi-light are the terminal's own", console.search_themes)
        for command in registry.every():
            yield Entry(f":{command.words}", command.help, partial(open_command, console, command))

    async def discover(self) -> Hits:
        for entry in self._entries():
            yield DiscoveryHit(entry.name, entry.run, help=entry.help)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        wanted = query.lower()
        for entry in self._entries():
            text = f"{entry.name} {entry.help}"
            # Looking for the letters in a row costs a hundredth of scoring, and is what most people mean.
            if wanted in text.lower():
                score = max(matcher.match(entry.name), 0.5)
                yield Hit(score, matcher.highlight(entry.name), entry.run, help=entry.help)
