"""Colours that everybody can tell apart, also in grey."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import Monochrome
from textual.theme import Theme

from vmconsole.console.palette import CALM_DARK, CALM_LIGHT, DARK, GLYPHS, LIGHT, Palette, role_of
from vmconsole.lifecycle import states as at

READABLE = 3.0


def contrast(one: Color, other: Color) -> float:
    """The contrast of WCAG 2, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(color: Color) -> float:
    parts = [part / 255 for part in color.rgb]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def grey(color: str) -> Color:
    """The colour as NO_COLOR leaves it."""
    segment = Segment("x", Style(color=Color.parse(color).rich_color))
    (filtered,) = Monochrome().apply([segment], Color.parse("black"))
    assert filtered.style is not None
    assert filtered.style.color is not None
    return Color.from_rich_color(filtered.style.color)


@pytest.mark.parametrize(("theme", "colours"), [(CALM_DARK, DARK), (CALM_LIGHT, LIGHT)], ids=["dark", "light"])
@pytest.mark.parametrize("role", [name for name in DARK if name != "role-track"])
def test_every_role_is_readable_in_grey_on_every_ground(theme: Theme, colours: dict[str, str], role: str) -> None:
    for ground in (theme.surface, theme.panel, theme.variables["block-cursor-background"]):
        assert ground is not None
        assert contrast(grey(colours[role]), grey(ground)) >= READABLE


def test_a_failure_is_reversed_and_so_never_only_a_colour() -> None:
    palette = Palette({**DARK, **CALM_DARK.variables}, Style(color="#ffffff", bgcolor="#000000"))
    assert palette["alarm"].bgcolor == palette["failure"].color
    assert palette["failure"].bold


def test_every_state_has_a_role_with_a_glyph_of_its_own() -> None:
    assert {role_of(place) for place in at.POSITIONS} <= set(GLYPHS)
    assert len(set(GLYPHS.values())) == len(GLYPHS)
    assert role_of(at.RUNNING) == "running"
    assert role_of(at.MIGRATE) == "moving"
    assert role_of(at.BOOT_FAILURE) == "failure"
    assert role_of(at.POWEROFF) == "off"
    assert role_of(at.SUSPENDED) == "saved"
