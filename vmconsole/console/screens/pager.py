"""A page of text over the list: help, and what a reading command answers."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from vmconsole.console.line_view import Line, LineView
from vmconsole.presentation import safe


class Pager(ModalScreen[None]):
    """Shows lines until it is closed."""

    DEFAULT_CSS = """
    Pager { align: center middle; background: $background 60%;
        & > Vertical {
            width: 100%; max-width: 130; height: auto; max-height: 100%; padding: 0 1;
            border: round $border; border-title-color: $primary; border-title-style: bold;
            border-subtitle-color: $role-dim; background: $panel;
        }
        LineView { height: auto; max-height: 1fr; background: $panel; }
    }
    """
    BINDINGS = [
        Binding("escape,q,question_mark,enter", "dismiss(None)", "Back"),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
        Binding("space", "page", show=False),
    ]

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self._title = title
        self._lines = lines

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = safe(self._title).replace("[", r"\[")
            box.border_subtitle = "esc back"
            page = LineView(id="page")
            page.can_focus = True
            yield page

    def on_mount(self) -> None:
        page = self.query_one(LineView)
        page.show(self._lines)
        page.focus()

    def action_scroll(self, by: int) -> None:
        self.query_one(LineView).scroll_relative(y=by, animate=False)

    def action_page(self) -> None:
        self.query_one(LineView).scroll_page_down(animate=False)
