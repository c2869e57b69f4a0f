"""Where each command is declared, so that only the module of the command at hand is imported."""

from __future__ import annotations

from importlib import import_module

from vmconsole.errors import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmconsole.commands.declaration import Command

VM = "vmconsole.commands.vm"
NOUNS = {
    "template": "vmconsole.commands.template",
    "host": "vmconsole.commands.host",
    "image": "vmconsole.commands.image",
    "datastore": "vmconsole.commands.datastore",
    "network": "vmconsole.commands.network",
    "operation": "vmconsole.commands.operation",
    "config": "vmconsole.commands.setting",
    "user": "vmconsole.commands.user",
    "cluster": "vmconsole.commands.cluster",
}
NOUN_ALIASES = {"vnet": "network", "op": "operation"}
FACES = ("top", "controller", "help")
"""First words that are no commands on the store but ways to run the program."""


def of_module(name: str) -> tuple[Command, ...]:
    """The commands a module declares."""
    commands: tuple[Command, ...] = import_module(name).COMMANDS
    return commands


def find(words: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that a line begins with, and the words behind it.

    Raises:
        Usage: there is no such command; the hint names the nearest ones.
    """
    if not words:
        raise Usage("a command is missing", code="USAGE_COMMAND", hint="vmconsole help")
    first = NOUN_ALIASES.get(words[0], words[0])
    if first in NOUNS:
        if len(words) < 2:
            verbs = ", ".join(command.words.partition(" ")[2] for command in of_module(NOUNS[first]))
            raise Usage(f"{first} needs a verb", code="USAGE_COMMAND", hint=f"one of: {verbs}")
        return _match(of_module(NOUNS[first]), f"{first} {words[1]}"), list(words[2:])
    if first == "vm" and len(words) > 1:
        return _match(of_module(VM), words[1]), list(words[2:])
    return _match(of_module(VM), first), list(words[1:])


def every() -> tuple[Command, ...]:
    """All commands, those on VMs first."""
    modules = (VM, *NOUNS.values())
    return tuple(command for module in modules for command in of_module(module))


def _match(commands: Sequence[Command], words: str) -> Command:
    for command in commands:
        if command.words == words or words in command.aliases:
            return command
    from difflib import get_close_matches

    known = [name for command in every() for name in (command.words, *command.aliases)] + list(FACES)
    near = get_close_matches(words, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "vmconsole help"
    raise Usage(f"there is no command {words!r}", code="USAGE_COMMAND", hint=hint)
