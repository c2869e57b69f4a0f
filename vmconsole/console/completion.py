"""What may come next on the command line. Pure: reads the declarations and is given the names."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from vmconsole.commands.declaration import Argument, Command, Option

LIMIT = 50

Names = Callable[[str, str], Iterable[tuple[str, str]]]
"""From a kind and the beginning of a word to names with a short description each."""


class Candidate(NamedTuple):
    """A word that may stand here; `help` says what it is."""

    word: str
    help: str


class Completion(NamedTuple):
    """What may replace the last, unfinished word of a line."""

    start: int
    """Where that word begins."""
    candidates: list[Candidate]
    command: Command | None
    """The command the line has, once its words are complete."""


def complete(line: str, commands: Sequence[Command], names: Names) -> Completion:
    """What the last word of `line` may become, best first, at most 50.

    Args:
        line: what stands before the cursor.
        commands: every command there is.
        names: asked for VMs, hosts, templates and so on.
    """
    start = _last_word(line)
    partial = line[start:]
    words = _words(line[:start])
    command, rest = _longest(words, commands)
    if command is None:
        return Completion(start, _commands(words, partial, commands), None)
    found = _values(command, rest, partial, names)
    if not rest:
        found = [*_commands(words, partial, commands), *found]
    return Completion(start, found[:LIMIT], command)


def _last_word(line: str) -> int:
    """Where the last word begins; blanks in quotes do not end a word."""
    start, quote = 0, ""
    for index, char in enumerate(line):
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char.isspace():
            start = index + 1
    return start


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def _spellings(command: Command) -> Iterable[list[str]]:
    for spelling in (command.words, *command.aliases):
        yield spelling.split()


def _longest(words: list[str], commands: Sequence[Command]) -> tuple[Command | None, list[str]]:
    """The command with the most words that `words` begins with, and the words behind it."""
    best: Command | None = None
    length = 0
    for command in commands:
        for spelling in _spellings(command):
            if len(spelling) > length and words[: len(spelling)] == spelling:
                best, length = command, len(spelling)
    return best, words[length:]


def _commands(words: list[str], partial: str, commands: Sequence[Command]) -> list[Candidate]:
    """The next words of commands that go on like this."""
    found: dict[str, str] = {}
    for command in commands:
        spelling = command.words.split()
        if len(spelling) > len(words) and spelling[: len(words)] == words and spelling[len(words)].startswith(partial):
            last = len(spelling) == len(words) + 1
            found.setdefault(spelling[len(words)], command.help if last else "…")
    return [Candidate(word, about) for word, about in sorted(found.items())]


def _values(command: Command, rest: list[str], partial: str, names: Names) -> list[Candidate]:
    options = {flag: option for option in command.options for flag in (option.long, option.short) if flag}
    if partial.startswith("--") and "=" in partial:
        flag, _, value = partial.partition("=")
        found = _of_option(options.get(flag), value, names)
        return [Candidate(f"{flag}={candidate.word}", candidate.help) for candidate in found]
    if partial.startswith("-"):
        return _flags(command, rest, partial)
    if rest and (option := options.get(rest[-1])) is not None and option.metavar:
        return _of_option(option, partial, names)
    argument = _expected(command, rest, options)
    if argument is None:
        return _flags(command, rest, partial) if not partial else []
    return [Candidate(shlex.quote(word), about) for word, about in names(argument.kind, partial)]


def _of_option(option: Option | None, partial: str, names: Names) -> list[Candidate]:
    if option is None:
        return []
    if option.choices:
        return [Candidate(choice, "") for choice in option.choices if choice.startswith(partial)]
    return [Candidate(shlex.quote(word), about) for word, about in names(option.kind, partial)]


def _flags(command: Command, rest: list[str], partial: str) -> list[Candidate]:
    return [
        Candidate(option.long, f"{option.metavar}  {option.help}".strip())
        for option in command.options
        if option.long.startswith(partial) and (option.repeats or option.long not in rest)
    ]


def _expected(command: Command, rest: list[str], options: dict[str, Option]) -> Argument | None:
    """The argument the next plain word would be."""
    plain = 0
    skip = False
    for word in rest:
        if skip:
            skip = False
        elif word.startswith("-") and len(word) > 1:
            option = options.get(word)
            skip = option is not None and bool(option.metavar)
        else:
            plain += 1
    if plain < len(command.arguments):
        return command.arguments[plain]
    last = command.arguments[-1] if command.arguments else None
    return last if last is not None and last.many else None
