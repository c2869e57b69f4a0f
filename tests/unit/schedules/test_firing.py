"""When rules run: a table of expected runs, ends, and what is made up for after an absence."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.unit.schedules.instants import at
from vmconsole.schedules.firing import (
    GRACE,
    MOST_COUNTED,
    CatchUp,
    Missed,
    between,
    catch_up,
    first_run,
    next_after,
    runs,
)
from vmconsole.schedules.rule import Rule
from vmconsole.templates.scheduled import End, Repeat

BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
HOUR, DAY = 3600, 86_400


def repeating(kind: Repeat, days: tuple[int, ...], first: str, zone: str = BERLIN) -> Rule:
    return Rule(time=at(first), zone=zone, repeat=kind, days=days)


def cron(expression: str, zone: str = BERLIN, since: str = "1970-01-01T00:00Z") -> Rule:
    return Rule(time=at(since), zone=zone, cron=expression)


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        pytest.param(
            repeating(Repeat.WEEKLY, (1, 5), "2026-11-23T02:30+01:00"),
            "2026-01-01T00:00Z",
            ["2026-11-23T02:30+01:00", "2026-11-27T02:30+01:00", "2026-11-30T02:30+01:00", "2026-12-04T02:30+01:00"],
            id="Mondays and Fridays",
        ),
        pytest.param(
            repeating(Repeat.WEEKLY, (1, 5), "2026-11-24T02:30+01:00"),
            "2026-01-01T00:00Z",
            ["2026-11-24T02:30+01:00", "2026-11-27T02:30+01:00", "2026-11-30T02:30+01:00"],
            id="first on a Tuesday all the same",
        ),
        pytest.param(
            repeating(Repeat.WEEKLY, (1,), "2026-03-23T02:00+01:00"),
            "2026-03-01T00:00Z",
            ["2026-03-23T02:00+01:00", "2026-03-30T02:00+02:00", "2026-04-06T02:00+02:00"],
            id="wall clock kept into summer",
        ),
        pytest.param(
            repeating(Repeat.WEEKLY, (0,), "2026-03-22T02:30+01:00"),
            "2026-03-22T12:00Z",
            ["2026-03-29T03:00+02:00", "2026-04-05T02:30+02:00"],
            id="skipped time made up for at the end of the gap",
        ),
        pytest.param(
            repeating(Repeat.WEEKLY, (0,), "2026-10-18T02:30+02:00"),
            "2026-10-18T12:00Z",
            ["2026-10-25T02:30+02:00", "2026-11-01T02:30+01:00"],
            id="time that comes twice counts once",
        ),
        pytest.param(
            repeating(Repeat.MONTHLY, (31,), "2026-01-31T04:00+01:00"),
            "2026-01-01T00:00Z",
            ["2026-01-31T04:00+01:00", "2026-03-31T04:00+02:00", "2026-05-31T04:00+02:00", "2026-07-31T04:00+02:00"],
            id="months without a 31st passed over",
        ),
        pytest.param(
            repeating(Repeat.MONTHLY, (29,), "2027-01-29T04:00+01:00"),
            "2027-01-29T12:00Z",
            ["2027-03-29T04:00+02:00"],
            id="no 29 February in 2027",
        ),
        pytest.param(
            repeating(Repeat.MONTHLY, (29,), "2028-01-29T04:00+01:00"),
            "2028-01-29T12:00Z",
            ["2028-02-29T04:00+01:00", "2028-03-29T04:00+02:00"],
            id="29 February in 2028",
        ),
        pytest.param(
            repeating(Repeat.YEARLY, (0, 59), "2026-01-01T00:00+01:00"),
            "2025-01-01T00:00Z",
            ["2026-01-01T00:00+01:00", "2026-03-01T00:00+01:00", "2027-01-01T00:00+01:00", "2027-03-01T00:00+01:00",
             "2028-01-01T00:00+01:00", "2028-02-29T00:00+01:00"],
            id="day 59 is 1 March, in leap years 29 February",
        ),
        pytest.param(
            repeating(Repeat.YEARLY, (365,), "2026-01-01T00:00+01:00"),
            "2026-01-01T00:00Z",
            ["2028-12-31T00:00+01:00", "2032-12-31T00:00+01:00"],
            id="day 365 in leap years only",
        ),
        pytest.param(
            repeating(Repeat.HOURLY, (10,), "2026-03-28T20:00+01:00"),
            "2026-03-28T00:00Z",
            ["2026-03-28T20:00+01:00", "2026-03-29T07:00+02:00", "2026-03-29T17:00+02:00"],
            id="ten hours of real time",
        ),
        pytest.param(
            cron("30 2 * * *"),
            "2026-03-28T12:00Z",
            ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"],
            id="cron skipped",
        ),
        pytest.param(
            cron("*/15 2 * * *"),
            "2026-03-28T12:00Z",
            ["2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"],
            id="four skipped times are one run",
        ),
        pytest.param(
            cron("0 2,3 * * *"),
            "2026-03-28T12:00Z",
            ["2026-03-29T03:00+02:00", "2026-03-30T02:00+02:00"],
            id="skipped and due at the same instant is one run",
        ),
        pytest.param(
            cron("30 2 * * *"),
            "2026-10-24T12:00Z",
            ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
            id="cron repeated",
        ),
        pytest.param(
            cron("30 2 * * *"),
            "2026-10-25T02:10+01:00",
            ["2026-10-26T02:30+01:00"],
            id="asked for in the repeated hour",
        ),
        pytest.param(
            cron("*/30 * * * *"),
            "2026-10-25T01:50+02:00",
            ["2026-10-25T02:00+02:00", "2026-10-25T02:30+02:00", "2026-10-25T02:00+01:00", "2026-10-25T02:30+01:00",
             "2026-10-25T03:00+01:00"],
            id="interval runs through the repeated hour",
        ),
        pytest.param(
            cron("15 * * * *"),
            "2026-03-29T00:00+01:00",
            ["2026-03-29T00:15+01:00", "2026-03-29T01:15+01:00", "2026-03-29T03:15+02:00"],
            id="hourly stays even over the gap",
        ),
        pytest.param(
            cron("0 */2 * * *"),
            "2026-03-28T23:30+01:00",
            ["2026-03-29T00:00+01:00", "2026-03-29T03:00+02:00", "2026-03-29T04:00+02:00"],
            id="every two hours loses no run",
        ),
        pytest.param(
            cron("30 1 * * *", NEW_YORK),
            "2026-10-31T12:00Z",
            ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"],
            id="New York, repeated",
        ),
        pytest.param(
            cron("30 2 * * *", NEW_YORK),
            "2026-03-07T12:00Z",
            ["2026-03-08T03:00-04:00", "2026-03-09T02:30-04:00"],
            id="New York, skipped",
        ),
        pytest.param(
            cron("45 1 * * *", LORD_HOWE),
            "2026-04-04T00:00+11:00",
            ["2026-04-04T01:45+11:00", "2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"],
            id="half an hour repeated",
        ),
        pytest.param(
            cron("15 2 * * *", LORD_HOWE),
            "2026-10-03T12:00+10:30",
            ["2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"],
            id="half an hour skipped",
        ),
        pytest.param(
            cron("0 4 l * *", "UTC"),
            "2028-01-31T12:00Z",
            ["2028-02-29T04:00Z", "2028-03-31T04:00Z", "2028-04-30T04:00Z"],
            id="last day of the month",
        ),
        pytest.param(
            cron("0 0 29 2 *", "UTC"),
            "2096-03-01T00:00Z",
            ["2104-02-29T00:00Z"],
            id="2100 is no leap year",
        ),
        pytest.param(
            cron("0 0 1 * mon", "UTC"),
            "2026-05-30T00:00Z",
            ["2026-06-01T00:00Z", "2026-06-08T00:00Z", "2026-06-15T00:00Z", "2026-06-22T00:00Z", "2026-06-29T00:00Z",
             "2026-07-01T00:00Z"],
            id="the 1st or a Monday",
        ),
        pytest.param(
            cron("0 9 15w * *", "UTC"),
            "2026-02-01T00:00Z",
            ["2026-02-16T09:00Z", "2026-03-16T09:00Z", "2026-04-15T09:00Z"],
            id="weekday nearest to the 15th",
        ),
        pytest.param(
            cron("0 9 * * 1#2", "UTC"), "2026-11-01T00:00Z", ["2026-11-09T09:00Z", "2026-12-14T09:00Z"], id="2nd Monday"
        ),
        pytest.param(
            cron("0 9 * * l5", "UTC"), "2026-11-01T00:00Z", ["2026-11-27T09:00Z", "2026-12-25T09:00Z"], id="last Friday"
        ),
        pytest.param(
            cron("0 0 * * 5-7", "UTC"),
            "2026-11-19T12:00Z",
            ["2026-11-20T00:00Z", "2026-11-21T00:00Z", "2026-11-22T00:00Z", "2026-11-27T00:00Z"],
            id="Friday to Sunday",
        ),
        pytest.param(
            cron("0 0 * * *", "UTC", since="2026-11-20T00:00Z"),
            "2026-01-01T00:00Z",
            ["2026-11-20T00:00Z", "2026-11-21T00:00Z"],
            id="cron counts from its time on",
        ),
        pytest.param(
            Rule(time=at("2026-11-20T00:00Z"), zone="UTC"), "2026-01-01T00:00Z", ["2026-11-20T00:00Z"], id="once"
        ),
    ],
)  # fmt: skip
def test_a_rule_runs_at_the_times_it_names(rule: Rule, after: str, expected: list[str]) -> None:
    found = list(islice(runs(rule, at(after)), len(expected)))
    assert found == [at(text) for text in expected]


def test_a_run_is_after_the_instant_asked_for_and_not_at_it() -> None:
    rule = cron("0 0 * * *", "UTC")
    assert next_after(rule, at("2026-11-20T00:00Z")) == at("2026-11-21T00:00Z")
    assert next_after(rule, at("2026-11-20T00:00Z") - 1) == at("2026-11-20T00:00Z")


def test_a_rule_that_runs_once_has_no_run_after_it() -> None:
    assert next_after(Rule(time=100, zone="UTC"), 100) is None


def test_a_relative_rule_counts_from_the_start_of_its_vm() -> None:
    start = at("2026-11-20T10:00Z")
    once = Rule(time=HOUR, relative=True, zone="UTC")
    assert first_run(once, start, start=start) == start + HOUR
    daily = Rule(time=HOUR, relative=True, zone="UTC", repeat=Repeat.WEEKLY, days=tuple(range(7)))
    assert list(between(daily, start, start + 2 * DAY, start=start)) == [start + HOUR, start + HOUR + DAY]


def test_the_first_run_of_a_new_rule_may_be_past_but_not_that_of_a_cron_expression() -> None:
    now = at("2026-11-20T10:00Z")
    assert first_run(repeating(Repeat.WEEKLY, (1,), "2026-09-20T00:00Z"), now) == at("2026-09-20T00:00Z")
    assert first_run(cron("0 0 * * *", "UTC"), now) == at("2026-11-21T00:00Z")


def test_a_rule_of_five_times_runs_five_times() -> None:
    rule = Rule(time=0, zone="UTC", repeat=Repeat.HOURLY, days=(1,), end=End.TIMES, end_value=5)
    assert list(runs(rule, -1)) == [0, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR]
    assert next_after(rule, 3 * HOUR, fired=4) == 4 * HOUR
    assert next_after(rule, 4 * HOUR, fired=5) is None


def test_a_rule_with_an_end_date_does_not_run_after_it() -> None:
    end = at("2026-12-25T00:00+01:00")
    rule = Rule(
        time=at("2026-12-23T00:00+01:00"), zone=BERLIN, repeat=Repeat.WEEKLY, days=tuple(range(7)),
        end=End.DATE, end_value=end,
    )  # fmt: skip
    assert list(runs(rule, 0)) == [end - 2 * DAY, end - DAY, end]
    assert next_after(rule, end) is None


def test_runs_between_two_instants_leave_out_the_first_and_take_the_last() -> None:
    rule = Rule(time=0, zone="UTC", repeat=Repeat.HOURLY, days=(1,))
    assert list(between(rule, HOUR, 3 * HOUR)) == [2 * HOUR, 3 * HOUR]


@pytest.mark.parametrize(
    "rule",
    [
        cron("0 0 * * *"),
        repeating(Repeat.WEEKLY, (0,), "2026-01-01T00:00Z"),
        repeating(Repeat.MONTHLY, (1,), "2026-01-01T00:00Z"),
        repeating(Repeat.YEARLY, (3,), "2026-01-01T00:00Z", NEW_YORK),
        repeating(Repeat.HOURLY, (48,), "2026-01-01T00:00Z"),
    ],
)
def test_no_rule_runs_beyond_the_year_2999(rule: Rule) -> None:
    assert list(runs(rule, at("2999-12-31T12:00Z"))) == []


class TestCatchUp:
    DAILY = cron("0 2 * * *", "UTC")
    DUE = at("2026-11-16T02:00Z")

    def test_nothing_is_done_before_the_time(self) -> None:
        assert catch_up(self.DAILY, self.DUE - 1, due=self.DUE) == CatchUp(None, Missed(), self.DUE)

    def test_what_is_due_runs_and_nothing_is_missed(self) -> None:
        assert catch_up(self.DAILY, self.DUE, due=self.DUE) == CatchUp(self.DUE, Missed(), self.DUE + DAY)

    def test_a_clock_set_back_repeats_nothing(self) -> None:
        done = catch_up(self.DAILY, self.DUE, due=self.DUE)
        assert done.next is not None
        assert catch_up(self.DAILY, self.DUE - DAY, due=done.next).run is None

    def test_after_three_days_one_run_is_made_up_for_and_the_others_are_missed(self) -> None:
        found = catch_up(self.DAILY, self.DUE + 3 * DAY + 60, due=self.DUE)
        assert found.run == self.DUE
        assert found.missed == Missed(3, self.DUE + DAY, self.DUE + 3 * DAY)
        assert found.next == self.DUE + 4 * DAY

    def test_every_minute_of_three_days_is_counted(self) -> None:
        now = self.DUE + 3 * DAY
        found = catch_up(cron("* * * * *"), now, due=self.DUE)
        assert found.missed == Missed(4320, self.DUE + 60, now)
        assert found.next == now + 60

    def test_ten_years_of_minutes_are_one_run_and_one_range(self) -> None:
        now = self.DUE + 3650 * DAY
        found = catch_up(cron("* * * * *"), now, due=self.DUE)
        assert found.run == self.DUE
        assert (found.missed.count, found.missed.complete) == (MOST_COUNTED, False)
        assert found.next == now + 60

    def test_one_made_up_run_counts_once(self) -> None:
        rule = Rule(time=self.DUE, zone="UTC", repeat=Repeat.HOURLY, days=(24,), end=End.TIMES, end_value=2)
        found = catch_up(rule, self.DUE + 3 * DAY, due=self.DUE)
        assert (found.missed.count, found.next) == (3, self.DUE + 4 * DAY)
        assert found.next is not None
        assert catch_up(rule, found.next, due=found.next, fired=1) == CatchUp(found.next, Missed(), None)
        assert catch_up(rule, found.next, due=found.next, fired=2).run is None

    def test_a_single_action_runs_however_late(self) -> None:
        found = catch_up(Rule(time=self.DUE, zone="UTC"), self.DUE + 1000 * DAY, due=self.DUE)
        assert found == CatchUp(self.DUE, Missed(), None)

    def test_nothing_is_made_up_for_after_the_end_date(self) -> None:
        rule = Rule(time=self.DUE, zone="UTC", repeat=Repeat.HOURLY, days=(24,), end=End.DATE, end_value=self.DUE + DAY)
        found = catch_up(rule, self.DUE + 2 * DAY, due=self.DUE)
        assert found == CatchUp(None, Missed(2, self.DUE, self.DUE + DAY), None)

    def test_a_run_on_the_end_date_itself_may_be_a_little_late(self) -> None:
        rule = Rule(time=self.DUE, zone="UTC", repeat=Repeat.HOURLY, days=(24,), end=End.DATE, end_value=self.DUE)
        assert catch_up(rule, self.DUE + GRACE, due=self.DUE).run == self.DUE
        assert catch_up(rule, self.DUE + GRACE + 1, due=self.DUE).run is None
