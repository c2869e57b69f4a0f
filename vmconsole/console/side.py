"""The panes beside the list, or instead of it where there is no room for both."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from vmconsole.console.line_view import Line, LineView
from vmconsole.console.panes import PANES
from vmconsole.presentation import cells
from vmconsole.store.detail import Detail


class Tabs(LineView):
    """The names of the panes; a click chooses one."""

    class Chosen(Message):
        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def draw(self, current: int) -> None:
        """Show the names with `current` set apart."""
        line: Line = []
        for index, pane in enumerate(PANES):
            chosen = index == current
            line += [(f" {pane.key} ", "key" if chosen else "dim"), (pane.name, "strong" if chosen else "dim")]
        self.show([line])

    def on_click(self, event: events.Click) -> None:
        left = 0
        for index, pane in enumerate(PANES):
            left += 3 + cells(pane.name)
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
        pane = LineView(id="pane")
        pane.can_focus = True
        yield pane

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
        pane = self.query_one("#pane", LineView)
        if self._detail is None:
            pane.show([[(" no VM", "dim")]], top=top)
            return
        pane.show(PANES[self.current].render(self._detail, self._clock(), pane.size.width), top=top)

    def on_resize(self) -> None:
        self.draw()
