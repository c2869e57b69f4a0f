"""The form of a command: its fields, what may stand in each, what is wrong, and the line that will be run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input
from textual.worker import Worker

from vmconsole.console.forms import checks, filling, firings
from vmconsole.console.forms.candidates import LISTED, VM_KINDS, Sources
from vmconsole.console.forms.fields import fields_of, of_question
from vmconsole.console.forms.filling import Filled
from vmconsole.console.forms.footing import Footing
from vmconsole.console.forms.rows import Row
from vmconsole.console.forms.suggestions import Suggestions
from vmconsole.console.line_view import Line
from vmconsole.console.orders import understand
from vmconsole.errors import VmconsoleError
from vmconsole.templates.user_inputs import InputType

if TYPE_CHECKING:
    from vmconsole.commands.declaration import Command
    from vmconsole.console.completion import Candidate, Names
    from vmconsole.store.feed import FleetRow
    from vmconsole.templates.user_inputs import UserInput

CHECK_AFTER = 0.25
"""Seconds without a key after which the store is asked whether the line would be taken."""
_CANDIDATES = 6


class Form(ModalScreen[Filled | None]):
    """Dismisses with what was filled in once it would be carried out; None when the person left.

    Args:
        url: the store.
        command: what the form is for.
        values: what stands in the fields at first, by their names.
        names: names of VMs.
        vm_named: the first VM that a list of them means.
        clock: Unix seconds now.
    """

    DEFAULT_CSS = """
    Form { align: center middle; background: $background 60%;
        & > Vertical {
            width: 100; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
            border: round $border; border-title-color: $primary; border-title-style: bold;
            border-subtitle-color: $role-dim; background: $panel;
        }
        VerticalScroll { height: auto; background: $panel; scrollbar-size-vertical: 1; }
    }
    """
    BINDINGS = [
        Binding("escape", "dismiss(None)", "Leave"),
        # At once, before the next letter comes: it belongs into the next field.
        Binding("tab", "app.focus_next", "Next", priority=True),
        Binding("shift+tab", "app.focus_previous", "Previous", priority=True),
        Binding("up", "move(-1)", "Choose"),
        Binding("down", "move(1)", "Choose"),
        Binding("enter", "submit", "Do it"),
    ]

    def __init__(
        self,
        url: str,
        command: Command,
        values: dict[str, str],
        *,
        names: Names,
        vm_named: Callable[[str], FleetRow | None],
        clock: Callable[[], float],
    ) -> None:
        super().__init__()
        self._url = url
        self._command = command
        self._sources = Sources(url, names)
        self._vm_named = vm_named
        self._clock = clock
        self._kept = dict(values)
        self._before = firings.rule_before(command, values)
        self._rows = [Row(field, values.get(field.name, "")) for field in fields_of(command)]
        self._questions: tuple[UserInput, ...] = ()
        self._suggestions = Suggestions(())
        self._reading: Row | None = None
        self._wish = 0
        self._chosen = ""
        self._timer: Timer | None = None
        self._tried = False
        self._problem = ""

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = self._command.words
            box.border_subtitle = "tab next  ↑↓ choose  enter do it  esc leave"
            with VerticalScroll(can_focus=False):
                yield from self._rows
            yield Footing()

    def on_mount(self) -> None:
        empty = [row for row in self._rows if row.field.required and not row.value]
        options = self._rows[len(self._command.arguments) :]
        first = next(iter(empty or options or self._rows), None)
        if first is not None:
            first.take_focus()
        self._changed()

    @property
    def values(self) -> dict[str, str]:
        """What stands in the fields, by their names."""
        return {row.field.name: row.value for row in self._rows}

    @property
    def _current(self) -> Row | None:
        return next((row for row in self._rows if row.has_focus_in), None)

    def _filled(self) -> Filled:
        """The line the form stands for, as far as can be said without the store. Raises Usage while it is none."""
        filling.check_answers(self._questions, self.values)
        filled = filling.filled(self._command, [row.field for row in self._rows], self.values)
        understand(filled.line)
        return filled

    # What is typed

    @on(Row.Changed)
    def _row_changed(self, event: Row.Changed) -> None:
        event.stop()
        if event.row is self._current and event.row.value != self._chosen:
            self._suggest(event.row)
        self._changed()

    def _changed(self) -> None:
        """Show what the values mean now; ask the store about it once there is a pause."""
        self._problem = ""
        self._draw()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(CHECK_AFTER, lambda: self._begin(self._look))

    def _begin(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        _: Worker[None] = self.run_worker(work, group="form", exclusive=True, exit_on_error=False)

    async def _look(self) -> None:
        """Ask the store what it says to the values."""
        asked = await asyncio.to_thread(checks.questions, self._url, self._command, self.values)
        if asked != self._questions:
            self._put_questions(asked)
        try:
            filled = self._filled()
        except VmconsoleError:
            return  # it is said already
        self._problem, _ = await asyncio.to_thread(checks.problem, self._url, filled)
        self._draw()

    def _put_questions(self, asked: tuple[UserInput, ...]) -> None:
        """Have a field for each question of the template, in place of those of another one; at once, or not at all."""
        self._kept |= self.values
        self._questions = asked
        old = [row for row in self._rows if row.field.answer]
        fields = [of_question(question) for question in asked if question.type is not InputType.FIXED]
        new = [Row(field, self._kept.get(field.name, "")) for field in fields]
        arguments = len(self._command.arguments)
        others = [row for row in self._rows if not row.field.answer]
        self._rows = [*others[:arguments], *new, *others[arguments:]]
        for row in old:
            row.remove()
        if new:
            self.query_one(VerticalScroll).mount(*new, after=others[arguments - 1])
        self._draw()

    # Candidates

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        row = self._current
        self._suggestions = Suggestions(())
        if row is not None:
            row.scroll_visible(animate=False)
            self._suggest(row)
        self._draw()

    def _suggest(self, row: Row) -> None:
        """Offer what may stand in the field."""
        found = self._sources.at_hand(row.field, row.value, self.values, self._vm_id())
        if found is not None:
            self._offer(row, found)
        else:
            self._reading = row
            read = partial(self._read, row)
            _: Worker[None] = self.run_worker(read, group="candidates", exclusive=True, exit_on_error=False)

    async def _read(self, row: Row) -> None:
        found = await asyncio.to_thread(self._sources.read, row.field, self.values, self._vm_id())
        self._reading = None
        if row is self._current:
            self._offer(row, found)
            if by := self._wish:
                self.action_move(by)
            self._draw()
        self._wish = 0

    def _offer(self, row: Row, found: Sequence[Candidate]) -> None:
        self._suggestions = Suggestions(found, row.value, listed=row.field.kind in LISTED)

    def _vm(self) -> FleetRow | None:
        """The first VM that the form is about."""
        return self._vm_named(next((row.value for row in self._rows if row.field.kind in VM_KINDS), ""))

    def _vm_id(self) -> int | None:
        vm = self._vm()
        return None if vm is None else vm.id

    def action_move(self, by: int) -> None:
        """Choose the next candidate; in a field without any, go to the next field."""
        row = self._current
        if self._reading is not None and self._reading is row:
            self._wish = by  # what there is to choose from is on its way
            return
        if row is None or not self._suggestions:
            (self.focus_next if by > 0 else self.focus_previous)()
            return
        self._chosen = self._suggestions.move(row.value, by)
        row.put(self._chosen)

    # Doing it

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_submit()

    def action_submit(self) -> None:
        self._begin(self._submit)

    async def _submit(self) -> None:
        self._tried = True
        try:
            filled = self._filled()
        except VmconsoleError:
            self._refuse()
            return
        self._problem, nothing_left = await asyncio.to_thread(checks.problem, self._url, filled)
        if nothing_left:
            self._refuse()
        else:
            self.dismiss(filled)

    def _refuse(self) -> None:
        """Not like this: show why, and go to the field it is about."""
        self.app.bell()
        blamed = self._draw()
        if blamed is not None:
            blamed.take_focus()

    # Drawing

    def _draw(self) -> Row | None:
        """Bring the signs at the fields and what stands below them up to date; returns the field with a problem."""
        line, problem = self._line()
        row = self._current
        index = filling.blamed([each.field for each in self._rows], problem) if problem and self._tried else None
        blamed = None if index is None else self._rows[index]
        for each in self._rows:
            each.mark(focused=each is row, blamed=each is blamed)
        below = self.query_one(Footing).draw(
            help="" if row is None or row.field.switch else row.field.help,
            candidates=self._suggestions.lines(row.value, _CANDIDATES) if row is not None else [],
            firings=self._firings(),
            problem=problem,
            line=line,
        )
        self.query_one(VerticalScroll).styles.max_height = max(self.size.height - 2 - below, 2)
        return blamed

    def _line(self) -> tuple[str, str]:
        """The line, and what is wrong with it; that something is missing is no news before it is to be run."""
        try:
            return self._filled().line, self._problem
        except VmconsoleError as error:
            is_missing = error.code == "USAGE_ARGUMENT"
            return f"{self._command.words} …", "" if is_missing and not self._tried else error.message

    def _firings(self) -> list[Line]:
        if not firings.takes_rule(self._command):
            return []
        start = vm.start if (vm := self._vm()) is not None else None
        return firings.lines(self.values, now=self._clock(), start=start, before=self._before)

    def on_resize(self) -> None:
        self._draw()
