"""The help: what commands there are, and what one takes; from the declarations alone."""

from __future__ import annotations

from vmconsole.batch.run import COMMON
from vmconsole.batch.top import COMMAND as TOP
from vmconsole.commands import registry
from vmconsole.commands.declaration import Option

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vmconsole.commands.declaration import Command

FACES = (
    ("vmconsole", "the console, full screen"),
    ("vmconsole --demo", "the console over a demo fleet, in a store that is thrown away"),
    ("vmconsole top [-d S]", "the list of VMs, refreshed every S seconds"),
    ("vmconsole [--batch] COMMAND …", "one command"),
    ("vmconsole --batch -f FILE|-", "a script, one command a line"),
    ("vmconsole controller", "the controller, in the foreground"),
    ("vmconsole help COMMAND", "what a command takes"),
)
PROGRAM = (
    Option("--db", "the store: a file, or postgresql://…; else VMCONSOLE_DB", metavar="URL"),
    Option("--config", "file of settings; else VMCONSOLE_CONFIG", metavar="FILE"),
    Option("--no-color", "no colours"),
    Option("--keep-going", "in a script: go on after a failure"),
    Option("--version", "the version of the program", short="-V"),
)
"""Options of the program, before or after the command."""


def helped(words: Sequence[str]) -> str:
    """The help on a command, on a noun, or on everything. Raises Usage for an unknown command."""
    if not words:
        return _overview()
    if words[0] == "top":
        return _page(TOP, common=())
    if words[0] in registry.FACES and len(words) == 1:
        face = "".join(f"{usage}\n\n  {meaning}\n" for usage, meaning in FACES if words[0] in usage.split())
        return f"{face}\n{_verbs(words[0])}" if words[0] in registry.NOUNS else face
    noun = registry.NOUN_ALIASES.get(words[0], words[0])
    if noun in registry.NOUNS and len(words) == 1:
        action = next((command for command in registry.of_module(registry.VM) if command.words == noun), None)
        return _verbs(noun) if action is None else f"{_page(action)}\n{_verbs(noun)}"
    command, _ = registry.find(words)
    return _page(command)


def _verbs(noun: str) -> str:
    return "".join(_summary(command) for command in registry.of_module(registry.NOUNS[noun]))


def _overview() -> str:
    lines = ["vmconsole: virtual machines on libvirt hosts", ""]
    lines += [f"  {usage:<30} {meaning}" for usage, meaning in FACES]
    lines += ["", "options of the program", *map(_option, PROGRAM)]
    lines += ["", "options of every command", *map(_option, COMMON)]
    return "\n".join(lines) + "\n\ncommands\n" + "".join(_summary(command) for command in registry.every())


def _summary(command: Command) -> str:
    return f"  {command.words:<24} {command.help}\n"


def _page(command: Command, common: Sequence[Option] = COMMON) -> str:
    lines = [f"vmconsole {command.usage}", "", f"  {command.help}"]
    if command.aliases:
        lines.append(f"  also: {', '.join(command.aliases)}")
    if command.options:
        lines += ["", "options", *map(_option, command.options)]
    lines += ["", "options of every command", *map(_option, common)] if common else []
    return "\n".join(lines) + "\n"


def _option(option: Option) -> str:
    flags = f"{option.short}, {option.long}" if option.short else f"    {option.long}"
    metavar = f" {option.metavar}" if option.metavar else ""
    return f"  {flags + metavar:<28} {option.help}{_choices(option)}"


def _choices(option: Option) -> str:
    return f" ({', '.join(option.choices)})" if option.choices else ""


def reference() -> str:
    """Every command with its options as the document `docs/commands.md`."""
    lines = ["# Commands", "", "Made from the declarations by `python -m vmconsole.batch.helping`.", "", "```"]
    lines += [f"{usage:<30} {meaning}" for usage, meaning in FACES]
    lines += ["```", "", "## Options of the program", "", *_rows(PROGRAM)]
    lines += ["", "## Options of every command", "", *_rows(COMMON), "", "## VMs"]
    for module in (registry.VM, *registry.NOUNS.values()):
        commands = registry.of_module(module)
        if module != registry.VM:
            lines += ["", f"## {commands[0].words.partition(' ')[0].capitalize()}"]
        for command in commands:
            if not command.replaced_by:
                lines += ["", f"### `{command.words}`", "", f"`vmconsole {command.usage}`: {command.help}."]
                lines += ["", *_rows(command.options)] if command.options else []
    return "\n".join(lines) + "\n"


def _rows(options: Iterable[Option]) -> list[str]:
    rows = ["| option | meaning |", "| --- | --- |"]
    for option in options:
        flags = f"{option.short} {option.long}".strip() + (f" {option.metavar}" if option.metavar else "")
        meaning = f"{option.help}{_choices(option)}"
        rows.append("| `{}` | {} |".format(*(text.replace("|", "\\|") for text in (flags, meaning))))
    return rows


if __name__ == "__main__":
    from vmconsole.batch.output import data

    data(reference())
