"""One question that a command puts while it is prepared, such as a template's user input."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from vmconsole.console.line_view import LineView
from vmconsole.presentation import safe


class AskText(ModalScreen[str | None]):
    """Dismisses with the answer, None when the person left."""

    DEFAULT_CSS = """
    AskText { align: center middle; background: $background 60%;
        & > Vertical {
            width: 76; max-width: 100%; height: auto; padding: 0 1; border: round $border; background: $panel;
        }
        LineView { height: 1; background: $panel; }
        Input { padding: 0 1; margin: 1 0 0 0; background: $boost; }
    }
    """
    BINDINGS = [Binding("escape", "dismiss(None)", "Leave")]

    def __init__(self, question: str, *, secret: bool) -> None:
        super().__init__()
        self._question = question
        self._secret = secret

    def compose(self) -> ComposeResult:
        with Vertical():
            yield LineView(id="question")
            yield Input(password=self._secret, compact=True)

    def on_mount(self) -> None:
        self.query_one(LineView).show([[(safe(self._question.strip()), "strong")]])
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _answered(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)
