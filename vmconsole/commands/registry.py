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
    "backup": "vmconsole.commands.backup",
    "schedule": "vmconsole.commands.schedule",
    "domain": "vmconsole.commands.domain",
    "operation": "vmconsole.commands.operation",
    "config": "vmconsole.commands.setting",
    "user": "vmconsole.commands.user",
    "group": "vmconsole.commands.group",
    "acl": "vmconsole.commands.acl",
    "cluster": "vmconsole.commands.cluster",
    "controller": "vmconsole.commands.controller",
    "zone": "vmconsole.commands.zone",
}
NOUN_ALIASES = {"vnet": "network", "op": "operation"}
FACES = ("top", "controller", "help")
"""First words that are no commands on the store but ways to run the program."""


def of_module(name: str) -> tuple[Command, ...]:
    """The commands a module declares."""
    commands: tuple[Command, ...] = import_module(name).COMMANDS
    return commands


def every() -> tuple[Command, ...]:
    """All commands, those on VMs first, without those that live on for older habits only."""
    modules = (VM, *NOUNS.values())
    return tuple(command for module in modules for command in of_module(module) if not command.replaced_by)


def find(words: Sequence[str]) -> tuple[Command, list[str]]:
    """The command that a line begins with, and the words behind it.

    The word of an older release stands for the command of today (`modern`), a noun may be ``vm`` or left out.

    Raises:
        Usage: there is no such command; the hint names the nearest ones.
    """
    words, _ = modern(words)
    if not words:
        raise Usage("a command is missing", code="USAGE_COMMAND", hint="vmconsole help")
    noun = NOUN_ALIASES.get(words[0], words[0])
    if noun in NOUNS and not _is_action_all_the_same(noun, words[1:2]):
        commands = of_module(NOUNS[noun])
        if len(words) < 2:
            verbs = ", ".join(command.words.partition(" ")[2] for command in commands)
            raise Usage(f"{noun} needs a verb", code="USAGE_COMMAND", hint=f"one of: {verbs}")
        return _match(commands, f"{noun} {words[1]}"), list(words[2:])
    if noun == "vm" and len(words) > 1:
        return _match(of_module(VM), words[1]), list(words[2:])
    return _match(of_module(VM), words[0]), list(words[1:])


def _is_action_all_the_same(noun: str, following: Sequence[str]) -> bool:
    """Whether the noun is the name of an action, too, and no verb of its own follows: ``backup web1``."""
    verbs = [command.words.partition(" ")[2] for command in of_module(NOUNS[noun])]
    return _declared(noun) is not None and bool(following) and following[0] not in verbs


def modern(words: Sequence[str]) -> tuple[list[str], str]:
    """The line in the words of today, and a notice for the person if it was in those of an older release."""
    line = list(words)
    place = 1 if line[:1] == ["vm"] else 0
    if len(line) <= place or _is_of_today(line[place]):
        return line, ""
    from vmconsole.lifecycle import actions, aliases

    name, rest = line[place], line[place + 1 :]
    for old in aliases.NAMES:
        word, blank, flag = old.partition(" ")
        if blank and word == name and flag in rest:
            rest.remove(flag)
            name = old
            break
    meant = aliases.modern(name)
    if meant is None:
        return line, ""
    title = actions.action(meant).title
    notice = aliases.notice(name, title)
    if _declared(name) is not None:  # an old word with a meaning of its own keeps it
        return line, notice
    return [*title.split(), *rest], notice


def _is_of_today(word: str) -> bool:
    command = _declared(word)
    return word in NOUNS or word in NOUN_ALIASES or (command is not None and not command.replaced_by)


def _declared(word: str) -> Command | None:
    """The command on VMs of this name."""
    return next((command for command in of_module(VM) if command.words == word), None)


def _match(commands: Sequence[Command], words: str) -> Command:
    """The command of these words; a word of its own may also be an alias of any command."""
    for command in commands:
        if command.words == words:
            return command
    for command in every():
        if words in command.aliases:
            return command
    from difflib import get_close_matches

    known = [name for command in every() for name in (command.words, *command.aliases)] + list(FACES)
    near = get_close_matches(words, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "vmconsole help"
    raise Usage(f"there is no command {words!r}", code="USAGE_COMMAND", hint=hint)
