"""The lines at the bottom where one types: `:` for commands, `/` for the filter."""

from __future__ import annotations

from collections.abc import Callable

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from vmconsole.console.completion import Completion
from vmconsole.console.line_view import Line, LineView
from vmconsole.presentation import fit

_SHOWN = 8


class TypedLine(Vertical):
    """A line to type on, with room above it for what helps typing. Hidden until `open_with`."""

    DEFAULT_CSS = """
    TypedLine { height: auto; display: none; background: $panel;
        & > LineView { height: 0; background: $panel; }
        & > Horizontal { height: 1; }
        Static { width: 2; color: $primary; text-style: bold; padding: 0 0 0 1; }
        Input { padding: 0; background: $panel; width: 1fr; }
        Input:focus { background-tint: transparent 0%; }
    }
    """
    SIGN = ""
    PLACEHOLDER = ""

    class Closed(Message):
        """The line was left without being used."""

        def __init__(self, line: TypedLine) -> None:
            super().__init__()
            self.line = line

    def compose(self) -> ComposeResult:
        yield LineView()
        with Horizontal():
            yield Static(self.SIGN)
            yield Input(placeholder=self.PLACEHOLDER, select_on_focus=False, compact=True)

    @property
    def input(self) -> Input:
        return self.query_one(Input)

    @property
    def is_open(self) -> bool:
        return bool(self.display)

    def open_with(self, text: str) -> None:
        """Show the line with `text` on it, and take the keys."""
        self.display = True
        self.input.value = text
        self.input.cursor_position = len(text)
        # At once and not when the framework finds the time: the next letter may be here already, and `s` is a command.
        self.screen.set_focus(self.input)

    def close(self) -> None:
        self.display = False
        self.tell([])

    def tell(self, lines: list[Line]) -> None:
        """Show lines above the one typed on."""
        self.query_one(LineView).fill(lines)


class FilterLine(TypedLine):
    """The `/` line: each change filters at once; Enter keeps it, Esc takes it away."""

    SIGN = "/"
    PLACEHOLDER = "words  state=runn  host=h1  cpu>50  tag=prod  !word"
    BINDINGS = [Binding("escape", "leave", "Clear", show=False)]

    class Changed(Message):
        """The filter is to be this from now on."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Changed(event.value))

    @on(Input.Submitted)
    def _keep(self, event: Input.Submitted) -> None:
        event.stop()
        self.close()
        self.post_message(self.Closed(self))

    def action_leave(self) -> None:
        self.post_message(self.Changed(""))
        self.close()
        self.post_message(self.Closed(self))


class FileLine(TypedLine):
    """Asks for the file that the list is written to."""

    SIGN = ">"
    PLACEHOLDER = "file to write the list to: vms.csv or vms.json"
    BINDINGS = [Binding("escape", "leave", "Close", show=False)]

    class Submitted(Message):
        """The list is to be written to this file."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.path = path

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()

    @on(Input.Submitted)
    def _chosen(self, event: Input.Submitted) -> None:
        event.stop()
        self.close()
        self.post_message(self.Closed(self))
        if event.value.strip():
            self.post_message(self.Submitted(event.value.strip()))

    def action_leave(self) -> None:
        self.close()
        self.post_message(self.Closed(self))


class CommandLine(TypedLine):
    """The `:` line: the grammar of --batch, completed as one types.

    Args:
        complete: what the last word of a line may become.
    """

    SIGN = ":"
    BINDINGS = [
        Binding("escape", "leave", "Close", show=False),
        Binding("tab", "complete(1)", "Complete", show=False, priority=True),
        Binding("shift+tab", "complete(-1)", "Complete backwards", show=False, priority=True),
        Binding("up", "recall(-1)", "Earlier", show=False),
        Binding("down", "recall(1)", "Later", show=False),
        Binding("f2", "form", "Form", show=False),
    ]

    class Submitted(Message):
        """A line is to be run."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class FormWanted(Message):
        """What was typed is to be gone on with in the form of its command."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, complete: Callable[[str], Completion], *, id: str) -> None:
        super().__init__(id=id)
        self._complete = complete
        self._completion: Completion | None = None
        self._chosen = -1
        self._completing = False
        self._past: list[str] = []
        self._place = 0

    def open_with(self, text: str) -> None:
        self._place = len(self._past)
        super().open_with(text)
        self._look(text)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        if not self.is_open:
            return
        if self._completing:  # the change is our own: keep the candidates to go round in
            self._completing = False
            self._draw()
            return
        self._look(event.value)

    def refresh_candidates(self) -> None:
        """Names arrived: look again."""
        if self.is_open and self._chosen < 0:
            self._look(self.input.value)

    def _look(self, text: str) -> None:
        self._completion = self._complete(text)
        self._chosen = -1
        self._draw()

    def _draw(self) -> None:
        completion = self._completion
        if completion is None:
            return
        lines: list[Line] = []
        first = max(0, self._chosen - _SHOWN + 1)
        for index, candidate in enumerate(completion.candidates[first : first + _SHOWN], first):
            chosen = index == self._chosen
            lines.append(
                [
                    (" > " if chosen else "   ", "key"),
                    (fit(candidate.word, 28, more="…"), "title" if chosen else "text"),
                    (f" {candidate.help}", "dim"),
                ]
            )
        more = len(completion.candidates) - first - _SHOWN
        if more > 0:
            lines[-1].append((f"   … {more} more", "dim"))
        if completion.command is not None:
            usage = f" {completion.command.usage}"
            lines.append([(usage, "key"), (f"  {completion.command.help}", "dim"), ("  f2 form", "dim")])
        self.tell(lines)

    def action_complete(self, by: int) -> None:
        """Put the next candidate in place of the last word."""
        completion = self._completion
        if completion is None or not completion.candidates:
            return
        candidates = completion.candidates
        only = len(candidates) == 1
        self._chosen = 0 if only else (self._chosen + by) % len(candidates)
        word = candidates[self._chosen].word
        text = self.input.value[: completion.start] + word + (" " if only else "")
        if text == self.input.value:
            return
        self._completing = not only
        self.input.value = text
        self.input.cursor_position = len(text)

    def action_recall(self, by: int) -> None:
        """A line typed before, or after that."""
        place = self._place + by
        if not 0 <= place <= len(self._past):
            return
        self._place = place
        text = self._past[place] if place < len(self._past) else ""
        self.input.value = text
        self.input.cursor_position = len(text)

    @on(Input.Submitted)
    def _run(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        self.close()
        self.post_message(self.Closed(self))
        if text:
            if text in self._past:
                self._past.remove(text)
            self._past.append(text)
            self.post_message(self.Submitted(text))

    def action_form(self) -> None:
        text = self.input.value.strip()
        if text:
            self.close()
            self.post_message(self.FormWanted(text))

    def action_leave(self) -> None:
        self.close()
        self.post_message(self.Closed(self))

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """A click beside the line leaves it."""
        if self.is_open and not self.input.has_focus and self.app.screen is self.screen:
            self.action_leave()
