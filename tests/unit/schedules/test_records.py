"""Rules as the store and templates hold them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.records import from_store, from_template, to_store, to_template
from vmconsole.schedules.rule import LONGEST_DELAY, MOST_TIMES, Rule
from vmconsole.schedules.zones import LATEST
from vmconsole.templates.scheduled import DAYS, End, Repeat, scheduled_action
from vmconsole.templates.section import Section

BERLIN = "Europe/Berlin"
SCHEMA = Path(__file__).resolve().parents[3] / "data" / "schema" / "0001_foundation.sql"


@st.composite
def rules(draw: st.DrawFn, crons: bool = True) -> Rule:
    repeat = draw(st.none() | st.sampled_from(Repeat))
    relative = draw(st.booleans())
    end = draw(st.sampled_from(End))
    days: frozenset[int] = frozenset()
    if repeat is not None:
        most = 1 if repeat is Repeat.HOURLY else 10
        days = draw(st.frozensets(st.integers(*DAYS[repeat]), min_size=1, max_size=most))
    return Rule(
        time=draw(st.integers(0, LONGEST_DELAY if relative else LATEST)),
        zone=draw(st.sampled_from([BERLIN, "UTC"])),
        relative=relative,
        repeat=repeat,
        days=tuple(sorted(days)),
        cron="30 2 * * mon" if crons and repeat is None and draw(st.booleans()) else "",
        end=end,
        end_value=0 if end is End.NEVER else draw(st.integers(1, MOST_TIMES if end is End.TIMES else LATEST)),
    )


@given(rules())
def test_a_rule_comes_back_from_the_store_as_it_was(rule: Rule) -> None:
    assert from_store(to_store(rule)) == rule


def test_the_store_has_a_column_for_everything_of_a_rule() -> None:
    columns = to_store(Rule(time=1, zone=BERLIN, repeat=Repeat.WEEKLY, days=(1, 5), end=End.TIMES, end_value=5))
    table = SCHEMA.read_text(encoding="utf-8").partition("CREATE TABLE schedule (")[2].partition(");")[0]
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE TABLE schedule ({table})")
    named = {name: value for name, value in columns.items() if name.isidentifier()}
    database.execute(
        f"INSERT INTO schedule (number, action, user_id, {', '.join(named)}) "
        f"VALUES (0, 'stop', 0, {', '.join('?' * len(named))})",
        list(named.values()),
    )
    stored = database.execute("SELECT days, end_type, end_value, repeat FROM schedule").fetchone()
    database.close()
    assert stored == ("1,5", 1, 5, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"time_zone": "Europe/Atlantis"},
        {"time_zone": ""},
        {"time": -1},
        {"cron": "61 * * * *"},
        {"repeat": 0, "days": ""},
        {"repeat": 0, "days": "7"},
        {"end_type": 1},
    ],
    ids=str,
)
def test_a_row_that_cannot_be_followed_is_refused_and_no_zone_is_put_in_its_place(change: dict[str, object]) -> None:
    with pytest.raises(ScheduleError):
        from_store({**to_store(Rule(time=1, zone=BERLIN)), **change})


def read(attributes: dict[str, str]) -> Rule:
    problems: list[object] = []
    section = Section("SCHED_ACTION", {"ACTION": "stop", **attributes}, {}, (0, 0), problems)  # type: ignore[arg-type]
    action = scheduled_action(section)
    assert problems == []
    return from_template(action, zone=BERLIN)


@given(rules())
def test_a_rule_comes_back_from_a_template_as_it_was(rule: Rule) -> None:
    assert read(to_template(rule, zone_default=BERLIN)) == rule


def test_a_template_counts_the_runs_down() -> None:
    rule = Rule(time=1, zone=BERLIN, repeat=Repeat.HOURLY, days=(10,), end=End.TIMES, end_value=5)
    assert to_template(rule, zone_default=BERLIN, fired=2) == {
        "TIME": "1", "REPEAT": "3", "DAYS": "10", "END_TYPE": "1", "END_VALUE": "3",
    }  # fmt: skip


def test_a_template_says_what_opennebula_has_no_attribute_for() -> None:
    rule = Rule(time=60, zone="UTC", relative=True, cron="0 2 * * *")
    assert to_template(rule, zone_default=BERLIN) == {"TIME": "+60", "CRON": "0 2 * * *", "TIME_ZONE": "UTC"}
