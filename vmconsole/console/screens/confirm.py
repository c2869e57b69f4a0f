"""The questions before damage. Nothing typed before a question was painted answers it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input

from vmconsole.console.consequences import Consequence
from vmconsole.console.line_view import Line, LineView
from vmconsole.presentation import fit

REACTION = 0.25
"""Seconds after the first paint in which keys are still taken as meant for what was there before."""


class Victim(NamedTuple):
    """One VM, or other object, that would be hit, as the dialog names it."""

    id: str
    name: str
    host: str
    state: str
    role: str


class Question(ModalScreen[bool]):
    """A screen that asks, and is deaf until it has been seen."""

    def __init__(self) -> None:
        super().__init__()
        self.deaf_until = float("inf")
        """Keys and clicks from before this moment (monotonic) are dropped by the application."""

    def on_mount(self) -> None:
        self.call_after_refresh(self._listen)

    def _listen(self) -> None:
        self.deaf_until = time.monotonic() + REACTION

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)


class AskInOneLine(Question):
    """Level 1: one line; `y` does it, everything else does not."""

    DEFAULT_CSS = """
    AskInOneLine { background: transparent; align: left bottom;
        & > LineView { height: 1; background: $warning-muted; }
    }
    """

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        yield LineView(id="question")

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(LineView).show(
            [[(f" {self._question} ", "strong"), ("y", "title"), (" yes, any other key no", "dim")]]
        )

    def on_key(self, event: events.Key) -> None:
        event.stop()  # or the list below would take the key as one of its own
        event.prevent_default()
        self.dismiss(event.key == "y")


class Confirm(Question):
    """Levels 2 and 3: names every VM, says what is lost and what stays; Cancel has the focus.

    Args:
        title: the command line that would be done.
        victims: all VMs it would hit.
        consequence: what is lost and what stays.
        caveats: what is known of these very objects that one should mind.
        spared: names of protected VMs that are left out.
        phrase: what must be typed before it can be done; empty for nothing.
        may_snapshot: whether to offer a snapshot before it.
    """

    DEFAULT_CSS = """
    Confirm { align: center middle; background: $background 60%;
        & > Vertical {
            width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
            border: round $error; border-title-color: $error; border-title-style: bold; background: $panel;
        }
        LineView { background: $panel; }
        #victims { height: auto; max-height: 12; margin: 1 0 0 0; }
        #costs { height: auto; margin: 1 0 0 0; }
        Input { margin: 1 0 0 0; padding: 0 1; background: $boost; }
        Horizontal { height: 1; margin: 1 0 0 0; align-horizontal: right; }
        Button { min-width: 12; margin: 0 0 0 2; background: $boost; color: $foreground; }
        Button:disabled { color: $role-dim; }
        Button:focus { background: $primary; color: $background; text-style: bold; }
        #yes:focus { background: $error; color: $background; }
    }
    .-flat Confirm #victims, .-low Confirm #victims { max-height: 3; margin: 0; }
    """
    BINDINGS = [
        Binding("escape", "answer(False)", "Cancel"),
        Binding("right,down", "other_button(1)", "Next button", show=False),
        Binding("left,up", "other_button(-1)", "Button before", show=False),
    ]

    def __init__(
        self,
        title: str,
        victims: Sequence[Victim],
        consequence: Consequence,
        *,
        caveats: Sequence[str] = (),
        spared: Sequence[str] = (),
        phrase: str = "",
        may_snapshot: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._victims = victims
        self._consequence = consequence
        self._caveats = caveats
        self._spared = spared
        self._phrase = phrase
        self._may_snapshot = may_snapshot
        self.with_snapshot = False
        """Whether it was agreed to with a snapshot before it."""

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = fit(self._title, 66, more="…").rstrip().replace("[", r"\[")
            victims = LineView(id="victims")
            victims.can_focus = len(self._victims) > 12
            yield victims
            yield LineView(id="costs")
            if self._phrase:
                yield Input(placeholder=f"type {self._phrase} to confirm", id="phrase", compact=True)
            with Horizontal():
                yield Button("Cancel", id="no", compact=True)
                yield Button("Do it", id="yes", compact=True, disabled=bool(self._phrase))
                if self._may_snapshot:
                    yield Button("Snapshot, then do it", id="safe", compact=True, disabled=bool(self._phrase))

    def on_mount(self) -> None:
        super().on_mount()
        self._show("#victims", [self._victim_line(victim) for victim in self._victims])
        self._show("#costs", self._cost_lines())
        self.query_one("#phrase" if self._phrase else "#no").focus()

    def _show(self, selector: str, lines: list[Line]) -> None:
        view = self.query_one(selector, LineView)
        view.styles.height = min(len(lines), 12)
        view.show(lines)

    def _victim_line(self, victim: Victim) -> Line:
        return [
            (f"{victim.id:>6} ", "dim"),
            (fit(victim.name, 30, more="…"), "strong"),
            (f" {fit(victim.host or 'no host', 18, more='…')} ", "dim"),
            (victim.state, victim.role),
        ]

    def _cost_lines(self) -> list[Line]:
        found: list[Line] = []
        if len(self._victims) > 1:
            found.append([(f"{len(self._victims):,} VMs", "strong"), (" in all", "dim")])
        if self._consequence.lost:
            found += _wrapped("lost   ", self._consequence.lost, "failure")
        if self._consequence.stays:
            found += _wrapped("stays  ", self._consequence.stays, "running")
        if self._caveats:
            found += _wrapped("mind   ", "; ".join(self._caveats), "failure")
        if self._spared:
            found += _wrapped("spared ", f"{', '.join(self._spared)} (protected)", "unknown")
        return found

    @on(Input.Changed)
    def _compare(self, event: Input.Changed) -> None:
        for button in self.query(Button):
            button.disabled = button.id != "no" and event.value.strip() != self._phrase

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        if event.value.strip() == self._phrase:
            self.query_one("#yes").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.with_snapshot = event.button.id == "safe"
        self.dismiss(event.button.id != "no")

    def action_other_button(self, by: int) -> None:
        buttons = [button for button in self.query(Button) if not button.disabled]
        now = next((index for index, button in enumerate(buttons) if button.has_focus), 0)
        buttons[(now + by) % len(buttons)].focus()


def _wrapped(title: str, text: str, role: str, width: int = 62) -> list[Line]:
    """The text under its title, broken between words."""
    import textwrap

    rows = textwrap.wrap(text, width) or [""]
    return [[(title if not index else " " * len(title), "dim"), (row, role)] for index, row in enumerate(rows)]
