"""The help: what commands there are, and what one takes; from the declarations alone."""

from __future__ import annotations

from vmconsole.commands import registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmconsole.commands.declaration import Command, Option

_HEAD = """\
vmconsole: virtual machines on libvirt hosts

  vmconsole                       the console, full screen
  vmconsole top [-d S]            the list, refreshed every S seconds
  vmconsole [--batch] COMMAND …   one command
  vmconsole --batch -f FILE|-     a script, one command a line
  vmconsole controller            the controller, in the foreground
  vmconsole help COMMAND          what a command takes

options before a command: --db URL, --config FILE, --demo, --version
"""


def helped(words: Sequence[str]) -> str:
    """The help on a command, on a noun, or on everything. Raises Usage for an unknown command."""
    if not words:
        return _HEAD + "\n" + "".join(_summary(command) for command in registry.every())
    if words[0] in registry.NOUNS and len(words) == 1:
        return "".join(_summary(command) for command in registry.of_module(registry.NOUNS[words[0]]))
    command, _ = registry.find(words)
    return _page(command)


def _summary(command: Command) -> str:
    return f"  {command.words:<24} {command.help}\n"


def _page(command: Command) -> str:
    from vmconsole.batch.run import COMMON

    lines = [f"vmconsole {command.usage}", "", f"  {command.help}"]
    if command.aliases:
        lines.append(f"  also: {', '.join(command.aliases)}")
    if command.options:
        lines += ["", "options", *(_option(option) for option in command.options)]
    lines += ["", "options of every command", *(_option(option) for option in COMMON)]
    return "\n".join(lines) + "\n"


def _option(option: Option) -> str:
    flags = f"{option.short}, {option.long}" if option.short else f"    {option.long}"
    metavar = f" {option.metavar}" if option.metavar else ""
    choices = f" ({', '.join(option.choices)})" if option.choices else ""
    return f"  {flags + metavar:<28} {option.help}{choices}"
