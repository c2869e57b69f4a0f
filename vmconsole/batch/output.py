"""The only writer to standard output and standard error: data to the one, words to the other, each in one piece."""

from __future__ import annotations

import os
import sys

from vmconsole.errors import OutputFailed
from vmconsole.presentation import safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmconsole.errors import VmconsoleError

API = "vmconsole/1"
"""Version of the JSON documents: within it, fields may come but never change or go."""
MAX_LINE = 300
"""Characters of an error's one line."""
MAX_HINT = 120
"""Characters of it that the hint may take from the message."""
DASH = " \N{EN DASH} "
INTERRUPTED = 130
"""Status of a program that the person at the keyboard has interrupted."""
PIPE_CLOSED = 141
"""Status of a program whose reader went away, as if SIGPIPE had ended it."""


class ReaderGone(OutputFailed):
    """Whoever read standard output has closed it."""


def data(text: str) -> None:
    """Write a whole answer to standard output.

    Raises:
        ReaderGone: nobody reads it any more.
        OutputFailed: it is closed, or its disk is full.
    """
    if not text:
        return
    out = sys.stdout
    if out is None:
        raise OutputFailed("standard output is closed: the answer is lost", code="OUTPUT_CLOSED")
    try:
        out.write(text)
        out.flush()
    except BrokenPipeError as error:
        _forget_output()
        raise ReaderGone("standard output: its reader has gone", code="OUTPUT_CLOSED") from error
    except UnicodeEncodeError:
        data(text.encode("ascii", "backslashreplace").decode("ascii"))
    except (OSError, ValueError) as error:
        _forget_output()
        reason = error.strerror if isinstance(error, OSError) else error
        raise OutputFailed(f"standard output: {reason}", code="OUTPUT") from error


def answer(text: str) -> int:
    """Write the answer of a command that changed nothing; returns its exit status.

    A reader that went away, as `head` does, has read enough: the program ends without a word.

    Raises:
        OutputFailed: standard output is closed, or its disk is full.
    """
    try:
        data(text)
    except ReaderGone:
        return PIPE_CLOSED
    return 0


def _forget_output() -> None:
    """What Python still holds for standard output would be tried, and complained about, once more at exit."""
    sys.stdout = None
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def words(text: str) -> None:
    """A line to standard error, if there is anybody to read it."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(safe(text) + "\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        pass


def complain(error: VmconsoleError, *, json: bool) -> int:
    """Say what went wrong, in one line and, if so wished, as a JSON document; returns the exit status."""
    if json:
        from vmconsole.batch.formats import dump

        try:
            data(dump({"api": API, "ok": False, "exit": error.exit, "error": error.document(), "results": []}) + "\n")
        except OutputFailed:
            pass  # the line on standard error is what is left
    words(line(error))
    return error.exit


def line(error: VmconsoleError) -> str:
    """``vmconsole: error[CODE]: what happened``, a dash and ``what to do``, in one line of at most 300 characters."""
    begin = f"vmconsole: error[{error.code}]: "
    hint = DASH + safe(_joined(error.hint), MAX_HINT) if error.hint else ""
    return begin + safe(_joined(error.message), MAX_LINE - len(begin) - len(hint)) + hint


def _joined(text: str) -> str:
    return " ".join(text.split())


def wants_json(words: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, even one that makes no sense otherwise."""
    options = words[: words.index("--")] if "--" in words else words
    return "--json" in options or "-j" in options


def terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout is not None and sys.stdout.isatty()


def columns() -> int | None:
    """Width in cells of the terminal that reads the answer; None where none does."""
    return os.get_terminal_size(1).columns or None if terminal() else None


def colour_wanted() -> bool:
    """Whether colours reach somebody who wants them."""
    return terminal() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "") != "dumb"
