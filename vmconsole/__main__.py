"""Reads the command line as far as needed to know which one face to import, and imports that one."""

from __future__ import annotations

import sys

from vmconsole import __version__
from vmconsole.errors import Usage, VmconsoleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


class Invocation:
    """What stands before the command: how to run, on which store."""

    __slots__ = ("batch", "color", "config", "db", "demo", "script", "words")

    def __init__(self) -> None:
        self.db: str | None = None
        self.config: str | None = None
        self.batch = False
        self.demo = False
        self.script: str | None = None
        self.color = True
        self.words: list[str] = []


def read(words: Sequence[str]) -> Invocation:
    """The invocation of a command line. Raises Usage for an option that is not known."""
    invocation = Invocation()
    rest = list(reversed(words))
    while rest:
        word = rest.pop()
        flag, has_value, value = word.partition("=")
        if flag in ("--db", "--config", "--file", "-f"):
            if not has_value:
                if not rest:
                    raise Usage(f"{flag} needs a value", code="USAGE_OPTION")
                value = rest.pop()
            setattr(invocation, {"--db": "db", "--config": "config"}.get(flag, "script"), value)
        elif word == "--batch":
            invocation.batch = True
        elif word == "--demo":
            invocation.demo = True
        elif word == "--no-color":
            invocation.color = False
        elif word in ("-v", "--verbose", "--dry-run", "--no-wait", "--json", "--keep-going"):
            invocation.words.append(word)
        elif word == "--timeout":
            invocation.words += [word, rest.pop() if rest else ""]
        elif word in ("-h", "--help"):
            invocation.words.append("help")
        elif word.startswith("-") and word != "-":
            raise Usage(f"unknown option {word}", code="USAGE_OPTION", hint="vmconsole help")
        else:
            # From here on the words are the command's; options that stood before it go behind it.
            invocation.words = [word, *reversed(rest), *invocation.words]
            break
    return invocation


def main(words: Sequence[str] | None = None) -> int:
    """Run the face that the command line names; returns the exit status."""
    words = sys.argv[1:] if words is None else words
    if list(words[:1]) in (["--version"], ["-V"]):
        print(f"vmconsole {__version__}")
        return 0
    try:
        invocation = read(words)
        return _face(invocation)
    except VmconsoleError as error:
        from vmconsole.batch.output import complain

        return complain(error, json="--json" in words)


def _face(invocation: Invocation) -> int:
    import os

    from vmconsole.store.location import store_url

    url = store_url(invocation.db, os.environ)
    config = invocation.config or os.environ.get("VMCONSOLE_CONFIG") or None
    first = invocation.words[0] if invocation.words else ""
    if first == "controller":
        if "--on-demand" in invocation.words or len(invocation.words) == 1:
            from vmconsole.controller.main import main as control

            return control(url, config_path=config, foreground="--on-demand" not in invocation.words)
        raise Usage(f"controller takes no {invocation.words[1]!r}", code="USAGE_ARGUMENT")
    if first or invocation.batch or invocation.script:
        from vmconsole.batch.run import run

        return run(url, invocation.words, script=invocation.script, config_path=config)
    from vmconsole.console.run import main as console

    return console(url, demo=invocation.demo)


if __name__ == "__main__":
    sys.exit(main())
