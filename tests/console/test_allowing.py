"""What a guest may send to the terminal of whoever looks at its serial console: what draws, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.console.guest.allowing import Allowing

DRAWS = (
    b"hello \xc3\xbc \xe6\x97\xa5\r\n\t\b",
    b"\x1b[31;1mred\x1b[0m",
    b"\x1b[38;2;1;2;3m\x1b[48:5:7m",
    b"\x1b[2J\x1b[H\x1b[12;40H\x1b[K\x1b[1K\x1b[5A\x1b[3@\x1b[2L",
    b"\x1b[1;24r\x1b[s\x1b[u\x1b7\x1b8\x1bM\x1bD\x1b=\x1b>",
    b"\x1b[?25l\x1b[?1049h\x1b[?1;7h",
    b"\x1b(B\x1b)0\x0e\x0f",
)
HARMS = {
    "the title": b"\x1b]0;owned\x07",
    "the title, ended by ST": b"\x1b]2;owned\x1b\\",
    "the clipboard": b"\x1b]52;c;cm0gLXJmIH4=\x07",
    "a device control string": b'\x1bP$q"p\x1b\\',
    "an application command": b"\x1b_Gi=1;AAAA\x1b\\",
    "a private message": b"\x1b^x\x1b\\",
    "what device are you": b"\x1b[c\x1b[>c\x1b[=c\x1bZ",
    "where is the cursor": b"\x1b[6n\x1b[?6n",
    "the window": b"\x1b[8;10;10t\x1b[21t",
    "the mouse, focus and pasting": b"\x1b[?1000h\x1b[?1006h\x1b[?1004h\x1b[?2004h",
    "the printer": b"\x1b[5i",
    "the keyboard protocol": b"\x1b[>1u\x1b[=1u\x1b[?u",
    "the answerback": b"\x05",
    "controls": b"\x00\x01\x04\x11\x13\x7f",
    "C1 as characters": "\u009b5n\u009d0;x".encode()[:2],
    "a reset": b"\x1bc",
}


@pytest.mark.parametrize("data", DRAWS)
def test_what_draws_comes_through_unchanged(data: bytes) -> None:
    assert Allowing()(data) == data


@pytest.mark.parametrize("data", HARMS.values(), ids=list(HARMS))
def test_what_would_do_more_than_draw_is_dropped_and_the_rest_goes_on(data: bytes) -> None:
    assert Allowing()(b"a" + data + b"b") == b"ab"


def test_a_sequence_cut_into_pieces_is_judged_as_a_whole() -> None:
    allowing = Allowing()
    data = b"x\x1b[31mred\x1b]0;own" + b"ed\x07y\xc3\xa4"
    assert b"".join(allowing(data[at : at + 1]) for at in range(len(data))) == b"x\x1b[31mredy\xc3\xa4"


def test_a_string_that_never_ends_swallows_one_line_only() -> None:
    assert Allowing()(b"\x1b]0;never ended\nnext line") == b"next line"


@given(st.binary(max_size=200))
def test_no_bytes_at_all_get_a_string_a_question_or_a_bare_control_through(data: bytes) -> None:
    shown = Allowing()(data).decode()
    for sequence in ("\x1b]", "\x1bP", "\x1b_", "\x1b^", "\x1bX", "\x1bc", "\x1bZ", "\x9b", "\x9d"):
        assert sequence not in shown
    for part in shown.split("\x1b[")[1:]:
        final = next((char for char in part if "\x40" <= char <= "\x7e"), "")
        assert final not in set("cnti")
