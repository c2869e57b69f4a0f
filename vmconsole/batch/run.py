"""One command: read and print, or submit, wait and report."""

from __future__ import annotations

import os
import time

from vmconsole.batch import output
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.declaration import Option
from vmconsole.commands.parsing import parse
from vmconsole.errors import BadInput, Usage, VmconsoleError
from vmconsole.store import operations
from vmconsole.store.session import open_session
from vmconsole.store.users import current_user

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.commands.declaration import Command
    from vmconsole.commands.results import Result
    from vmconsole.store.session import Session

FORMATS = ("json", "yaml", "xml", "csv")
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
    Option("--help", "say what the command does", short="-h"),
)
"""Options that every command takes."""


def run(url: str, words: Sequence[str], *, config_path: str | None, session: Session | None = None) -> int:
    """Run a command line; returns the exit status of the contract.

    Args:
        url: the store; made when it does not exist.
        config_path: file of settings for a controller that is started on the way.
        session: the store if it is open already, for several commands in a row.
    """
    os.umask(0o077)
    try:
        return _run(url, words, config_path, session)
    except VmconsoleError as error:
        return output.complain(error, json=output.wants_json(words))
    except KeyboardInterrupt:
        output.words("vmconsole: interrupted; what was accepted goes on: vmconsole operation list --active")
        return output.INTERRUPTED
    except Exception as error:
        if os.environ.get("VMCONSOLE_TRACEBACK"):
            raise
        from vmconsole.batch.incident import recorded

        return output.complain(recorded(url, words, error), json=output.wants_json(words))


def _run(url: str, words: Sequence[str], config_path: str | None, session: Session | None) -> int:
    _check_text(words)
    if not words or words[0] in ("help", "--help", "-h"):
        return _help(words[1:])
    if words[0] in registry.FACES and _wants_help(words[1:2]):
        return _help(words[:1])
    if words[0] == "top":
        from vmconsole.batch.top import top

        return top(url, words[1:], config_path)
    words, notice = registry.modern(words)
    command, rest = registry.find(words)
    if _wants_help(rest):
        return _help(command.words.split())
    values = parse(command, rest, common=COMMON)
    values["format"] = _format(values)
    if notice:
        output.words(f"vmconsole: {notice}")
    if session is not None:
        return _perform(session, url, command, values, config_path)
    with open_session(url, create=True) as opened:
        return _perform(opened, url, command, values, config_path)


def _check_text(words: Sequence[str]) -> None:
    """Raise BadInput for words that no database can hold: bytes that are no text, and NUL."""
    text = " ".join(words)
    if text.isascii() and "\0" not in text:
        return
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise BadInput("the command line is not UTF-8 text", code="INPUT_ENCODING")


def _perform(session: Session, url: str, command: Command, values: dict[str, Any], config_path: str | None) -> int:
    context = Context(
        session, current_user(session, os.environ), "batch", time.time, summon=lambda: _summon(url, config_path),
        url=url, config=config_path,
    )  # fmt: skip
    if command.reader:
        if operations.unfinished(session):
            context.summon()  # a controller that died left work behind: any command brings the next one
        return _answer(command, context, values)
    from vmconsole.batch.asking import asker
    from vmconsole.batch.change import change

    context.ask = asker()
    return change(context, command, values)


def _summon(url: str, config_path: str | None) -> None:
    from vmconsole.commands.submission import summon

    summon(url, config_path)


def _wants_help(rest: Sequence[str]) -> bool:
    """Whether a command is only asked what it does: then nothing else on the line has to make sense."""
    options = rest[: rest.index("--")] if "--" in rest else rest
    return "--help" in options or "-h" in options


def _help(words: Sequence[str]) -> int:
    from vmconsole.batch.helping import helped

    return output.answer(helped(words))


def _format(values: dict[str, Any]) -> str:
    """The machine format that was asked for, or nothing. Raises Usage for several."""
    asked = [name for name in FORMATS if values[name]]
    if len(asked) > 1:
        raise Usage(f"--{' and --'.join(asked)} exclude each other", code="USAGE_OPTION")
    return asked[0] if asked else ""


def _answer(command: Command, context: Context, values: dict[str, Any]) -> int:
    """Print what a reading command answers; returns the exit status."""
    result: Result = command.read(context, values)
    status = output.answer(_text(command, result, values))
    if remark := getattr(result, "remark", ""):
        output.words(f"vmconsole: {remark}")
    return status or getattr(result, "exit", 0)


def _text(command: Command, result: Result, values: dict[str, Any]) -> str:
    """The answer in the format that was asked for."""
    if values["format"] in ("json", "yaml", "xml"):
        from vmconsole.batch.formats import serialised

        return serialised(result.documents(), values["format"], result.name)
    from vmconsole.batch import tables
    from vmconsole.commands.results import Listing, Sheet

    colour = output.colour_wanted()
    if isinstance(result, Listing):
        if values["format"] == "csv":
            return tables.csv(result, values)
        return tables.listing(result, values, colour=colour, cells=output.columns())
    if values["format"] == "csv":
        raise Usage(f"{command.words} answers with no table: --csv has nothing to write", code="USAGE_OPTION")
    return tables.sheet(result, colour=colour) if isinstance(result, Sheet) else result.text
