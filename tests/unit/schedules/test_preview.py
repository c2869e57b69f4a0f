"""What rules will do, shown before they do it."""

from __future__ import annotations

from itertools import islice

from tests.unit.schedules.instants import at
from vmconsole.schedules.dry_run import Clash, Firing, Plan, dry_run
from vmconsole.schedules.preview import preview, upcoming
from vmconsole.schedules.rule import Rule
from vmconsole.templates.scheduled import End, Repeat

HOUR, DAY = 3600, 86_400
NOW = at("2026-11-20T09:00Z")


def daily(hour: int, **fields: int | End) -> Rule:
    first = at("2026-11-20T00:00Z") + hour * HOUR
    return Rule(time=first, zone="UTC", repeat=Repeat.WEEKLY, days=tuple(range(7)), **fields)  # type: ignore[arg-type]


def test_a_preview_has_the_next_five_runs_and_a_sentence() -> None:
    found = preview(daily(10), NOW)
    assert found.runs == tuple(NOW + HOUR + day * DAY for day in range(5))
    assert found.sentence == "every day at 10:00, UTC, from 2026-11-20 10:00 on"
    assert found.warning == ""


def test_a_preview_of_five_times_has_no_sixth() -> None:
    assert len(preview(daily(10, end=End.TIMES, end_value=3), NOW, count=10).runs) == 3


def test_a_first_run_that_is_past_takes_place_at_once_and_is_warned_of() -> None:
    found = preview(daily(8), NOW)
    assert found.runs[:2] == (NOW, NOW - HOUR + DAY)
    assert found.warning == "2026-11-20 08:00 was 1 h ago: it runs at once"


def test_a_relative_run_of_an_old_vm_takes_place_at_once() -> None:
    found = preview(Rule(time=HOUR, relative=True, zone="UTC"), NOW, start=NOW - DAY)
    assert found.runs == (NOW,)
    assert found.warning == "2026-11-19 10:00 was 23 h ago: it runs at once"


def test_now_is_not_late() -> None:
    assert preview(Rule(time=NOW, zone="UTC"), NOW).warning == ""


def test_a_rule_that_ends_before_it_begins_is_warned_of() -> None:
    found = preview(Rule(time=NOW, zone="UTC", cron="0 0 1 * *", end=End.DATE, end_value=NOW + DAY), NOW)
    assert found.runs == ()
    assert found.warning == "it never runs: it ends before its first run"


def test_an_overdue_run_takes_one_off_the_number_of_runs() -> None:
    rule = daily(8, end=End.TIMES, end_value=3)
    assert list(upcoming(rule, NOW, due=NOW - HOUR - DAY, fired=1)) == [NOW, NOW - HOUR + DAY]
    assert list(upcoming(rule, NOW, due=None)) == []


def plan(schedule: int, rule: Rule, vm: int = 1, due: int | None = None) -> Plan:
    return Plan(schedule, vm, "stop", rule, due=rule.time if due is None else due)


def test_a_dry_run_has_all_firings_of_its_days_in_order() -> None:
    found = dry_run([plan(1, daily(12)), plan(2, daily(10), vm=2)], NOW, days=2)
    assert found.complete
    assert found.clashes == ()
    assert [(firing.at - NOW, firing.schedule) for firing in found.firings] == [
        (HOUR, 2), (3 * HOUR, 1), (HOUR + DAY, 2), (3 * HOUR + DAY, 1),
    ]  # fmt: skip
    assert found.firings[0] == Firing(NOW + HOUR, 2, 2, "stop")


def test_firings_close_to_each_other_on_one_vm_clash() -> None:
    quarter = Rule(time=0, zone="UTC", cron="58 9 * * *")
    due = at("2026-11-20T09:58Z")
    plans = [plan(1, daily(10)), plan(2, quarter, due=due), plan(3, quarter, vm=2, due=due)]
    found = dry_run(plans, NOW, days=30, window=300)
    assert found.clashes == (Clash(1, (1, 2), due, 30),)
    assert dry_run(plans, NOW, days=30, window=120).clashes == ()


def test_a_schedule_does_not_clash_with_itself() -> None:
    minutely = Rule(time=0, zone="UTC", cron="* * * * *")
    assert dry_run([plan(1, minutely, due=NOW + 60)], NOW, days=1).clashes == ()


def test_overdue_schedules_fire_first_and_ended_ones_not_at_all() -> None:
    ended = Plan(2, 1, "stop", daily(10), due=None)
    found = dry_run([plan(1, daily(8)), ended], NOW, days=1)
    assert [firing.at for firing in found.firings] == [NOW, NOW - HOUR + DAY]


def test_a_dry_run_that_is_cut_off_says_so() -> None:
    minutely = Rule(time=0, zone="UTC", cron="* * * * *")
    found = dry_run([plan(number, minutely, vm=number, due=NOW + 60) for number in range(10)], NOW, most=1000)
    assert (len(found.firings), found.complete) == (1000, False)
    assert list(islice((firing.at for firing in found.firings), 10)) == [NOW + 60] * 10
