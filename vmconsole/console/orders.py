"""From a typed line to operations: the same commands as ``--batch``, checked before anything is asked or done.

Nothing here knows a widget. `prepare`, `submit` and `read` open a session of their own, so that they may run in any
thread.
"""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from vmconsole.commands import parsing, registry, submission
from vmconsole.commands.context import Context
from vmconsole.errors import Usage
from vmconsole.lifecycle import actions
from vmconsole.store.session import open_session
from vmconsole.store.users import current_user

if TYPE_CHECKING:
    from vmconsole.commands.declaration import Command
    from vmconsole.commands.request import Request
    from vmconsole.commands.results import Result
    from vmconsole.store.session import Session

    Ask = Callable[[str, bool], str]
    """From a question, and whether the answer is secret, to the answer."""

FACE = "console"
PROGRAM = "vmconsole"


class Order(NamedTuple):
    """A line that is a command with all it needs."""

    line: str
    command: Command
    values: dict[str, Any]

    @property
    def reads(self) -> bool:
        """Whether it only answers and changes nothing."""
        return bool(self.command.reader)

    @property
    def wants_editor(self) -> bool:
        """Whether the person's editor makes the file that was not named."""
        return any(argument.edited and self.values.get(argument.name) is None for argument in self.command.arguments)

    @property
    def batch_line(self) -> str:
        """What to type in a shell for the same effect."""
        return f"{PROGRAM} {self.line}"


class Plan(NamedTuple):
    """What an order would do, found out without doing it."""

    order: Order
    requests: list[Request]

    @property
    def possible(self) -> list[Request]:
        """What there is to do and can be done."""
        return [request for request in self.requests if request.error is None and not request.already]

    @property
    def refused(self) -> list[Request]:
        """What cannot be done; the rest still can."""
        return [request for request in self.requests if request.error is not None]

    @property
    def vm_ids(self) -> list[int]:
        """The VMs it would hit, each once."""
        return list(dict.fromkeys(request.vm_id for request in self.possible if request.vm_id is not None))

    @property
    def actions(self) -> list[actions.Action]:
        """The life-cycle actions in it, each once."""
        names = dict.fromkeys(request.command for request in self.possible)
        return [action for action in actions.ACTIONS if action.name in names]

    @property
    def level(self) -> int:
        """How strongly it has to be confirmed, 0 to 3; one more where there is something to warn of."""
        level = self.order.command.level(self.order.values, len(self.vm_ids) or len(self.possible))
        return min(level + 1, 2) if self.caveats and level < 2 else level

    @property
    def caveats(self) -> list[str]:
        """What a person is warned of, each sentence once."""
        several = len(self.vm_ids) > 1
        found = [(one.label, sentence) for one in self.possible for sentence in one.caveats]
        return list(dict.fromkeys(f"{label}: {text}" if several else text for label, text in found))

    @property
    def may_snapshot(self) -> bool:
        """Whether a snapshot before it is offered: it has not been asked for, and would stay and lead back."""
        if self.order.values.get("snapshot_before") is not False or not self.actions:
            return False
        return all(one.undoable and not (one.drops_snapshots and self.caveats) for one in self.actions)

    def without(self, vm_ids: set[int]) -> Plan:
        """The same plan for the other VMs."""
        return self._replace(requests=[request for request in self.requests if request.vm_id not in vm_ids])


def understand(line: str, secrets: Mapping[str, str] | None = None) -> Order:
    """The order a line is. Raises Usage with what is wrong with it.

    Args:
        secrets: values of options, by their names, that must not stand on a line.
    """
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise Usage(f"{line}: {str(error).lower()}", code="USAGE_QUOTES") from error
    if words[:1] == [PROGRAM]:
        del words[0]
    if words[:1] == ["--batch"]:
        del words[0]
    if not words:
        raise Usage("no command was given", code="USAGE", hint="? shows the keys, ctrl+p every command")
    command, rest = registry.find(words)
    values = parsing.parse(command, rest)
    for argument in command.arguments:
        if argument.kind == "file" and values.get(argument.name):
            real_file(values[argument.name])
    return Order(shlex.join(words), command, {**values, **(secrets or {})})


def real_file(word: str) -> str:
    """The word for a file, unless it means standard input, on which the console reads the keys. Raises Usage."""
    if word == "-":
        raise Usage("standard input is the keyboard here; name a file", code="USAGE_VALUE")
    return word


def prepare(url: str, order: Order, ask: Ask | None, answers: Mapping[str, str] | None = None) -> Plan:
    """Check an order against the store, changing nothing. Raises what the command raises.

    Args:
        ask: puts a question to the person and returns the answer; called in the thread that called this.
        answers: to the questions of a template, beside those on the line.
    """
    with open_session(url, create=False) as session:
        return Plan(order, list(order.command.prepare(context(session, ask, answers), order.values)))


def submit(url: str, requests: Sequence[Request]) -> list[str]:
    """Queue operations and see to it that somebody executes them; returns their ids."""
    with open_session(url, create=False) as session:
        identities = submission.submit(context(session), requests)
    submission.summon(url)
    return [identity for identity in identities if identity]


def read(url: str, order: Order) -> Result:
    """The answer of a command that only reads."""
    with open_session(url, create=False) as session:
        return order.command.read(context(session, url=url), order.values)


def context(
    session: Session,
    ask: Ask | None = None,
    answers: Mapping[str, str] | None = None,
    *,
    url: str = "",
    clock: Callable[[], float] = time.time,
) -> Context:
    """What commands are given when the console asks them."""
    return Context(session, current_user(session, os.environ), FACE, clock, ask, answers=answers, url=url)
