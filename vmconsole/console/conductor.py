"""Carries out what was typed or pressed: check, ask, submit; or read and show. Never in the screen's own thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from vmconsole.console import orders, results
from vmconsole.console.consequences import consequence
from vmconsole.console.fleet import FleetModel, alias, position
from vmconsole.console.palette import role_of
from vmconsole.console.screens.confirm import AskInOneLine, Confirm, Victim
from vmconsole.console.screens.pager import Pager
from vmconsole.errors import VmconsoleError

if TYPE_CHECKING:
    from textual.app import App

    from vmconsole.commands.request import Request
    from vmconsole.console.orders import Order, Plan


class Conductor:
    """Runs one line after the other; each in a worker of its own.

    Args:
        app: for questions and pages.
        url: the store.
        model: for the names in questions.
        tell: shows a sentence; the second argument is information, warning or error.
    """

    def __init__(self, app: App[int], url: str, model: FleetModel, tell: Callable[[str, str], None]) -> None:
        self._app = app
        self._url = url
        self._model = model
        self._tell = tell
        self.last_line = ""
        """The last line that was run, as typed; empty before the first."""
        self.submitted: set[str] = set()
        """Ids of the operations that were asked for here and have not ended."""

    def run(self, line: str) -> None:
        """Begin with a line; what comes of it is told on the screen."""
        self._app.run_worker(self._run(line), group="orders", exit_on_error=False)

    async def _run(self, line: str) -> None:
        try:
            order = orders.understand(line)
            self.last_line = order.line
            if order.command.read is not None:
                answer = await asyncio.to_thread(orders.read, self._url, order)
                self._app.push_screen(Pager(order.batch_line, results.lines(answer)))
            else:
                await self._carry_out(order)
        except VmconsoleError as error:
            self._tell(f"{error.message} – {error.hint}" if error.hint else error.message, "error")

    async def _carry_out(self, order: Order) -> None:
        plan = await asyncio.to_thread(orders.prepare, self._url, order)
        plan, spared = self._spare_protected(plan)
        already = [request.already for request in plan.requests if request.already]
        if not plan.requests:
            self._tell(f"nothing to do: {', '.join(spared)} protected" if spared else "nothing to do", "warning")
            return
        if len(already) == len(plan.requests):
            self._tell(already[0] if len(already) == 1 else f"{len(already)} are so already", "information")
            return
        if not await self._agreed(plan, spared):
            return
        identities = await asyncio.to_thread(orders.submit, self._url, plan.requests)
        self.submitted.update(identity for identity in identities if identity)
        self._tell(order.batch_line, "information")

    def _spare_protected(self, plan: Plan) -> tuple[Plan, list[str]]:
        """In bulk, what does harm leaves protected VMs out."""
        if plan.level < 2 or len(plan.vm_ids) < 2:
            return plan, []
        rows = self._model.rows
        spared = {number for number in plan.vm_ids if number in rows and rows[number].protected}
        return plan.without(spared), [rows[number].name for number in sorted(spared)]

    async def _agreed(self, plan: Plan, spared: list[str]) -> bool:
        """Ask as strongly as the plan needs it."""
        level = plan.level
        if level == 0:
            return True
        victims = [self._victim(request) for request in plan.requests]
        title = plan.order.batch_line
        if level == 1:
            return bool(await self._app.push_screen_wait(AskInOneLine(f"{title}  {victims[0].name}?")))
        phrase = ""
        if level >= 3:
            phrase = victims[0].name if len(victims) == 1 else str(len(victims))
        question = Confirm(title, victims, consequence(plan.actions), spared=spared, phrase=phrase)
        return bool(await self._app.push_screen_wait(question))

    def _victim(self, request: Request) -> Victim:
        row = None if request.vm_id is None else self._model.rows.get(request.vm_id)
        if row is None:
            number = request.vm_id if request.vm_id is not None else request.host_id
            return Victim("" if number is None else str(number), request.label or request.command, "", "", "text")
        return Victim(str(row.id), row.name, self._model.host_name(row), alias(row), role_of(position(row)))
