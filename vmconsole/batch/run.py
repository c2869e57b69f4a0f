"""One command, or a script of them: read and print, or submit, wait and report."""

from __future__ import annotations

import os
import sys
import time

from vmconsole.batch import output
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.declaration import Option
from vmconsole.commands.parsing import parse
from vmconsole.errors import Internal, NoInput, Usage, VmconsoleError
from vmconsole.store import operations
from vmconsole.store.session import open_session
from vmconsole.store.users import current_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.commands.declaration import Command
    from vmconsole.store.session import Session

COMMON = (
    Option("--json", "answer as JSON", short="-j"),
    Option("--yaml", "answer as YAML", short="-y"),
    Option("--xml", "answer as XML", short="-x"),
    Option("--csv", "answer as comma-separated values"),
    Option("--verbose", "say what was done", short="-v"),
    Option("--dry-run", "say what would be done, and change nothing"),
    Option("--no-wait", "print the operation's id instead of waiting for its end"),
    Option("--timeout", "how long to wait", metavar="S", kind="seconds"),
    Option("--yes", "no questions", short="-Y"),
    Option("--no-color", "no colours"),
    Option("--help", "say what the command does", short="-h"),
    Option("--keep-going", "in a script: go on after a failure"),
)
"""Options that every command takes."""

INTERRUPTED = 130


def run(url: str, words: Sequence[str], *, script: str | None, config_path: str | None) -> int:
    """Run a command line, or the script it names.

    Args:
        script: file of commands, one a line, ``-`` for standard input.

    Returns:
        The exit status of the contract.
    """
    os.umask(0o077)
    try:
        if script is not None:
            return _script(url, words, script, config_path)
        return _command(url, words, config_path)
    except KeyboardInterrupt:
        output.words("vmconsole: interrupted; what was accepted goes on: vmconsole operation list --active")
        return INTERRUPTED


def _script(url: str, options: Sequence[str], path: str, config_path: str | None) -> int:
    """Run a script; it stops at the first failure unless told to keep going."""
    import shlex

    try:
        if path == "-":
            lines = sys.stdin.read().splitlines()
        else:
            with open(path, encoding="utf-8") as file:
                lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return output.complain(NoInput(f"script {path}: {reason}", code="INPUT_FILE"), json="--json" in options)
    worst = 0
    for number, line in enumerate(lines, 1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            status = output.complain(Usage(f"script {path}, line {number}: {error}"), json=False)
            words = []
        else:
            if not words:
                continue
            status = _command(url, [*words, *(word for word in options if word != "--keep-going")], config_path)
        if status:
            output.words(f"vmconsole: script {path}, line {number}: exit {status}")
            worst = worst or status
            if "--keep-going" not in options:
                return status
    return worst


def _command(url: str, words: Sequence[str], config_path: str | None) -> int:
    as_json = "--json" in words or "-j" in words
    try:
        if words[:1] == ["top"]:
            from vmconsole.batch.top import top

            return top(url, words[1:])
        if not words or words[0] == "help":
            from vmconsole.batch.helping import helped

            output.data(helped(words[1:]))
            return 0
        command, rest = registry.find(words)
        values = parse(command, rest, common=COMMON)
        if values["help"]:
            from vmconsole.batch.helping import helped

            output.data(helped(command.words.split()))
            return 0
        output.only_one_format(values)
        with open_session(url, create=True) as session:
            return _perform(session, url, command, values, config_path)
    except VmconsoleError as error:
        return output.complain(error, json=as_json)
    except Exception as error:
        if os.environ.get("VMCONSOLE_TRACEBACK"):
            raise
        bug = Internal(
            f"{type(error).__name__} in {' '.join(words[:2])}: this is a bug", hint="VMCONSOLE_TRACEBACK=1 shows where"
        )
        return output.complain(bug, json=as_json)


def _perform(session: Session, url: str, command: Command, values: dict[str, Any], config_path: str | None) -> int:
    context = Context(session, current_user(session, os.environ), "batch", time.time, _asker())
    if command.reader:
        _answer(command.read(context, values), values)
        if operations.unfinished(session):
            from vmconsole.commands.submission import summon

            summon(url, config_path)  # a controller that died left work behind; any command brings the next one
        return 0
    from vmconsole.batch.change import change

    return change(context, url, command, values, config_path)


def _answer(result: Any, values: dict[str, Any]) -> None:
    """Print what a reading command found, in the format that was asked for."""
    from vmconsole.commands.results import Listing, Sheet

    if isinstance(result, Listing | Sheet):
        if values["json"] or values["yaml"] or values["xml"]:
            document = result.documents() if isinstance(result, Listing) else result.document()
            output.data(output.serialised(document, values, result.name) or "")
            return
        from vmconsole.batch import tables

        colour = output.colour_wanted() and not values["no_color"]
        if isinstance(result, Sheet):
            output.data(tables.sheet(result, colour=colour))
        elif values["csv"]:
            output.data(tables.csv(result, header=not values.get("no_header")))
        else:
            output.data(tables.listing(result, values, colour=colour, cells=_cells()))
        return
    output.data(result.text)


def _cells() -> int | None:
    """Width of the terminal that reads the answer, None where none does."""
    return os.get_terminal_size(1).columns if output.terminal() else None


def _asker() -> Any:
    """How to put a question to the person, if there is one at both ends."""
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        return None

    def ask(question: str, secret: bool) -> str:
        if secret:
            import getpass

            return getpass.getpass(question)
        sys.stderr.write(question)
        sys.stderr.flush()
        return sys.stdin.readline().rstrip("\n")

    return ask
