"""What a command is made of. Plain classes: every batch run imports this, and dataclasses cost more than a listing."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.request import Request
    from vmconsole.commands.results import Result

    Values = dict[str, Any]


class Argument:
    """A positional word. `kind` names what it refers to, for checks and completion: vm, vms, host, template, file …

    A file that is `edited` is made in the person's editor when it is left out.
    """

    __slots__ = ("edited", "kind", "many", "name", "optional")

    def __init__(
        self, name: str, kind: str, *, optional: bool = False, many: bool = False, edited: bool = False
    ) -> None:
        self.name = name
        self.kind = kind
        self.optional = optional or edited
        self.many = many
        self.edited = edited


class Option:
    """An option. Without `metavar` it is a switch; with `repeats` its values are collected in a list.

    `name` is the key of its value, where that is not the option's own word. With `optional` the value may be left out,
    and is then empty.
    """

    __slots__ = ("choices", "help", "kind", "long", "metavar", "name", "optional", "repeats", "short")

    def __init__(
        self,
        long: str,
        help: str,
        *,
        short: str = "",
        metavar: str = "",
        kind: str = "text",
        choices: tuple[str, ...] = (),
        repeats: bool = False,
        name: str = "",
        optional: bool = False,
    ) -> None:
        self.long = long
        self.short = short
        self.help = help
        self.metavar = metavar
        self.kind = kind
        self.choices = choices
        self.repeats = repeats
        self.optional = optional
        self.name = name or long.lstrip("-").replace("-", "_")


class Command:
    """One command: its words, what it takes, and either how it reads or how it becomes operations.

    Args:
        words: "host create"; commands on VMs have one word.
        help: one line; empty for an action of the life-cycle, whose own help it then is.
        arguments, options: what it takes.
        reader: "module:function" that answers at once, from the store and this machine, and leaves the store as it is.
        preparer: "module:function" that checks everything that can be checked before anything changes, and returns the
            operations to submit. Both are imported on use: a listing must not pay for what only a change needs.
        action: whether the command is an action of the life-cycle, by the same name.
        level: how strongly a person is asked before it is done, 0 not at all … 3 by typing a name; the life-cycle's own
            table says it for actions.
        aliases: other words for it.
        replaced_by: the command of today, for one that only older habits ask for; it is offered nowhere.
    """

    __slots__ = (
        "_help", "_level", "action", "aliases", "arguments", "options", "preparer", "reader", "replaced_by", "words",
    )  # fmt: skip

    def __init__(
        self,
        words: str,
        help: str = "",
        arguments: tuple[Argument, ...] = (),
        options: tuple[Option, ...] = (),
        *,
        reader: str = "",
        preparer: str = "",
        action: bool = False,
        level: int = 0,
        aliases: tuple[str, ...] = (),
        replaced_by: str = "",
    ) -> None:
        self.words = words
        self._help = help
        self.arguments = arguments
        self.options = options
        self.reader = reader
        self.preparer = preparer
        self.action = action
        self._level = level
        self.aliases = aliases
        self.replaced_by = replaced_by

    @property
    def help(self) -> str:
        """One line of what it does."""
        if self._help or not self.action:
            return self._help
        from vmconsole.lifecycle import actions

        return actions.of_command(self.words).help

    @property
    def usage(self) -> str:
        """``deploy VMS HOST [DATASTORE] [options]``"""
        parts = [self.words]
        for argument in self.arguments:
            word = argument.name.upper() + ("…" if argument.many else "")
            parts.append(f"[{word}]" if argument.optional else word)
        if self.options:
            parts.append("[options]")
        return " ".join(parts)

    def level(self, values: Values, count: int) -> int:
        """How strongly to ask before this is done to `count` objects with these values."""
        if not self.action:
            return self._level
        from vmconsole.lifecycle import actions

        return int(actions.danger(actions.of_command(self.words, self.flag(values)), count))

    def flag(self, values: Values) -> str:
        """The switch among `values` that selects a variant of the action: ``--hard``, ``--live``; or nothing."""
        chosen = [option.long for option in self.options if option.kind == "variant" and values.get(option.name)]
        return chosen[0] if chosen else ""

    def read(self, context: Context, values: Values) -> Result:
        """What a reading command answers."""
        result: Result = _load(self.reader)(context, self, values)
        return result

    def prepare(self, context: Context, values: Values) -> Sequence[Request]:
        """The operations a changing command stands for; nothing has changed yet."""
        requests: Sequence[Request] = _load(self.preparer)(context, self, values)
        return requests


def _load(reference: str) -> Any:
    from importlib import import_module

    module, _, function = reference.partition(":")
    return getattr(import_module(module), function)
