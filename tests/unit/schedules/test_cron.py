"""Cron expressions: what is taken, and that everything else is refused at once and in words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.schedules.cron import LONGEST, parse
from vmconsole.schedules.errors import CronError

REFUSED = [
    "", " ", "*", "* * * *", "* * * * * *", "*/15 * * * * *", "0 0 * * * 0 2027", "@daily", "@reboot", "@every 5m",
    "60 * * * *", "-1 * * * *", "* 24 * * *", "* * 0 * *", "* * 32 * *", "* * * 0 *", "* * * 13 *", "* * * * 8",
    "R * * * *", "R R * * *", "H H * * *", "H(0-5) * * * *", "*/0 * * * *", "*/60 * * * *", "*/90 * * * *",
    "*/99999999999999 * * * *", "5-1 * * * *", "5-5 * * * *", "59/15 * * * *", "* * * JAN-JAN *", "* * * * sat-sun",
    "0 0 31 2 *", "0 0 30 feb *", "0 0 31 4,6,9,11 *", "0 0 31 2 1#5", "0 0 30w 2 *", "0 0 * * 1,5#2", "0 0 * * 1#6",
    "0 0 * * 5L", "0 0 L-3 * *", "0 0 32w * *", "0 0 ? * *", "0 0 l,15 * *", "0 0 LW * *", "* * * foo *",
    "* * * * monday", "1,,2 * * * *", ",1 * * * *", "1, * * * *", "1-2-3 * * * *", "*/5/5 * * * *", "*,5 * * * *",
    "0 0 15w * 1", "0 0 31 * 1#5", "0 0 l * mon", "0 0 1 * l5",
    "+1 * * * *", "1.5 * * * *", "0x1 * * * *", "\u0661 * * * *", "\uff11 * * * *", "* * * * *\x00", "* * * *\u00a0*",
    "0 0 * * *; reboot", "$(reboot) * * * *", "\x1b[31m * * * *", "None", "nan * * * *", "1e1 * * * *",
    "000 * * * *", "* * * * *" * 50, "0," * 200_000 + "0 * * * *", "*" * 400_000, " " * 400_000,
]  # fmt: skip


@pytest.mark.parametrize("expression", REFUSED, ids=lambda text: repr(text[:30]))
def test_what_is_no_expression_of_five_fields_is_refused_at_once(expression: str) -> None:
    begin = time.perf_counter()
    with pytest.raises(CronError) as refusal:
        parse(expression)
    assert time.perf_counter() - begin < 0.05
    assert all(0 < len(problem) < 200 and problem.isprintable() for problem in refusal.value.problems)


def test_all_that_is_wrong_is_said() -> None:
    with pytest.raises(CronError) as refusal:
        parse("61 25 * 13 *")
    assert [problem.partition(":")[0] for problem in refusal.value.problems] == ["minute", "hour", "month"]


@pytest.mark.parametrize(
    ("expression", "minutes", "hours"),
    [
        ("30 2 * * *", (30,), (2,)),
        ("*/20 */6 * * *", (0, 20, 40), (0, 6, 12, 18)),
        ("10-20/5,59 0,23 * * *", (10, 15, 20, 59), (0, 23)),
        ("0  2\t* JAN,feb-APR Mon-FRI", (0,), (2,)),
        ("0 0 L * *", (0,), (0,)),
        ("0 0 * * 0-7", (0,), (0,)),
        ("0 0 1 * wed", (0,), (0,)),
        ("* * 15W * *", tuple(range(60)), tuple(range(24))),
    ],
)
def test_five_fields_are_read(expression: str, minutes: tuple[int, ...], hours: tuple[int, ...]) -> None:
    cron = parse(expression)
    assert (cron.minutes, cron.hours) == (minutes, hours)
    assert parse(str(cron)) == cron


def test_the_longest_expression_is_taken_and_one_more_character_is_not() -> None:
    minutes = ",".join(map(str, range(60)))
    expression = f"{minutes} * * * *"
    longest = expression + " " * (LONGEST - len(expression))
    assert parse(longest).minutes == tuple(range(60))
    with pytest.raises(CronError):
        parse(longest + " ")


@given(st.text(alphabet="0123456789*/-,#LWlwRHh \tjanmo@?", max_size=40) | st.text(max_size=40))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    try:
        cron = parse(text)
    except CronError:
        return
    assert next(cron.calendar.walls(0), None) is not None
