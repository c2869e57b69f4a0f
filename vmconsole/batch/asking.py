"""Putting questions to the person at the terminal."""

from __future__ import annotations

import sys

from vmconsole.errors import Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def asker() -> Callable[[str, bool], str] | None:
    """What puts a question, and returns the answer, to the person there is at both ends; None when there is none."""
    if sys.stdin is None or sys.stderr is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        return None
    return _ask


def _ask(question: str, secret: bool) -> str:
    """Ask; a secret answer is not shown while it is typed. Raises Usage when the person ends the input instead."""
    try:
        if secret:
            import getpass

            return getpass.getpass(question)
        sys.stderr.write(question)
        sys.stderr.flush()
        answer = sys.stdin.readline()
    except EOFError:
        answer = ""
    if not answer:
        raise Usage("nothing was done: a question was not answered", code="NOT_CONFIRMED")
    return answer.rstrip("\n")
