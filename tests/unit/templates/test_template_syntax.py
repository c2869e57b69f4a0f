"""The text form of templates: what is read, what is printed, what is refused and where."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.templates.errors import MOST_PROBLEMS, Problem, TemplateError, TooLarge
from vmconsole.templates.syntax import parse, render, render_value
from vmconsole.templates.template import Template, forbidden_characters

keys = st.text("ABCXYZ_019", min_size=1, max_size=8)
texts = st.text(
    st.one_of(st.sampled_from('"\\\n\t#=[], aé☃'), st.characters(exclude_categories=["Cc", "Cs"])), max_size=20
)
templates = st.lists(st.tuples(keys, texts | st.dictionaries(keys, texts, max_size=4)), max_size=8)


def built(pairs: list[tuple[str, str | dict[str, str]]]) -> Template:
    template = Template()
    for key, value in pairs:
        template.add(key, value)
    return template


def problems(text: str) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        parse(text)
    return [str(problem) for problem in caught.value.problems]


@given(templates)
def test_what_is_printed_reads_back_equal(pairs: list[tuple[str, str | dict[str, str]]]) -> None:
    template = built(pairs)
    assert parse(render(template)) == template
    assert [attribute.key for attribute in parse(render(template))] == [attribute.key for attribute in template]


@given(templates)
def test_stored_data_reads_back_equal(pairs: list[tuple[str, str | dict[str, str]]]) -> None:
    template = built(pairs)
    assert Template.from_data(template.to_data()) == template


@given(st.text(st.sampled_from('AB="[],#\\ \n\tx\x00'), max_size=60))
def test_any_text_is_read_or_refused_with_a_place_inside_it(text: str) -> None:
    found: tuple[Problem, ...] = ()
    try:
        template = parse(text)
    except TemplateError as err:
        found = err.problems
    else:
        assert parse(render(template)) == template
    lines = text.split("\n")
    assert all(1 <= problem.line <= len(lines) for problem in found)
    assert all(1 <= problem.column <= len(lines[problem.line - 1]) + 1 for problem in found)


def test_values_stand_quoted_bare_or_in_vectors() -> None:
    template = parse(
        "# a web server\n"
        "name = web server   # two words\n"
        'Memory=512\nNOTE = "first line\nsecond \\"line\\" # no comment"\n'
        'DISK = [ image = "debian",\n'
        "         SIZE=20g ]  # the root disk\n"
        "DISK = [ TYPE = swap, SIZE = 512, ]\n"
        'EMPTY =\nCONTEXT = []\nA = "1" B = "2"\n'
    )
    assert template.to_data() == {
        "NAME": "web server",
        "MEMORY": "512",
        "NOTE": 'first line\nsecond "line" # no comment',
        "DISK": [{"IMAGE": "debian", "SIZE": "20g"}, {"TYPE": "swap", "SIZE": "512"}],
        "EMPTY": "",
        "CONTEXT": {},
        "A": "1",
        "B": "2",
    }


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"C:\dir\name"', r"C:\dir\name"),
        (r'"say \"hi\""', 'say "hi"'),
        (r'"ends in a backslash\\"', "ends in a backslash\\"),
        (r'"\\\"quoted\\\""', r"\"quoted\""),
        (r'"two \\ stay two"', r"two \\ stay two"),
    ],
)
def test_a_backslash_is_itself_unless_a_quote_follows(written: str, value: str) -> None:
    assert parse(f"A = {written}").get("A") == value


def test_printing_puts_one_attribute_to_a_line() -> None:
    template = Template.from_data({"NAME": "web", "NIC": [{"NETWORK": "a", "IP": "10.0.0.1"}, {}]})
    assert render(template) == 'NAME = "web"\nNIC = [ NETWORK = "a", IP = "10.0.0.1" ]\nNIC = [ ]\n'
    assert render_value({"A": "1", "B": "2"}) == '[ A = "1", B = "2" ]'


def test_lines_of_other_systems_and_a_byte_order_mark_are_read() -> None:
    assert parse("\ufeffA = 1\r\nB = 2\r\n").to_data() == {"A": "1", "B": "2"}


MALFORMED = [
    ('NAME = "web', ["line 1, column 8: this quote is never closed"]),
    ("= 3", ["line 1, column 1: expected an attribute name, found '='"]),
    ("NAME", ["line 1, column 5: expected '=' after NAME, found the end of the text"]),
    (
        "CPU 1\nMEMORY 2",
        [
            "line 1, column 5: expected '=' after CPU, found '1'",
            "line 2, column 8: expected '=' after MEMORY, found '2'",
        ],
    ),
    ("A-B = 1", ["line 1, column 2: expected '=' after A, found '-'"]),
    ("A = b = c", ["line 1, column 7: a value with '=' must be put in quotes"]),
    ("A = b]", ["line 1, column 6: a value with ']' must be put in quotes"]),
    ("A = b#c", ["line 1, column 6: a value with '#' must be put in quotes"]),
    ("A = [ B = 1", ["line 1, column 5: the '[' of A is never closed"]),
    ("A = [ B ]", ["line 1, column 9: expected '=' after B, found ']'"]),
    ("A = [ = 1 ]", ["line 1, column 7: expected an attribute name or ']' in A, found '='"]),
    (
        "A = [ B = [ C = 1 ] ]",
        [
            "line 1, column 11: a value with '[' must be put in quotes",
            "line 1, column 21: expected an attribute name, found ']'",
        ],
    ),
    ("A = [ B = 1, b = 2 ]", ["line 1, column 14: A has B twice"]),
    ("A = [ B = 1,, C = 2 ]", ["line 1, column 13: expected an attribute name or ']' in A, found ','"]),
    (
        "A = 1\n\x00B = \x1bc",
        [
            "line 2, column 1: control character U+0000 is not allowed",
            "line 2, column 6: control character U+001B is not allowed",
        ],
    ),
    ("A = \ud800", ["line 1, column 5: control character U+D800 is not allowed"]),
    (
        'DISK = [ IMAGE = "a"\n  SIZE = 3,\n  DRIVER = x=y,\n  BUS = 1 ]\nFOO\nB = 1',
        [
            "line 2, column 3: expected ',' or ']' after DISK/IMAGE, found 'S'",
            "line 3, column 13: a value with '=' must be put in quotes",
            "line 5, column 4: expected '=' after FOO, found the end of the line",
        ],
    ),
    (
        "DISK = [\nIMAGE = a\nCPU = 1\nMEMORY = = 2\n",
        [
            "line 3, column 1: expected ',' or ']' after DISK/IMAGE, found 'C'",
            "line 4, column 10: a value with '=' must be put in quotes",
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), MALFORMED)
def test_every_error_of_a_text_is_listed_with_line_and_column(text: str, expected: list[str]) -> None:
    found = problems(text)
    assert found == expected


def test_the_error_speaks_for_its_first_problem() -> None:
    with pytest.raises(TemplateError) as caught:
        parse("A = 1\nB\nC")
    assert (caught.value.line, caught.value.column) == (2, 2)
    assert caught.value.message == "expected '=' after B, found the end of the line"
    assert str(caught.value).count("\n") == 1


def test_ten_megabytes_are_refused_at_once() -> None:
    text = "A = 1\n" * 1_700_000
    started = time.perf_counter()
    with pytest.raises(TooLarge) as caught:
        parse(text)
    assert time.perf_counter() - started < 0.1
    assert caught.value.code == "INPUT_TOO_LARGE"


def test_the_limit_counts_bytes_not_characters() -> None:
    assert parse("A = éé", limit_bytes=8).get("A") == "éé"
    with pytest.raises(TooLarge):
        parse("A = éé", limit_bytes=7)


@pytest.mark.parametrize(
    "unit", ["A\n", "A = [\n", '"\n', 'A = [ B = "\n', 'A = "x\n', "=,", "A = [ B = c=d,", "\x00\x01"]
)
def test_a_megabyte_of_errors_costs_no_more_than_its_first_hundred(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.perf_counter()
    with pytest.raises(TemplateError) as caught:
        parse(text)
    assert time.perf_counter() - started < 3
    assert len(caught.value.problems) <= MOST_PROBLEMS


def test_a_megabyte_of_attributes_is_read_and_stored_within_seconds() -> None:
    text = "".join(f"A{number} = {number}\n" for number in range(60_000))
    started = time.perf_counter()
    template = parse(text)
    assert Template.from_data(template.to_data()) == template.merge(template)
    assert time.perf_counter() - started < 5


@given(st.text(st.characters(), max_size=30))
def test_a_template_holds_no_control_character(text: str) -> None:
    template = Template()
    try:
        template.add("A", text)
    except TemplateError:
        assert forbidden_characters(text)
    else:
        assert not any(char < " " and char not in "\n\t" for char in text)
        assert parse(render(template)).get("A") == text
