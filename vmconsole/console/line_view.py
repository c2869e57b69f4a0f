"""A view of styled lines that sends the terminal only those that changed: header, panes, jobs, keys."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from vmconsole.console.palette import Palette
from vmconsole.presentation import cells, safe

Span = tuple[str, str]
"""A text and the role it is shown in, see `palette`."""
Line = list[Span]


def plain(line: Line) -> str:
    """The line without its roles."""
    return "".join(text for text, _ in line)


class LineView(ScrollView):
    """Shows lines; every text is made safe here, whatever it came from."""

    DEFAULT_CSS = """
    LineView { background: $surface; overflow-x: hidden; scrollbar-size-vertical: 1; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._palette: Palette | None = None

    @property
    def lines(self) -> list[Line]:
        """The lines shown now."""
        return self._shown

    def show(self, lines: Sequence[Line], *, top: bool = False) -> None:
        """Show other lines; `top` scrolls back to the first."""
        old, self._shown = self._shown, list(lines)
        height = len(self._shown)
        if self.virtual_size.height != height:
            self.virtual_size = Size(self.size.width, height)
        if top and self.scroll_offset.y:
            self.scroll_to(y=0, animate=False, force=True)
        first, width = self.scroll_offset.y, self.size.width
        for index in range(max(len(old), height)):
            before = old[index] if index < len(old) else None
            after = self._shown[index] if index < height else None
            if before != after:
                self._strips.pop(index, None)
                if first <= index < first + self.size.height:
                    self.refresh(Region(0, index - first, width, 1))

    def fill(self, lines: Sequence[Line]) -> None:
        """Show lines, and be as high as they are many."""
        if self.styles.height is None or self.styles.height.value != len(lines):
            self.styles.height = len(lines)
        self.show(lines)

    def notify_style_update(self) -> None:
        self._palette = None
        self._strips.clear()
        super().notify_style_update()

    def on_resize(self) -> None:
        self._strips.clear()
        self.virtual_size = Size(self.size.width, len(self._shown))

    def render_line(self, y: int) -> Strip:
        if self._palette is None:
            self._palette = Palette(self.app.theme_variables, self.rich_style)
        width = self.size.width
        index = self.scroll_offset.y + y
        if index >= len(self._shown):
            return Strip.blank(width, self._palette.base)
        strip = self._strips.get(index)
        if strip is None:
            spans = [(safe(text), self._palette[role]) for text, role in self._shown[index]]
            strip = Strip([Segment(text, style) for text, style in spans], sum(cells(text) for text, _ in spans))
            strip = self._strips[index] = strip.adjust_cell_length(width, self._palette.base)
        return strip
