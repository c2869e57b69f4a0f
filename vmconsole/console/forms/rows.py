"""One line of a form on the screen: the field's name, and what is typed or ticked."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input

from vmconsole.console.forms.fields import YES, Field
from vmconsole.console.line_view import LineView
from vmconsole.presentation import fit, safe

LABEL_WIDTH = 18


class Tick(LineView, can_focus=True):
    """A box that is ticked or not."""

    BINDINGS = [Binding("space,left,right", "turn", "Tick or not")]

    class Turned(Message):
        """The box was ticked, or is not any more."""

    def __init__(self, value: bool, help: str) -> None:
        super().__init__()
        self.value = value
        self._help = help

    def on_mount(self) -> None:
        self._draw()

    def _draw(self) -> None:
        self.show([[("[x] " if self.value else "[ ] ", "strong"), (self._help, "dim")]])

    def action_turn(self) -> None:
        self.value = not self.value
        self._draw()
        self.post_message(self.Turned())

    def on_click(self, event: events.Click) -> None:
        self.action_turn()


class Row(Horizontal):
    """A field with its value.

    Args:
        value: what stands there at first.
    """

    DEFAULT_CSS = """
    Row { height: 1;
        & > .label { width: 20; background: $panel; }
        & > Tick { width: 1fr; background: $panel; }
        & > Input { width: 1fr; padding: 0 1; background: $boost; }
        & > Input.-textual-compact { background: $boost; }
        & > Input:focus { background-tint: transparent 0%; }
    }
    """

    class Changed(Message):
        """The value is another one."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    def __init__(self, field: Field, value: str) -> None:
        super().__init__()
        self.field = field
        self._label = LineView(classes="label")
        self._label.can_focus = False
        self._editor: Input | Tick
        if field.switch:
            self._editor = Tick(bool(value), field.help)
        else:
            held = safe(field.default) or ("needed" if field.required else "")
            self._editor = Input(
                value=value, placeholder=held, password=field.secret, select_on_focus=False, compact=True
            )

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._editor

    def on_mount(self) -> None:
        self.mark(focused=False)

    @property
    def value(self) -> str:
        """What stands there; `fields.YES` or nothing for a switch."""
        if isinstance(self._editor, Tick):
            return YES if self._editor.value else ""
        return self._editor.value

    @property
    def has_focus_in(self) -> bool:
        return self._editor.has_focus

    def take_focus(self) -> None:
        self._editor.focus()

    def put(self, text: str) -> None:
        """Have another text stand there."""
        if isinstance(self._editor, Input):
            self._editor.value = text
            self._editor.cursor_position = len(text)

    def mark(self, *, focused: bool, blamed: bool = False) -> None:
        """Show whether the keys go here, and whether something is wrong with the value."""
        sign, role = ("!", "failure") if blamed else (">", "key") if focused else (" ", "dim")
        label = fit(self.field.label, LABEL_WIDTH, more="…")
        self._label.show([[(sign, role), (label, "strong" if focused else "text"), (" ", "text")]])

    @on(Input.Changed)
    @on(Tick.Turned)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.post_message(self.Changed(self))
