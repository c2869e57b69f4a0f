"""From words to a command and its values. The grammar is the declarations'; nothing here knows a single command."""

from __future__ import annotations

from vmconsole.errors import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.commands.declaration import Command, Option


def parse(command: Command, words: Sequence[str], *, common: Sequence[Option] = ()) -> dict[str, Any]:
    """The values of a command line, by name; switches are bool, options not given are None, repeated ones lists.

    Args:
        command: the declaration to follow.
        words: what stands behind the command's own words.
        common: options that every command takes.

    Raises:
        Usage: an unknown option, a missing value, a value outside the choices, too few or too many words.
    """
    options = (*common, *command.options)  # a command's own option wins over a common one of the same name
    by_flag = {flag: option for option in options for flag in (option.long, option.short) if flag}
    values: dict[str, Any] = {
        option.name: [] if option.repeats else (None if option.metavar else False) for option in options
    }
    plain: list[str] = []
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        if word == "--":
            plain.extend(reversed(rest))
            break
        if not word.startswith("-") or word == "-" or word[1:2].isdigit():
            plain.append(word)
            continue
        option, value = _taken(command, by_flag, word, rest)
        if option.repeats:
            values[option.name].append(value)
        else:
            values[option.name] = value
    _place(command, plain, values)
    return values


def _taken(command: Command, by_flag: dict[str, Option], word: str, rest: list[str]) -> tuple[Option, object]:
    """The option a word names, and its value; what the value or further switches take is taken from `rest`."""
    is_long = word.startswith("--")
    flag, given, value = word.partition("=") if is_long else (word[:2], word[2:], word[2:])
    option = by_flag.get(flag)
    if option is None:
        raise Usage(f"{command.words}: unknown option {flag}", code="USAGE_OPTION", hint=_hint(command))
    if option.metavar:
        if not given and not _is_left_out(option, rest):
            if not rest:
                raise Usage(f"{command.words}: {flag} needs {option.metavar}", code="USAGE_OPTION", hint=_hint(command))
            value = rest.pop()
        return option, _checked(command, option, flag, value)
    if given and is_long:
        raise Usage(f"{command.words}: {flag} takes no value", code="USAGE_OPTION", hint=_hint(command))
    if given:
        rest.append(f"-{value}")
    return option, True


def _is_left_out(option: Option, rest: list[str]) -> bool:
    """Whether an optional value is not there: the line ends, or goes on with another option."""
    return option.optional and (not rest or rest[-1].startswith("-"))


def _checked(command: Command, option: Option, flag: str, value: str) -> object:
    if option.choices and value not in option.choices:
        raise Usage(
            f"{command.words}: {flag} {value!r} is not one of {', '.join(option.choices)}",
            code="USAGE_VALUE",
            hint=_hint(command),
        )
    if option.kind == "count":
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise Usage(f"{command.words}: {flag} needs a whole number, not {value!r}", code="USAGE_VALUE")
        return int(value)
    if option.kind == "seconds":
        try:
            seconds = float(value)
        except ValueError:
            seconds = -1.0
        if not 0 < seconds < 1e7:
            raise Usage(f"{command.words}: {flag} needs a number of seconds, not {value!r}", code="USAGE_VALUE")
        return seconds
    return value


def _place(command: Command, plain: list[str], values: dict[str, Any]) -> None:
    """Put the plain words into the command's arguments, in order."""
    for argument in command.arguments:
        if not plain and not argument.optional:
            name = argument.name.upper()
            raise Usage(f"{command.words}: {name} is missing", code="USAGE_ARGUMENT", hint=_hint(command))
        if argument.many:
            values[argument.name], plain = plain, []
        else:
            values[argument.name] = plain.pop(0) if plain else None
    if plain:
        raise Usage(f"{command.words}: {plain[0]!r} is one word too many", code="USAGE_ARGUMENT", hint=_hint(command))


def _hint(command: Command) -> str:
    return f"usage: vmconsole {command.usage}; vmconsole help {command.words} tells more"
