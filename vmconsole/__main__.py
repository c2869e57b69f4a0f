"""Reads the command line as far as needed to know which one face to import, and imports that one."""

from __future__ import annotations

import sys

from vmconsole import __version__
from vmconsole.errors import Usage, VmconsoleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_VALUES = {"--db": "db", "--config": "config"}
_SWITCHES = {
    "--batch": "batch", "--demo": "demo", "--no-color": "no_color", "--keep-going": "keep_going",
    "--version": "version", "-V": "version",
}  # fmt: skip


class Invocation:
    """How to run, and on which store; `words` is what is left: the command with its arguments and options."""

    __slots__ = ("batch", "config", "db", "demo", "keep_going", "no_color", "script", "version", "words")

    def __init__(self) -> None:
        self.db: str | None = None
        self.config: str | None = None
        self.script: str | None = None
        self.batch = False
        self.demo = False
        self.keep_going = False
        self.no_color = False
        self.version = False
        self.words: list[str] = []


def read(words: Sequence[str]) -> Invocation:
    """The invocation of a command line.

    The options of the program may stand before or after the command, up to a ``--``; only the script's ``-f`` must
    stand before it, because commands have a ``-f`` of their own. Options of the command may stand before it, too.

    Raises:
        Usage: a value is missing.
    """
    invocation = Invocation()
    early: list[str] = []
    rest = list(reversed(words))
    while rest and (word := rest.pop()) != "--":
        flag, _, _ = word.partition("=")
        in_command = bool(invocation.words)
        if flag in _VALUES:
            setattr(invocation, _VALUES[flag], _value(word, rest))
        elif word in _SWITCHES:
            setattr(invocation, _SWITCHES[word], True)
        elif in_command or not word.startswith("-") or word == "-":
            invocation.words.append(word)
        elif flag in ("-f", "--file"):
            invocation.script = _value(word, rest)
        elif flag == "--timeout":
            early.append(f"{flag}={_value(word, rest)}")
        else:
            early.append(word)
    invocation.words += early
    if rest:
        invocation.words += ["--", *reversed(rest)]
    return invocation


def _value(word: str, rest: list[str]) -> str:
    """The value of an option: behind its ``=``, or the next word."""
    flag, given, value = word.partition("=")
    if given:
        return value
    if not rest:
        raise Usage(f"{flag} needs a value", code="USAGE_OPTION")
    return rest.pop()


def main(words: Sequence[str] | None = None) -> int:
    """Run the face that the command line names; returns the exit status."""
    words = sys.argv[1:] if words is None else words
    try:
        return _face(read(words))
    except VmconsoleError as error:
        from vmconsole.batch.output import complain, wants_json

        return complain(error, json=wants_json(words))
    except KeyboardInterrupt:
        return 130


def _face(invocation: Invocation) -> int:
    import os

    if invocation.no_color:
        os.environ["NO_COLOR"] = "1"  # every face, and every library of theirs, heeds it
    if invocation.version:
        from vmconsole.batch.output import data

        data(f"vmconsole {__version__}\n")
        return 0
    from vmconsole.store.location import store_url

    url = store_url(invocation.db, os.environ)
    config = invocation.config or os.environ.get("VMCONSOLE_CONFIG") or None
    words = invocation.words
    if words[:1] == ["controller"]:
        if words[1:] in ([], ["--on-demand"]):
            from vmconsole.controller.main import main as control

            return control(url, config_path=config, foreground=len(words) == 1)
        return _batch(url, words, config)
    if invocation.script is not None:
        from vmconsole.batch.script import run_script

        return run_script(url, invocation.script, words, config_path=config, keep_going=invocation.keep_going)
    if words or invocation.batch:
        return _batch(url, words, config)
    from vmconsole.console.run import main as console

    return console(url, demo=invocation.demo, config_path=config)


def _batch(url: str, words: Sequence[str], config: str | None) -> int:
    from vmconsole.batch.run import run

    return run(url, words, config_path=config)


if __name__ == "__main__":
    sys.exit(main())
