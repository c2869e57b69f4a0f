"""A script of commands, one a line."""

from __future__ import annotations

import shlex
import sys

from vmconsole.batch import output
from vmconsole.batch.outcome import combined
from vmconsole.batch.run import run
from vmconsole.errors import NoInput, Usage
from vmconsole.store.session import open_session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_FATAL = frozenset({output.INTERRUPTED, output.PIPE_CLOSED})
"""Statuses after which nobody wants the rest."""


def run_script(url: str, path: str, options: Sequence[str], *, config_path: str | None, keep_going: bool) -> int:
    """Run the commands of a file; empty lines and lines that begin with # are passed over.

    Nothing is run when a line cannot be read.

    Args:
        path: the file, ``-`` for standard input.
        options: options that stood on the command line; every command gets them.
        keep_going: go on after a failure. The status then is that of the commands together.

    Returns:
        The status of the command that failed, 0 when none did.

    Raises:
        NoInput: the file cannot be read.
        Usage: a command stood beside the script, or a quote is not closed.
    """
    if options and not options[0].startswith("-"):
        raise Usage(f"either a script or a command: {options[0]!r} is one too many", code="USAGE_ARGUMENT")
    lines = [(number, _words(text, path, number)) for number, text in enumerate(_lines(path), 1)]
    statuses = []
    with open_session(url, create=True) as session:
        for number, words in lines:
            if not words:
                continue
            end = words.index("--") if "--" in words else len(words)
            line = [*words[:end], *options, *words[end:]]
            status = run(url, line, config_path=config_path, session=session)
            statuses.append(status)
            if status:
                output.words(f"vmconsole: script {path}, line {number}: exit {status}")
                if not keep_going or status in _FATAL:
                    return status
    return combined(statuses)


def _lines(path: str) -> list[str]:
    try:
        if path == "-":
            return sys.stdin.read().splitlines() if sys.stdin is not None else []
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except OSError as error:
        raise NoInput(f"script {path}: {error.strerror}", code="INPUT_FILE") from error
    except UnicodeDecodeError as error:
        raise NoInput(f"script {path}: it is not UTF-8 text", code="INPUT_FILE") from error


def _words(text: str, path: str, number: int) -> list[str]:
    """The words of a line, none of a comment. Raises Usage when a quote is not closed."""
    if text.lstrip().startswith("#"):
        return []
    try:
        return shlex.split(text)
    except ValueError as error:
        raise Usage(f"script {path}, line {number}: {str(error).lower()}", code="USAGE_QUOTES") from error
