"""What things look like: roles, their colours in each kind of theme, and which role a VM's state has.

Colours are never the only sign: every state also has a glyph and a word. The values are of the Okabe-Ito set, which
tells them apart for the common colour deficiencies, lightened or darkened so that they stay readable in grey
(``NO_COLOR`` turns hues into lightness).
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from vmconsole.lifecycle import states as at

DARK = {
    "role-running": "#35c49a",
    "role-moving": "#63bdf0",
    "role-saved": "#e6d45a",
    "role-waiting": "#b9a5e8",
    "role-off": "#8b96a3",
    "role-failure": "#ff9a62",
    "role-unknown": "#eeb04a",
    "role-dim": "#828d9a",
    "role-track": "#333e4a",
    "role-key": "#63bdf0",
    "role-mark": "#e6d45a",
}
LIGHT = {
    "role-running": "#00704f",
    "role-moving": "#0a5c94",
    "role-saved": "#756300",
    "role-waiting": "#5b458f",
    "role-off": "#5f6771",
    "role-failure": "#a83f00",
    "role-unknown": "#855700",
    "role-dim": "#66707b",
    "role-track": "#cfcabf",
    "role-key": "#0a5c94",
    "role-mark": "#756300",
}
ANSI = {
    "role-running": "ansi_green",
    "role-moving": "ansi_cyan",
    "role-saved": "ansi_yellow",
    "role-waiting": "ansi_blue",
    "role-off": "ansi_bright_black",
    "role-failure": "ansi_bright_red",
    "role-unknown": "ansi_yellow",
    "role-dim": "ansi_bright_black",
    "role-track": "ansi_bright_black",
    "role-key": "ansi_cyan",
    "role-mark": "ansi_yellow",
}
"""The user's own terminal colours."""

CALM_DARK = Theme(
    name="vmconsole-dark",
    primary="#63bdf0",
    secondary="#35c49a",
    accent="#63bdf0",
    warning="#eeb04a",
    error="#ff9a62",
    success="#35c49a",
    foreground="#d3dae3",
    background="#11151a",
    surface="#11151a",
    panel="#1a2028",
    dark=True,
    variables={
        "boost": "#232b35",  # of a theme that has a panel the framework leaves out its own
        "button-focus-text-style": "bold",
        "block-cursor-background": "#274257",
        "block-cursor-foreground": "#f2f6fa",
        "input-cursor-background": "#d3dae3",
        "border": "#344150",
        "border-blurred": "#28323d",
        "scrollbar": "#344150",
        "scrollbar-background": "#141920",
        "scrollbar-hover": "#4a5a6c",
        "scrollbar-active": "#63bdf0",
        "footer-background": "#1a2028",
    },
)
CALM_LIGHT = Theme(
    name="vmconsole-light",
    primary="#0a5c94",
    secondary="#00704f",
    accent="#0a5c94",
    warning="#855700",
    error="#a83f00",
    success="#00704f",
    foreground="#1d242c",
    background="#fbfaf7",
    surface="#fbfaf7",
    panel="#eeece6",
    dark=False,
    variables={
        "boost": "#e4e1d9",
        "button-focus-text-style": "bold",
        "block-cursor-background": "#cfe3f2",
        "block-cursor-foreground": "#10161c",
        "border": "#b9b4a8",
        "border-blurred": "#d6d2c8",
    },
)

GLYPHS = {
    "running": "●",
    "moving": "»",
    "saved": "◐",
    "waiting": "·",
    "off": "○",
    "failure": "!",
    "unknown": "?",
}


def role_of(position: at.Position) -> str:
    """The role whose colour and glyph stand for a state."""
    if position.is_failure:
        return "failure"
    if position.is_transient:
        return "moving"
    return _ROLES.get(position, "off")


_ROLES = {
    at.RUNNING: "running",
    at.UNKNOWN: "unknown",
    at.SUSPENDED: "saved",
    at.STOPPED: "saved",
    at.PENDING: "waiting",
    at.HOLD: "waiting",
}


class Palette:
    """Rich styles by role on one background.

    Args:
        variables: the theme's variables, among them the ``role-…`` colours.
        base: foreground and background of the widget.
    """

    def __init__(self, variables: Mapping[str, str], base: Style) -> None:
        self.base = base
        background = base.bgcolor
        self._styles = {
            name.removeprefix("role-"): base + Style(color=Color.parse(value).rich_color)
            for name, value in variables.items()
            if name.startswith("role-")
        }
        failure = self._styles["failure"]
        self._styles.update(
            text=base,
            strong=base + Style(bold=True),
            title=self._styles["key"] + Style(bold=True),
            failure=failure + Style(bold=True),
            mark=self._styles["mark"] + Style(bold=True),
            chosen=Style(
                color=Color.parse(variables["block-cursor-foreground"]).rich_color,
                bgcolor=Color.parse(variables["block-cursor-background"]).rich_color,
            ),
            alarm=Style(color=background, bgcolor=failure.color, bold=True),
        )

    def __getitem__(self, role: str) -> Style:
        return self._styles.get(role, self.base)
