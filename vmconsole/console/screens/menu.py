"""A list to choose from: the action menu and the copy menu are such lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from vmconsole.console.line_view import Line
from vmconsole.console.palette import Palette
from vmconsole.presentation import safe
from vmconsole.store.feed import FleetRow


class Choice(NamedTuple):
    """One entry: what is returned, how it looks, and whether it may be chosen. An empty value is a heading."""

    value: str
    line: Line
    possible: bool = True


class Menu(ModalScreen[str | None]):
    """Dismisses with the chosen value, None when nothing was chosen."""

    DEFAULT_CSS = """
    Menu { align: center middle; background: $background 60%;
        & > Vertical {
            width: 92; max-width: 100%; height: auto; max-height: 100%;
            border: round $border; border-title-color: $primary; border-title-style: bold;
            border-subtitle-color: $role-dim; background: $panel;
        }
        OptionList {
            border: none; padding: 0 1; background: $panel; height: auto; max-height: 1fr; scrollbar-size-vertical: 1;
        }
        OptionList:focus { border: none; }
        OptionList > .option-list--option-highlighted {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
        OptionList > .option-list--option-disabled { color: $role-dim; }
    }
    """
    BINDINGS = [
        Binding("escape,q,m", "dismiss(None)", "Back"),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], hint: str = "enter choose  esc back") -> None:
        super().__init__()
        self._title = title
        self._choices = choices
        self._hint = hint

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = f" {safe(self._title)} ".replace("[", r"\[")
            box.border_subtitle = f" {self._hint} "
            yield OptionList()

    def on_mount(self) -> None:
        palette = Palette(self.app.theme_variables, Style())
        menu = self.query_one(OptionList)
        menu.add_options(
            [
                Option(_text(choice.line, palette), id=f"choice-{index}", disabled=not choice.possible)
                for index, choice in enumerate(self._choices)
            ]
        )
        menu.highlighted = next((index for index, choice in enumerate(self._choices) if choice.possible), None)
        menu.focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index].value)

    def action_down(self) -> None:
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        self.query_one(OptionList).action_cursor_up()


def copy_choices(row: FleetRow | None, last_line: str) -> list[Choice]:
    """What can be copied: a VM's name, id and addresses, and the last command as a shell takes it."""
    texts = [] if row is None else [("name", row.name), ("id", str(row.id)), *(("address", ip) for ip in row.ips)]
    if last_line:
        texts.append(("last command", f"vmconsole {last_line}"))
    return [Choice(safe(text), [(f"{name:14}", "dim"), (text, "strong")]) for name, text in texts]


def _text(line: Line, palette: Palette) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    for part, role in line:
        text.append(safe(part), None if role == "text" else Style(color=palette[role].color, bold=palette[role].bold))
    return text
