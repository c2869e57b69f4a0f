"""Carries out what was typed or pressed: check, ask, submit; or read and show. Never in the screen's own thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING

from vmconsole.console import orders, results
from vmconsole.console.consequences import consequence
from vmconsole.console.fleet import FleetModel, alias, position
from vmconsole.console.forms.filling import Filled
from vmconsole.console.palette import role_of
from vmconsole.console.screens.ask_text import AskText
from vmconsole.console.screens.confirm import AskInOneLine, Confirm, Victim
from vmconsole.console.screens.pager import Pager
from vmconsole.errors import Usage, VmconsoleError
from vmconsole.presentation import safe

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen

    from vmconsole.commands.request import Request
    from vmconsole.console.orders import Order, Plan


log = logging.getLogger(__name__)


class Conductor:
    """Runs one line after the other; each in a worker of its own.

    Args:
        app: for questions and pages.
        url: the store.
        model: for the names in questions.
        tell: shows a sentence; the second argument is information, warning or error.
        stir: called when operations were submitted.
    """

    def __init__(
        self,
        app: App[int],
        url: str,
        model: FleetModel,
        tell: Callable[[str, str], None],
        stir: Callable[[], None],
    ) -> None:
        self._app = app
        self._url = url
        self._model = model
        self._tell = tell
        self._stir = stir
        self.last_line = ""
        """The last line that was run, as typed; empty before the first."""
        self.submitted: set[str] = set()
        """Ids of the operations that were asked for here and have not ended."""

    def run(self, line: str) -> None:
        """Begin with a line; what comes of it is told on the screen."""
        self.run_form(Filled(line, {}, {}))

    def run_form(self, filled: Filled) -> None:
        """Begin with what a form gave."""
        self._app.run_worker(self._run(filled), group="orders", exit_on_error=False)

    async def _run(self, filled: Filled) -> None:
        try:
            order = orders.understand(filled.line, filled.secrets)
            self.last_line = order.line
            if order.reads:
                page = results.lines(await asyncio.to_thread(orders.read, self._url, order))
                if page:
                    self._app.push_screen(Pager(order.batch_line, page))
                else:  # it had nothing to say but that it was done
                    self._tell(order.batch_line, "information")
            else:
                await self._carry_out(order, filled.answers)
        except VmconsoleError as error:
            self._tell_error(error)
        except Exception as error:  # the last edge: a bug in one command must not end the screen
            log.exception("%s", filled.line)
            self._tell(f"a bug, {type(error).__name__}: {error}", "error")

    def _tell_error(self, error: VmconsoleError) -> None:
        self._tell(error.advice, "error")

    async def _carry_out(self, order: Order, answers: Mapping[str, str]) -> None:
        plan, spared = self._spare_protected(await self._prepared(order, answers))
        for request in plan.refused[:3]:
            assert request.error is not None
            self._tell_error(request.error)
        if len(plan.refused) > 3:
            self._tell(f"{len(plan.refused) - 3:,} more are refused", "error")
        preview = [[(line, "text")] for request in plan.requests for line in request.preview.splitlines()]
        if preview:
            self._app.push_screen(Pager(order.batch_line, preview))
            return
        if not plan.possible:
            already = [f"{request.label}: {request.already}" for request in plan.requests if request.already]
            if already or spared or not plan.refused:
                self._tell(already[0] if already else f"nothing to do {', '.join(spared)}".strip(), "warning")
            return
        agreed = await self._agreed(plan, spared)
        if agreed is None:
            return
        plan = agreed
        self.submitted.update(await asyncio.to_thread(orders.submit, self._url, plan.possible))
        self._stir()
        self._tell(order.batch_line, "information")

    async def _prepared(self, order: Order, answers: Mapping[str, str]) -> Plan:
        if not order.wants_editor:
            return await asyncio.to_thread(orders.prepare, self._url, order, self._ask, answers)
        with self._app.suspend():  # the whole terminal is the editor's, so there is nothing to keep alive
            try:
                return orders.prepare(self._url, order, _ask_nobody)
            except Exception as error:  # noqa: BLE001  # the framework would not come back from an error in here
                failed = error
        raise failed

    def _ask(self, question: str, secret: bool) -> str:
        """Put a question to the person; called in the thread that prepares, which waits for the answer."""
        answered: Future[str | None] = Future()
        self._app.call_from_thread(self._app.push_screen, AskText(question, secret=secret), answered.set_result)
        answer = answered.result()
        if answer is None:
            raise Usage("left without an answer; nothing was done", code="USAGE_UNANSWERED")
        return answer

    def _spare_protected(self, plan: Plan) -> tuple[Plan, list[str]]:
        """In bulk, what does harm leaves protected VMs out."""
        if plan.level < 2 or len(plan.vm_ids) < 2:
            return plan, []
        rows = self._model.rows
        spared = {number for number in plan.vm_ids if number in rows and rows[number].protected}
        return plan.without(spared), [rows[number].name for number in sorted(spared)]

    async def _agreed(self, plan: Plan, spared: list[str]) -> Plan | None:
        """Ask as strongly as the plan needs it; returns what is to be done, None for nothing."""
        level = plan.level
        if level == 0:
            return plan
        victims = list(dict.fromkeys(self._victim(request) for request in plan.possible))
        title = plan.order.batch_line
        if level == 1:
            asked = "; ".join((f"{title}  {victims[0].name}", *plan.caveats))
            one_line: Screen[bool] = AskInOneLine(f"{asked}?")
            return plan if await self._app.push_screen_wait(one_line) else None
        phrase = ""
        if level >= 3:
            phrase = safe(victims[0].name) if len(victims) == 1 else str(len(victims))
        question = Confirm(
            title,
            victims,
            consequence(plan.actions),
            caveats=plan.caveats,
            spared=spared,
            phrase=phrase,
            may_snapshot=plan.may_snapshot,
        )
        if not await self._app.push_screen_wait(question):
            return None
        return await self._with_snapshot(plan) if question.with_snapshot else plan

    async def _with_snapshot(self, plan: Plan) -> Plan | None:
        """The same, preceded by snapshots; for the VMs that it was agreed on."""
        order = orders.understand(f"{plan.order.line} --snapshot-before")
        agreed = set(plan.vm_ids)
        plan = await asyncio.to_thread(orders.prepare, self._url, order, _ask_nobody, {})
        plan = plan.without(set(plan.vm_ids) - agreed)
        for request in plan.refused:
            assert request.error is not None
            self._tell_error(request.error)
        self.last_line = order.line
        return plan if plan.possible else None

    def _victim(self, request: Request) -> Victim:
        row = None if request.vm_id is None else self._model.rows.get(request.vm_id)
        if row is None:
            number = request.vm_id if request.vm_id is not None else request.host_id
            return Victim("" if number is None else str(number), request.label or request.command, "", "", "text")
        return Victim(str(row.id), row.name, self._model.host_name(row), alias(row), role_of(position(row)))


def _ask_nobody(question: str, secret: bool) -> str:
    raise Usage("this cannot be asked beside an editor", code="USAGE_UNANSWERED")
