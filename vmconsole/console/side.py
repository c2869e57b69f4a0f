"""The panes beside the list, or instead of it where there is no room for both."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from vmconsole.console.line_view import Line, LineView
from vmconsole.console.pane_view import PaneView
from vmconsole.console.panes import PANES
from vmconsole.presentation import cells
from vmconsole.store.detail import Detail

_SHORT = 4
"""Letters of the name of a pane that is not shown, where there is no room for more."""


class Tabs(LineView):
    """The names of the panes, short ones where there is little room; a click chooses one."""

    class Chosen(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._current = 0

    def draw(self, current: int) -> None:
        """Show the names with `current` set apart."""
        self._current = current
        line: Line = []
        for index, (pane, name) in enumerate(zip(PANES, self._names(), strict=True)):
            chosen = index == current
            line += [(f" {pane.key} ", "key" if chosen else "dim"), (name, "strong" if chosen else "dim")]
        self.show([line])

    def _names(self) -> list[str]:
        names = [pane.name for pane in PANES]
        if sum(3 + cells(name) for name in names) <= self.size.width:
            return names
        return [name if index == self._current else name[:_SHORT] for index, name in enumerate(names)]

    def on_resize(self) -> None:
        super().on_resize()
        self.draw(self._current)

    def on_click(self, event: events.Click) -> None:
        left = 0
        for index, name in enumerate(self._names()):
            left += 3 + cells(name)
            if event.x < left:
                self.post_message(self.Chosen(index))
                return


class Side(Vertical):
    """Shows one pane of the VM it was last given."""

    DEFAULT_CSS = """
    Side {
        & > Tabs { height: 1; background: $panel; }
        & > #pane { height: 1fr; }
        & > #pane:focus { background: $surface; }
    }
    """

    def __init__(self, clock: Callable[[], float], *, id: str) -> None:
        super().__init__(id=id)
        self._clock = clock
        self._detail: Detail | None = None
        self.current = 0

    def compose(self) -> ComposeResult:
        yield Tabs(id="tabs")
        yield PaneView(id="pane")

    def on_mount(self) -> None:
        self.query_one(Tabs).draw(self.current)

    def focus_pane(self) -> None:
        """Send the keys to the pane."""
        self.query_one("#pane").focus()

    def choose(self, index: int) -> None:
        """Show another pane."""
        self.current = index % len(PANES)
        self.query_one(Tabs).draw(self.current)
        self.draw(top=True)

    def show_detail(self, detail: Detail | None) -> None:
        """Show this VM from now on; None when there is none."""
        other = detail is None or self._detail is None or detail.document["id"] != self._detail.document["id"]
        self._detail = detail
        self.draw(top=other)

    def draw(self, *, top: bool = False) -> None:
        """Bring the pane up to date, ages included."""
        view, pane = self.query_one(PaneView), PANES[self.current]
        if self._detail is None:
            view.show_rows([([(" no VM", "dim")], None)], top=top)
        elif pane.rows is not None:
            view.show_rows(pane.rows(self._detail, self._clock(), view.size.width), top=top)
        else:
            lines = pane.render(self._detail, self._clock(), view.size.width)
            view.show_rows([(line, None) for line in lines], top=top)

    def on_resize(self) -> None:
        self.draw()
