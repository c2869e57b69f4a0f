"""The VM list: draws the lines that are seen, from the model, and nothing else. 100,000 VMs cost what 100 cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from vmconsole.console.columns import NAMES, STAT_WIDTH, Layout
from vmconsole.console.fleet import FleetModel, alias, position
from vmconsole.console.freshness import Freshness, told
from vmconsole.console.keys import LIST_KEYS
from vmconsole.console.palette import GLYPHS, Palette, role_of
from vmconsole.presentation import fit
from vmconsole.store.feed import FleetRow

_CACHED_LINES = 1000


class VmTable(ScrollView, can_focus=True):
    """A virtual list with a fixed heading. Owns no data: it shows `model` and moves the model's cursor."""

    COMPONENT_CLASSES = {"vm-table--heading", "vm-table--cursor", "vm-table--empty"}
    DEFAULT_CSS = """
    VmTable {
        height: 1fr; background: $surface; overflow-x: hidden; scrollbar-size-vertical: 1;
        & > .vm-table--heading { background: $panel; color: $role-dim; text-style: bold; }
        & > .vm-table--cursor { background: $block-cursor-background; color: $block-cursor-foreground; }
        & > .vm-table--empty { color: $role-dim; }
    }
    """
    BINDINGS = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("ctrl+u", "page(-0.5)", "Half a page up", show=False),
        Binding("ctrl+d", "page(0.5)", "Half a page down", show=False),
        Binding("home,g", "edge(0)", "Top", show=False),
        Binding("end,G", "edge(-1)", "End", show=False),
        Binding("shift+up", "mark_and_move(-1)", "Mark upwards", show=False),
        Binding("shift+down", "mark_and_move(1)", "Mark downwards", show=False),
        *(Binding(key.key, key.action, key.label, show=False) for key in LIST_KEYS),
    ]

    class Moved(Message):
        """The cursor is on another VM."""

    class Entered(Message):
        """The VM under the cursor was double-clicked."""

    class Changed(Message):
        """Marks, or the order of the list."""

    def __init__(self, model: FleetModel, freshness: Freshness, clock: Callable[[], float]) -> None:
        super().__init__(id="vms")
        self.model = model
        self._freshness = freshness
        self._clock = clock
        self._lines: dict[int, tuple[tuple[Any, ...], Strip]] = {}
        """By VM, what its line was drawn from, and the line."""
        self._seen: dict[int, int | None] = {}
        """By line of the widget, the VM it shows."""
        self._heading_seen: tuple[Any, ...] = ()
        self._layout: Layout | None = None
        self._palette: Palette | None = None
        self._heading = self._cursor_line = self._empty_line = Style()
        self.empty_text: list[str] = []
        """What to say when there is no VM to show."""

    # Drawing

    def notify_style_update(self) -> None:
        self._palette = None
        self._lines.clear()
        super().notify_style_update()

    def fleet_changed(self) -> None:
        """Draw again after the model changed; lines whose VM did not change come from the cache."""
        height = len(self.model.order) + 1
        if self.virtual_size.height != height:
            self.virtual_size = Size(self.size.width, height)
        heading = (self.model.sort, self.model.descending, self._widest_id())
        if self._reveal_cursor() or heading != self._heading_seen or not (self._layout and self.model.order):
            self._heading_seen = heading
            self.refresh()
        else:
            self.refresh_changed()

    def refresh_changed(self) -> None:
        """Draw again those lines that would look different."""
        if self._layout is None:
            return
        now, top = self._clock(), self.scroll_offset.y
        for y in range(1, self.size.height):
            index = top + y - 1
            number = self.model.order[index] if index < len(self.model.order) else None
            known = None if number is None else self._lines.get(number)
            looks = None if number is None else self._looks(number, index, self._layout, now)
            if self._seen.get(y) != number or (known and known[0]) != looks:
                self.refresh(Region(0, y, self.size.width, 1))

    def _widest_id(self) -> int:
        order = self.model.order
        return max(order[0], order[-1]) if order else 0

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        palette = self._styles()
        layout = self._layout
        largest = self._widest_id()
        if layout is None or layout.width != width or (y == 0 and len(str(largest)) > layout.columns[0][1]):
            layout = self._layout = Layout(width, largest)
            self._lines.clear()
        if y == 0:
            heading = fit(layout.heading(self.model.sort, self.model.descending), width)
            return Strip([Segment(heading, self._heading)], width)
        index = self.scroll_offset.y + y - 1
        if index >= len(self.model.order):
            self._seen[y] = None
            return self._below(y, width, palette)
        number = self._seen[y] = self.model.order[index]
        return self._line(number, index, layout, palette)

    def _styles(self) -> Palette:
        if self._palette is None:
            self._palette = Palette(self.app.theme_variables, self.rich_style)
            self._heading = self.get_component_rich_style("vm-table--heading")
            self._cursor_line = Style(bgcolor=self.get_component_rich_style("vm-table--cursor").bgcolor)
            self._empty_line = self.get_component_rich_style("vm-table--empty")
        return self._palette

    def _line(self, number: int, index: int, layout: Layout, palette: Palette) -> Strip:
        now = self._clock()
        looks = self._looks(number, index, layout, now)
        known = self._lines.get(number)
        if known is not None and known[0] == looks:
            return known[1]
        strip = self._draw(self.model.rows[number], layout, palette, now, cursor=looks[0], marked=looks[1])
        if len(self._lines) > _CACHED_LINES:
            self._lines.clear()
        self._lines[number] = looks, strip
        return strip

    def _looks(self, number: int, index: int, layout: Layout, now: float) -> tuple[Any, ...]:
        """All that decides how a line looks."""
        model = self.model
        row = model.rows[number]
        host = model.host_of(row)
        silence = self._freshness.silence(host, now)
        return (
            index == model.cursor_index, number in model.marks, row, host and host.name, layout, int(now // 60),
            silence is None, told(silence), model.work.by_vm.get(number), model.work.failures.get(number),
        )  # fmt: skip

    def _draw(
        self,
        row: FleetRow,
        layout: Layout,
        palette: Palette,
        now: float,
        *,
        cursor: bool,
        marked: bool,
    ) -> Strip:
        silent = self._freshness.silence(self.model.host_of(row), now)
        role = "unknown" if silent is not None else role_of(position(row))
        before, after, reason, rest = layout.parts(self.model, row, now)
        state = fit(self._state(row, role, silent), STAT_WIDTH)
        plain = palette["dim"] if silent is not None or role == "off" else palette.base
        signal = palette["alarm"] if role == "failure" else palette[role]
        over = Style(bold=True) if marked else Style()
        if cursor:
            over += self._cursor_line
        segments = [
            Segment("▌" if marked else " ", palette["mark"] + (self._cursor_line if cursor else Style())),
            Segment(before, plain + over),
            Segment(state, signal if role == "failure" else signal + over),
            Segment(after, plain + over),
        ]
        if reason:
            segments += [Segment(reason, palette["failure"] + over), Segment(rest, plain + over)]
        return Strip(segments).adjust_cell_length(layout.width, plain + over)

    def _state(self, row: FleetRow, role: str, silent: float | None) -> str:
        """Glyph, word and how far the work is, `» migr 43%`; of a silent host how old the news is, `? runn 3m`."""
        text = f"{GLYPHS[role]} {alias(row)}"
        if silent is not None:
            return f"{text} {told(silent)}"
        work = self.model.work.by_vm.get(row.id)
        if work is None:
            return f"{text} paus" if row.paused else text
        if work["progress"] is not None:
            return f"{text} {work['progress']:.0f}%"
        return f"{text} …"

    def _below(self, y: int, width: int, palette: Palette) -> Strip:
        """The space under the last VM, or what to type when there is none."""
        if not self.model.order and 0 <= y - 3 < len(self.empty_text):
            text = fit("   " + self.empty_text[y - 3], width)
            return Strip([Segment(text, self._empty_line if y > 3 else palette["strong"])], width)
        return Strip.blank(width, palette.base)

    # Moving

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(event.size.width, len(self.model.order) + 1)
        self._reveal_cursor()

    def _page(self) -> int:
        return max(self.size.height - 1, 1)

    def _reveal_cursor(self) -> bool:
        """Scroll so that the cursor is seen. False when it was."""
        top, index, page = self.scroll_offset.y, self.model.cursor_index, self._page()
        # Half a page at once: a line at a time would send the whole screen for every key.
        if index < top:
            wanted = min(index, max(index - page // 2, 0))
        elif index >= top + page:
            wanted = index - page // 2
        else:
            return False
        self.scroll_to(y=min(wanted, len(self.model.order) - page), animate=False, force=True)
        return True

    def move_to(self, index: int) -> None:
        """Put the cursor on a line of the list."""
        before = self.model.cursor_index
        if not self.model.move_to(index):
            return
        if not self._reveal_cursor():
            top = self.scroll_offset.y
            for line in (before, self.model.cursor_index):
                self.refresh(Region(0, line - top + 1, self.size.width, 1))
        self.post_message(self.Moved())

    def refresh_cursor_line(self) -> None:
        self.refresh(Region(0, self.model.cursor_index - self.scroll_offset.y + 1, self.size.width, 1))

    def action_move(self, by: int) -> None:
        self.move_to(self.model.cursor_index + by)

    def action_page(self, pages: float) -> None:
        self.move_to(self.model.cursor_index + int(pages * self._page()))

    def action_edge(self, end: int) -> None:
        self.move_to(0 if end == 0 else len(self.model.order) - 1)

    def action_mark_and_move(self, by: int) -> None:
        """Mark the VM under the cursor, or unmark it, and go on."""
        if self.model.cursor is not None:
            self.model.toggle_mark(self.model.cursor)
            self.refresh_cursor_line()
            self.move_to(self.model.cursor_index + by)
            self.post_message(self.Changed())

    # Marks and order

    def action_mark_all(self) -> None:
        self.model.mark_shown()
        self.post_message(self.Changed())

    def action_unmark(self) -> None:
        self.model.marks.clear()
        self.post_message(self.Changed())

    def action_invert_marks(self) -> None:
        self.model.invert_marks()
        self.post_message(self.Changed())

    def action_sort(self, by: int) -> None:
        """Sort by the column that many to the right."""
        self._sort_by(NAMES[(NAMES.index(self.model.sort) + by) % len(NAMES)])

    def action_invert_order(self) -> None:
        self._sort_by(self.model.sort)

    def _sort_by(self, column: str) -> None:
        self.model.sort_by(column)
        self.post_message(self.Changed())

    def on_click(self, event: events.Click) -> None:
        if event.y == 0:
            if self._layout is not None and (column := self._layout.column_at(event.x)):
                self._sort_by(column)
            return
        index = self.scroll_offset.y + event.y - 1
        if index < len(self.model.order):
            self.move_to(index)
            if event.chain == 2:
                self.post_message(self.Entered())
