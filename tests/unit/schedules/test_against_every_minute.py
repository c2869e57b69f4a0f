"""The runs of a rule are those that somebody finds who looks at the clocks every minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.schedules.minute_by_minute import MINUTE, Fits, clocks, every_time, once_each, skipped_once
from vmconsole.schedules.firing import between, next_after
from vmconsole.schedules.rule import Rule
from vmconsole.templates.scheduled import Repeat

DAYS = 5
WINDOWS = [
    (zone, datetime.fromisoformat(begin))
    for zone, begins in {
        "Europe/Berlin": ("2026-03-27", "2026-10-23", "2027-01-29", "2028-02-26"),
        "America/New_York": ("2026-03-06", "2026-10-30", "2027-04-28", "2028-02-27"),
        "Australia/Lord_Howe": ("2026-04-03", "2026-10-02", "2027-12-29"),  # changes by half an hour
        "America/Santiago": ("2026-09-04", "2026-04-03"),  # changes at midnight
        "Africa/Casablanca": ("2026-02-13", "2026-03-20"),  # winter time in summer's place
        "Pacific/Apia": ("2011-12-28",),  # 30 December 2011 was skipped
        "UTC": ("2028-02-27", "2026-12-29"),
    }.items()
    for begin in begins
]
YEAR_ENDS = ("2028-12-29", "2027-12-29")

windows = st.sampled_from(WINDOWS)
minutes_of_window = st.integers(0, (DAYS - 1) * 1440)


@cache
def around_change(window: tuple[str, datetime]) -> range:
    """The minutes within two hours of the window's change to or from summer time; all but the last day without one."""
    walls = [wall for _, wall in clocks(*window, DAYS)]
    changes = [number for number, (wall, then) in enumerate(pairwise(walls)) if then - wall != MINUTE]
    return range(changes[0] - 120, changes[0] + 121) if changes else range((DAYS - 1) * 1440)


windows_and_moments = windows.flatmap(
    lambda window: st.tuples(st.just(window), st.sampled_from(around_change(window)) | minutes_of_window)
)


def subsets(low: int, high: int, most: int) -> st.SearchStrategy[frozenset[int]]:
    return st.frozensets(st.integers(low, high), min_size=1, max_size=most)


def written(values: frozenset[int] | None) -> str:
    return "*" if values is None else ",".join(map(str, sorted(values)))


def index_in_week(wall: datetime) -> int:
    return wall.isoweekday() % 7


def in_cron(
    minutes: frozenset[int] | None,
    hours: frozenset[int] | None,
    days: frozenset[int] | None,
    months: frozenset[int] | None,
    weekdays: frozenset[int] | None,
) -> Fits:
    def fits(wall: datetime) -> bool:
        if (minutes is not None and wall.minute not in minutes) or (hours is not None and wall.hour not in hours):
            return False
        if months is not None and wall.month not in months:
            return False
        of_month, of_week = days is None or wall.day in days, weekdays is None or index_in_week(wall) in weekdays
        return of_month or of_week if days is not None and weekdays is not None else of_month and of_week

    return fits


@settings(max_examples=150, deadline=None)
@given(
    moment=windows_and_moments,
    minutes=subsets(0, 59, 6) | st.none(),
    hours=st.sampled_from([frozenset({2}), frozenset({0, 1, 2, 3})]) | subsets(0, 23, 5),
    days=st.none() | subsets(1, 28, 6),
    months=st.none() | subsets(1, 12, 6),
    weekdays=st.none() | subsets(0, 6, 3),
)
def test_a_cron_expression_with_fixed_hours_runs_once_for_each_time_it_names(
    moment: tuple[tuple[str, datetime], int],
    minutes: frozenset[int] | None,
    hours: frozenset[int],
    days: frozenset[int] | None,
    months: frozenset[int] | None,
    weekdays: frozenset[int] | None,
) -> None:
    expression = " ".join(map(written, (minutes, hours, days, months, weekdays)))
    compare(expression, *moment, in_cron(minutes, hours, days, months, weekdays), once_each)


@pytest.mark.parametrize("window", [window for window in WINDOWS if len(around_change(window)) < 1440])
def test_near_a_change_the_next_run_is_right_whatever_minute_it_is_asked_in(window: tuple[str, datetime]) -> None:
    shown = clocks(*window, DAYS)
    rule = Rule(time=0, zone=window[0], cron="5,35 0-3,22,23 * * *")
    expected = once_each(shown, in_cron(frozenset({5, 35}), frozenset({0, 1, 2, 3, 22, 23}), None, None, None))
    for moment in around_change(window):
        after = shown[moment][0]
        assert next_after(rule, after) == min(run for run in expected if run > after)


@settings(max_examples=100, deadline=None)
@given(
    moment=windows_and_moments,
    minutes=subsets(0, 59, 6) | st.none(),
    days=st.none() | subsets(1, 28, 6),
    weekdays=st.none() | subsets(0, 6, 3),
)
def test_a_cron_expression_of_every_hour_runs_whenever_the_clocks_show_its_minute(
    moment: tuple[tuple[str, datetime], int],
    minutes: frozenset[int] | None,
    days: frozenset[int] | None,
    weekdays: frozenset[int] | None,
) -> None:
    expression = " ".join(map(written, (minutes, None, days, None, weekdays)))
    compare(expression, *moment, in_cron(minutes, None, days, None, weekdays), every_time)


@settings(max_examples=100, deadline=None)
@given(moment=windows_and_moments, minutes=subsets(0, 59, 3), step=st.integers(2, 23))
def test_a_cron_expression_with_a_step_of_hours_runs_at_both_of_two_equal_times_and_loses_none(
    moment: tuple[tuple[str, datetime], int], minutes: frozenset[int], step: int
) -> None:
    fits = in_cron(minutes, frozenset(range(0, 24, step)), None, None, None)
    compare(f"{written(minutes)} */{step} * * *", *moment, fits, skipped_once)


def compare(
    expression: str,
    window: tuple[str, datetime],
    after: int,
    fits: Fits,
    look: Callable[[tuple[tuple[int, datetime], ...], Fits], list[int]],
) -> None:
    zone, begin = window
    shown = clocks(zone, begin, DAYS)
    rule = Rule(time=0, zone=zone, cron=expression)
    expected = [run for run in look(shown, fits) if run > shown[after][0]]
    assert list(between(rule, shown[after][0], shown[-1][0])) == expected
    assert not expected or next_after(rule, shown[after][0]) == expected[0]


@settings(max_examples=150, deadline=None)
@given(
    window=windows, first=minutes_of_window, days=subsets(0, 6, 4), after=minutes_of_window, kind=st.just(Repeat.WEEKLY)
)
def test_a_weekly_rule_keeps_its_days_and_its_time_of_day(
    window: tuple[str, datetime], first: int, days: frozenset[int], after: int, kind: Repeat
) -> None:
    compare_repeat(kind, window, first, days, after, index_in_week)


@settings(max_examples=150, deadline=None)
@given(window=windows, first=minutes_of_window, days=subsets(1, 31, 12), after=minutes_of_window)
def test_a_monthly_rule_keeps_its_days_and_its_time_of_day(
    window: tuple[str, datetime], first: int, days: frozenset[int], after: int
) -> None:
    compare_repeat(Repeat.MONTHLY, window, first, days, after, lambda wall: wall.day)


@settings(max_examples=150, deadline=None)
@given(
    window=windows | st.sampled_from([("Europe/Berlin", datetime.fromisoformat(begin)) for begin in YEAR_ENDS]),
    first=minutes_of_window,
    offset=subsets(-2, 6, 6),
    after=minutes_of_window,
)
def test_a_yearly_rule_keeps_its_days_and_its_time_of_day(
    window: tuple[str, datetime], first: int, offset: frozenset[int], after: int
) -> None:
    day_of_year = window[1].timetuple().tm_yday - 1
    days = frozenset((day_of_year + number) % 366 for number in offset)
    compare_repeat(Repeat.YEARLY, window, first, days, after, lambda wall: wall.timetuple().tm_yday - 1)


def compare_repeat(
    kind: Repeat,
    window: tuple[str, datetime],
    first: int,
    days: frozenset[int],
    after: int,
    index: Callable[[datetime], int],
) -> None:
    zone, begin = window
    shown = clocks(zone, begin, DAYS)
    start, wall = shown[first]
    rule = Rule(time=start, zone=zone, repeat=kind, days=tuple(sorted(days)))
    later = once_each(shown, lambda at: at.time() == wall.time() and index(at) in days)
    expected = [run for run in sorted({start, *(run for run in later if run > start)}) if run > shown[after][0]]
    assert list(between(rule, shown[after][0], shown[-1][0])) == expected


@given(
    first=st.integers(0, 1 << 31),
    hours=st.integers(1, 168),
    after=st.integers(-1, 1 << 32),
    zone=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe"]),
)
def test_an_hourly_rule_runs_every_so_many_hours_of_real_time(first: int, hours: int, after: int, zone: str) -> None:
    run = next_after(Rule(time=first, zone=zone, repeat=Repeat.HOURLY, days=(hours,)), after)
    assert run is not None
    assert run > after
    assert (run - first) % (hours * 3600) == 0
    assert run == first or run - hours * 3600 <= after


@pytest.mark.parametrize(("zone", "begin"), WINDOWS)
def test_the_runs_of_every_minute_are_all_minutes(zone: str, begin: datetime) -> None:
    shown = clocks(zone, begin, DAYS)
    rule = Rule(time=0, zone=zone, cron="* * * * *")
    assert list(between(rule, shown[0][0] - 1, shown[-1][0])) == [instant for instant, _ in shown]
