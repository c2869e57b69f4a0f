"""What the store says of a form that is filled in: whether its line would be taken, and what a template asks.

Nothing here changes anything; every function may run in any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vmconsole.commands import acting, instantiation, targets
from vmconsole.console import orders
from vmconsole.console.forms.fields import ANSWERS
from vmconsole.errors import VmconsoleError
from vmconsole.store.session import open_session
from vmconsole.templates.errors import BadInput
from vmconsole.templates.vm import check

if TYPE_CHECKING:
    from vmconsole.commands.declaration import Command
    from vmconsole.console.forms.filling import Filled
    from vmconsole.templates.user_inputs import UserInput


def problem(url: str, filled: Filled) -> tuple[str, bool]:
    """Why the line would not be carried out, empty if it would; and whether nothing of it would be done.

    The words are checked by the command's own parser, the rest by what prepares it.
    """
    try:
        order = orders.understand(filled.line, filled.secrets)
        if order.reads or order.wants_editor:
            return "", False
        plan = orders.prepare(url, order, None, filled.answers)
    except VmconsoleError as error:
        return error.message, True
    if not plan.refused:
        return "", False
    reason = plan.refused[0].error
    assert reason is not None
    if not plan.possible:
        return reason.message, True
    return f"{len(plan.refused):,} of {len(plan.requests):,} are refused: {reason.message}", False


def questions(url: str, command: Command, values: Mapping[str, str]) -> tuple[UserInput, ...]:
    """What the template that the form names asks for; nothing while it names none, nor if nothing can be answered."""
    if not any(option.kind == ANSWERS for option in command.options):
        return ()
    try:
        for argument in command.arguments:
            word = values.get(argument.name, "").strip()
            if not word:
                continue
            if argument.kind == "file":
                return check(instantiation.parsed(acting.read_file(orders.real_file(word)))).user_inputs
            if argument.kind == "template":
                with open_session(url, create=False, read_only=True) as session:
                    context = orders.context(session)
                    body = targets.one(context, "template", word, "body")[0]
                return check(instantiation.parsed(body)).user_inputs
    except (VmconsoleError, BadInput):  # half typed, as a rule; what prepares the command says it better
        pass
    return ()
