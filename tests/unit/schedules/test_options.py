"""What the options --schedule, --weekly and its like, --cron, --zone and --end mean."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.schedules.instants import at
from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.options import changed, from_options, to_options
from vmconsole.schedules.rule import Rule
from vmconsole.templates.scheduled import End, Repeat

BERLIN = "Europe/Berlin"
NOW = at("2026-11-20T09:15:30+01:00")


def rule(**options: str) -> Rule:
    return from_options(**options, zone_default=BERLIN, now=NOW)


def problems(**options: str) -> tuple[str, ...]:
    with pytest.raises(ScheduleError) as refusal:
        rule(**options)
    return refusal.value.problems


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("09/20", "2026-09-20T00:00+02:00"),
        ("9/2", "2026-09-02T00:00+02:00"),
        ("09/23 14:15", "2026-09-23T14:15+02:00"),
        ("12/25", "2026-12-25T00:00+01:00"),
        ("12/25 14:15:16", "2026-12-25T14:15:16+01:00"),
        ("2027-03-01", "2027-03-01T00:00+01:00"),
        ("2027-03-01 5:07", "2027-03-01T05:07+01:00"),
        ("2027-03-01 05:07:09", "2027-03-01T05:07:09+01:00"),
        ("2027-03-01T05:07", "2027-03-01T05:07+01:00"),
        ("2028-02-29 00:00", "2028-02-29T00:00+01:00"),
        ("23:59", "2026-11-20T23:59+01:00"),
        (" 08:00 ", "2026-11-20T08:00+01:00"),
        ("now", "2026-11-20T09:15:30+01:00"),
        ("2026-03-29 02:30", "2026-03-29T03:00+02:00"),
        ("2026-10-25 02:30", "2026-10-25T02:30+02:00"),
    ],
)
def test_a_time_is_meant_by_the_clocks_of_the_zone(text: str, moment: str) -> None:
    assert rule(schedule=text) == Rule(time=at(moment), zone=BERLIN)


def test_today_is_the_day_of_the_zone() -> None:
    assert rule(schedule="00:00", zone_name="Pacific/Kiritimati").time == at("2026-11-20T00:00+14:00")
    assert rule(schedule="00:00", zone_name="Pacific/Pago_Pago").time == at("2026-11-19T00:00-11:00")


def test_a_plus_and_seconds_count_from_the_start() -> None:
    assert rule(schedule="+3600") == Rule(time=3600, zone=BERLIN, relative=True)


@pytest.mark.parametrize(
    ("options", "repeat", "days"),
    [
        ({"weekly": "1,5"}, Repeat.WEEKLY, (1, 5)),
        ({"weekly": "5, 1,5"}, Repeat.WEEKLY, (1, 5)),
        ({"weekly": "0,6"}, Repeat.WEEKLY, (0, 6)),
        ({"monthly": "1,14,31"}, Repeat.MONTHLY, (1, 14, 31)),
        ({"yearly": "0,200,365"}, Repeat.YEARLY, (0, 200, 365)),
        ({"hourly": "10"}, Repeat.HOURLY, (10,)),
        ({"hourly": "168"}, Repeat.HOURLY, (168,)),
    ],
)
def test_days_and_hours_are_read(options: dict[str, str], repeat: Repeat, days: tuple[int, ...]) -> None:
    found = rule(schedule="12/25", **options)
    assert (found.repeat, found.days) == (repeat, days)


@pytest.mark.parametrize(
    "options",
    [
        {"weekly": "7"},
        {"weekly": "1,7"},
        {"monthly": "0"},
        {"monthly": "32"},
        {"yearly": "366"},
        {"hourly": "0"},
        {"hourly": "169"},
        {"hourly": "1,2"},
        {"weekly": ""},
        {"weekly": "1,"},
        {"weekly": "1-5"},
        {"weekly": "mon"},
        {"weekly": "-1"},
        {"weekly": "\u0661"},
        {"monthly": "9" * 5000},
        {"weekly": "1,5", "hourly": "3"},
        {"weekly": "1,5", "cron": "0 0 * * *"},
    ],
    ids=str,
)
def test_days_out_of_range_and_two_kinds_of_repeat_are_refused(options: dict[str, str]) -> None:
    assert problems(schedule="12/25", **options)


def test_a_number_is_how_often_and_everything_else_a_date() -> None:
    assert rule(schedule="now", weekly="1", end="10").end is End.TIMES
    assert rule(schedule="now", weekly="1", end="10").end_value == 10
    dated = rule(schedule="now", weekly="1", end="12/25")
    assert (dated.end, dated.end_value) == (End.DATE, at("2026-12-25T00:00+01:00"))


@pytest.mark.parametrize(
    "end", ["0", "-1", "", "soon", "+5", "99999999999", "1" * 5000, "11/19", "13/01", "2026-02-30"]
)
def test_an_end_that_is_none_or_lies_before_the_first_run_is_refused(end: str) -> None:
    assert problems(schedule="now", weekly="1", end=end)


def test_an_end_is_refused_for_what_runs_once() -> None:
    assert problems(schedule="now", end="5")


def test_a_cron_expression_needs_no_time_and_counts_from_now() -> None:
    assert rule(cron="0  2 * * MON") == Rule(time=NOW, zone=BERLIN, cron="0 2 * * mon")
    assert rule(cron="0 2 * * *", schedule="12/25").time == at("2026-12-25T00:00+01:00")


def test_without_a_time_there_is_no_other_schedule() -> None:
    assert problems() == problems(weekly="1")


def test_a_first_time_that_the_clocks_skip_is_refused_where_its_time_of_day_would_be_kept() -> None:
    assert problems(schedule="2027-03-28 02:30", weekly="0")
    assert rule(schedule="2027-03-28 02:30", hourly="5").time == at("2027-03-28T03:00+02:00")


def test_all_that_is_wrong_is_said_with_its_option() -> None:
    found = problems(schedule="25:00", weekly="8", end="soon", zone_name="Europe/Atlantis")
    assert [problem.partition(":")[0] for problem in found] == ["--zone", "--schedule", "--end", "weekly"]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "tomorrow", "12/25/26", "25/12", "02/30", "02/29", "13/01", "00/10", "2027-02-29", "2026-13-01",
        "0000-01-01", "0001-01-01", "1969-12-31 23:59", "3000-01-02", "9999-12-31 23:59:59",
        "24:00", "12:60", "12:30:60", "12", "1798153200", "-3600", "+", "+-1", "+1h", "+99999999999999", "+9999999999",
        "12/25  14:15", "12/25T", "T12:00", "NOW", "now()",
        "2026-12-25 14:15 +0200", "\u0661\u0662/25", "12\x00/25", "\x1b[31m12/25",
        "1" * 100_000, "12/25" * 20_000,
    ],
    ids=lambda text: repr(text[:30]),
)  # fmt: skip
def test_what_is_no_time_is_refused_at_once(text: str) -> None:
    begin = time.perf_counter()
    found = problems(schedule=text)
    assert time.perf_counter() - begin < 0.05
    assert all(len(problem) < 300 and problem.isprintable() for problem in found)
    assert problems(schedule=text, zone_name="Pacific/Kiritimati")
    assert problems(schedule=text, zone_name="Pacific/Pago_Pago")


@given(st.text(max_size=30), st.text(max_size=12), st.text(max_size=12), st.text(max_size=20))
def test_any_texts_are_either_read_or_refused(schedule: str, days: str, end: str, zone: str) -> None:
    with suppress(ScheduleError):
        assert rule(schedule=schedule, monthly=days, end=end, zone_name=zone).days


def test_an_option_changes_what_it_names_and_nothing_else() -> None:
    weekly = rule(schedule="2026-12-01 10:00", weekly="1,5", end="5")
    assert changed(weekly, monthly="3", now=NOW) == replace(weekly, repeat=Repeat.MONTHLY, days=(3,))
    assert changed(weekly, end="9", now=NOW) == replace(weekly, end_value=9)
    assert changed(weekly, cron="0 2 * * *", now=NOW) == replace(weekly, repeat=None, days=(), cron="0 2 * * *")
    assert changed(weekly, schedule="2026-12-02 10:00", now=NOW) == replace(weekly, time=weekly.time + 86_400)
    assert changed(weekly, zone_name="UTC", now=NOW) == replace(weekly, zone="UTC")


def test_a_change_leaves_the_second_of_two_equal_times_alone() -> None:
    second = Rule(time=at("2026-10-25T02:30+01:00"), zone=BERLIN, repeat=Repeat.HOURLY, days=(1,))
    assert changed(second, hourly="2", now=NOW) == replace(second, days=(2,))


@pytest.mark.parametrize(
    "options",
    [
        {"schedule": "+3600"},
        {"schedule": "2026-12-01 10:00:05", "yearly": "0,200", "end": "2027-01-01 00:00"},
        {"schedule": "2026-12-01", "cron": "*/5 * * * *", "end": "3"},
    ],
)
def test_a_rule_that_is_spelt_out_reads_as_itself(options: dict[str, str]) -> None:
    assert rule(**to_options(rule(**options))) == rule(**options)
