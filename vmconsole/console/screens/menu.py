"""A list to choose from: the action menu and the copy menu are such lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen

from vmconsole.console.line_view import Line, LineView, plain
from vmconsole.presentation import fit, safe
from vmconsole.store.feed import FleetRow


class Choice(NamedTuple):
    """One entry: what is returned, how it looks, and whether it may be chosen."""

    value: str
    line: Line
    possible: bool = True


class Choices(LineView, can_focus=True):
    """The entries with a cursor that rests on possible ones only."""

    BINDINGS = [
        Binding("up,k", "move(-1)", "Up"),
        Binding("down,j", "move(1)", "Down"),
        Binding("pageup", "move(-10)", "Page up"),
        Binding("pagedown", "move(10)", "Page down"),
        Binding("home", "edge(0)", "First"),
        Binding("end", "edge(-1)", "Last"),
        Binding("enter", "choose", "Choose"),
        Binding("f2", "choose_form", "Form"),
    ]

    class Chosen(Message):
        """An entry was chosen."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    class Moved(Message):
        """The cursor is on this value now; empty where there is nothing to choose."""

        def __init__(self, value: str) -> None:
            super().__init__()
            self.value = value

    def __init__(self, choices: Sequence[Choice], *, have_forms: bool = False) -> None:
        super().__init__(id="choices")
        self._choices = choices
        self._have_forms = have_forms
        self._possible = [index for index, choice in enumerate(choices) if choice.possible]
        self._at = 0

    def on_mount(self) -> None:
        self._draw()

    def put(self, choices: Sequence[Choice]) -> None:
        """Offer other entries; the cursor stays on the value it is on, if that is still there."""
        value = self._choices[self._possible[self._at]].value if self._possible else ""
        self._choices = choices
        self._possible = [index for index, choice in enumerate(choices) if choice.possible]
        places = (at for at, index in enumerate(self._possible) if choices[index].value == value)
        self._at = next(places, max(0, min(self._at, len(self._possible) - 1)))
        self._draw()

    def _draw(self) -> None:
        chosen = self._possible[self._at] if self._possible else -1
        self.post_message(self.Moved(self._choices[chosen].value if self._possible else ""))
        self.show(
            [
                [(fit(plain(choice.line), self.size.width), "chosen")] if index == chosen else choice.line
                for index, choice in enumerate(self._choices)
            ]
        )

    def on_resize(self) -> None:
        super().on_resize()
        self._draw()

    def action_move(self, by: int) -> None:
        """Go on by some possible entries; those that are not are looked at by scrolling past the last."""
        wanted = self._at + by
        if not self._possible or wanted >= len(self._possible):
            self.scroll_relative(y=by, animate=False)
        if self._possible:
            self._at = max(0, min(wanted, len(self._possible) - 1))
            self._draw()
            if wanted < len(self._possible):
                self._reveal(self._possible[self._at])

    def action_edge(self, end: int) -> None:
        if end == 0:
            self.action_move(-len(self._choices))
        else:
            self.scroll_end(animate=False)

    def _reveal(self, line: int) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if line < top or line >= top + height:
            self.scroll_to(y=max(line - height // 2, 0), animate=False, force=True)

    def action_choose(self) -> None:
        if self._possible:
            self.post_message(self.Chosen(self._choices[self._possible[self._at]].value))

    def action_choose_form(self) -> None:
        """Choose a command line as one that is gone on with in its form."""
        if self._possible and self._have_forms:
            self.post_message(self.Chosen(self._choices[self._possible[self._at]].value.rstrip() + " "))

    def on_click(self, event: events.Click) -> None:
        line = self.scroll_offset.y + event.y
        if line < len(self._choices) and self._choices[line].possible:
            self.post_message(self.Chosen(self._choices[line].value))


class Menu(ModalScreen[str | None]):
    """Dismisses with the chosen value, None when nothing was chosen.

    Args:
        have_forms: whether the values are command lines; F2 then chooses one that ends in a blank.
    """

    DEFAULT_CSS = """
    Menu { align: center middle; background: $background 60%;
        & > Vertical {
            width: 92; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
            border: round $border; border-title-color: $primary; border-title-style: bold;
            border-subtitle-color: $role-dim; background: $panel;
        }
        Choices { height: auto; max-height: 1fr; background: $panel; }
    }
    """
    BINDINGS = [Binding("escape,q,m", "dismiss(None)", "Back")]

    def __init__(self, title: str, choices: Sequence[Choice], *, have_forms: bool = False) -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._have_forms = have_forms

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = safe(self._title).replace("[", r"\[")
            box.border_subtitle = "enter choose  f2 form  esc back" if self._have_forms else "enter choose  esc back"
            yield Choices(self._choices, have_forms=self._have_forms)

    def on_mount(self) -> None:
        self.query_one(Choices).focus()

    def on_choices_chosen(self, event: Choices.Chosen) -> None:
        self.dismiss(event.value)


def copy_choices(row: FleetRow | None, last_line: str) -> list[Choice]:
    """What can be copied: a VM's name, id and addresses, and the last command as a shell takes it."""
    texts = [] if row is None else [("name", row.name), ("id", str(row.id)), *(("address", ip) for ip in row.ips)]
    if last_line:
        texts.append(("last command", f"vmconsole {last_line}"))
    return [Choice(safe(text), [(f"{name:14}", "dim"), (text, "strong")]) for name, text in texts]
