"""Filters of lists: the option of the batch list and the search line of the console."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.templates.errors import SelectionError
from vmconsole.templates.selection import column_filter, search_filter

COLUMNS = ("ID", "NAME", "STAT", "CPU", "MEM")
CELLS = {"ID": "12", "NAME": "web=1", "STAT": "runn", "CPU": "9", "MEM": "1.5G"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("STAT=runn", True),
        ("stat = runn", True),
        ("STAT=RUNN", False),
        ("STAT!=runn", False),
        ("STAT~un", True),
        ("STAT~poff", False),
        ("CPU<10", True),
        ("CPU<=9", True),
        ("CPU>=9.0", True),
        ("CPU=9.00", True),
        ("CPU>10", False),
        ("ID>9", True),
        ("NAME=web=1", True),
        ("NAME~=", True),
        ("NAME>web", True),
        ("MEM>1.2", True),
        ("MEM=", False),
        ("STAT=runn,CPU<5", False),
        ("STAT=runn,CPU<10", True),
        ("NAME~%_'\";--", False),
    ],
)
def test_a_row_passes_when_every_condition_on_its_cells_holds(text: str, expected: bool) -> None:
    assert column_filter(text, COLUMNS)(CELLS) is expected


def test_with_or_one_condition_is_enough() -> None:
    assert column_filter("STAT=poff,CPU<10", COLUMNS, any_of=True)(CELLS)
    assert not column_filter("STAT=poff,CPU<5", COLUMNS, any_of=True)(CELLS)


def test_numbers_compare_as_numbers_and_other_text_as_text() -> None:
    assert not column_filter("CPU>10")({"CPU": "9"})
    assert column_filter("CPU>10")({"CPU": "9%"})
    assert not column_filter("NAME=100000")({"NAME": "1e5"})
    assert not column_filter("NAME=nan")({"NAME": "NaN"})


@pytest.mark.parametrize("text", ["", "STAT", "=runn", "NOPE=1", "STAT=runn,", "STAT=runn,,CPU=1", "STAT runn"])
def test_a_filter_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SelectionError):
        column_filter(text, COLUMNS)


FIELDS = ("id", "name", "state", "host", "cpu", "tag", "ip")
ROW = {
    "id": 12,
    "name": "Web One",
    "state": ("runn", "RUNNING"),
    "host": "h1",
    "cpu": 62.5,
    "tag": ["prod", "eu"],
    "ip": None,
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", True),
        ("web", True),
        ("WEB one", True),
        ("web two", False),
        ("eu", True),
        ("12", True),
        ('"web one"', True),
        ('"one web"', False),
        ("!web", False),
        ("!db", True),
        ("!!web", True),
        ("state=runn", True),
        ("state=running", True),
        ("state=run", False),
        ("state~run", True),
        ("STATE=Runn", True),
        ("state=runn host=h1 cpu>50 tag=prod", True),
        ("state=runn host=h1 cpu>70 tag=prod", False),
        ("cpu>=62.5", True),
        ("cpu<7", False),
        ("tag=prod tag=eu", True),
        ("tag!=prod", False),
        ("tag!=test", True),
        ("!tag=prod", False),
        ('name="web one"', True),
        ("ip=10.0.0.1", False),
        ("ip!=10.0.0.1", True),
        ("!ip=10.0.0.1", True),
    ],
)
def test_a_row_passes_when_every_term_holds(text: str, expected: bool) -> None:
    assert search_filter(text, FIELDS)(ROW) is expected


@pytest.mark.parametrize("text", ["!", "web !", "cpu>", "=5", "nope=1", '"web', "host=", 'host=""'])
def test_a_term_that_is_incomplete_or_of_an_unknown_field_is_refused(text: str) -> None:
    with pytest.raises(SelectionError):
        search_filter(text, FIELDS)


def test_thousands_of_negations_are_refused_and_not_followed() -> None:
    with pytest.raises(SelectionError):
        search_filter("!" * 100_000)


@given(st.text(max_size=30) | st.text(st.sampled_from('!=<>~" acpu5'), max_size=30))
def test_any_search_text_is_refused_or_answers(text: str) -> None:
    try:
        predicate = search_filter(text, FIELDS)
    except SelectionError:
        return
    assert predicate(ROW) in (True, False)
