"""What may reach a terminal, and how wide it is."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from vmconsole.presentation import MAX_MARKS, age, cells, fit, running_time, safe

HOSTILE = (
    "\x1b[2J", "\x9b31m", "\x7f", "\r\n", "\t", "\u2028", "\u2029", "\u202e", "\u2066", "\u200b", "\u200d", "\ufeff",
    "\U000e0041", "\u00ad", "\u3164", "\ufe0f", "\udc80", "\u00a0", "\x00",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_what_steers_a_terminal_or_cannot_be_seen_becomes_a_visible_escape(text: str) -> None:
    shown = safe(f"a{text}b")
    assert shown.isascii()
    assert shown.isprintable()
    assert f"\\u{{{ord(text[0]):x}}}" in shown


@given(st.text())
def test_safe_text_holds_nothing_unprintable_and_is_safe_already(text: str) -> None:
    shown = safe(text)
    assert all(char.isprintable() for char in shown)
    assert safe(shown) == shown
    shown.encode()


def test_ordinary_text_of_any_script_stays_as_it_is() -> None:
    for text in ("web-1", "übung", "日本", "данные", "شبكة", "naïve café", "😀"):
        assert safe(text) == text


def test_text_is_composed_so_that_equal_names_look_equal() -> None:
    assert safe("u\u0308bung") == "übung"


def test_marks_piled_on_a_character_are_capped() -> None:
    shown = safe("x" + "\u0335" * 40 + "y")
    assert shown.count("\u0335") == MAX_MARKS
    assert shown.endswith("y")


def test_a_mark_without_a_base_does_not_land_on_what_stands_before() -> None:
    assert safe("\u0335a").startswith("\N{DOTTED CIRCLE}")


def test_a_limit_cuts_and_says_so() -> None:
    assert safe("abcdef", 4) == "abc…"
    assert safe("abcd", 4) == "abcd"


DISPUTED = (
    *range(0x2630, 0x2638), *range(0x268A, 0x2690), *range(0x4DC0, 0x4E00), *range(0x1D300, 0x1D377),
)  # fmt: skip
"""Symbols that became wide with Unicode 16; terminals of both kinds are about."""


def test_widths_are_those_of_the_screen() -> None:
    """Rich measures what the framework draws; a different answer would shift the columns behind a name."""
    differing = [
        char
        for char in map(chr, range(0x20, sys.maxunicode + 1))
        if safe(char) == char and ord(char) not in DISPUTED and cells(char) != cell_len(char)
    ]
    assert [f"{ord(char):x}" for char in differing] == []


@given(st.text(), st.integers(min_value=0, max_value=40), st.booleans())
def test_a_fitted_text_has_exactly_the_width(text: str, width: int, right: bool) -> None:
    assert cells(fit(text, width, right)) == width
    assert cells(fit(text, width, right, more="…")) == width


def test_a_wide_character_that_does_not_fit_leaves_a_blank() -> None:
    assert fit("日本語", 5) == "日本 "
    assert fit("日本語", 5, more="…") == "日本…"
    assert fit("7", 3, right=True) == "  7"


def test_times_are_written_as_in_lists() -> None:
    assert running_time(86400 + 23 * 3600 + 11 * 60) == "  1d 23h11"
    assert running_time(160) == "  0d 00h02"
    assert [age(seconds) for seconds in (7, 60, 7200, 86400 * 12)] == ["7s", "1m", "2h", "12d"]
