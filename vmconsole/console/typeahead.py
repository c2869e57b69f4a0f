"""Keys typed faster than the screen changes go to where the person meant them, never to what had the focus before."""

from __future__ import annotations

from textual import events
from textual.widget import Widget


def hand_on(widget: Widget, event: events.Key) -> None:
    """Called with each key of a widget: what arrives after a line was opened belongs to that line.

    The framework hands keys to the widget that has the focus when they come in. Of the keys `/web` sent at once all four
    were the list's, where `w` might be a command. What arrives after a screen was laid over the list belongs to nobody.
    """
    focused = widget.screen.focused
    if widget.app.screen is not widget.screen:
        event.stop()
        event.prevent_default()
    elif focused is not None and focused is not widget:
        event.stop()
        event.prevent_default()
        focused.post_message(events.Key(event.key, event.character))
