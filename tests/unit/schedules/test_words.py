"""Rules, moments and spans of time as a person reads them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from tests.unit.schedules.instants import at
from vmconsole.schedules.columns import end_text, repeat_text
from vmconsole.schedules.cron_words import cron_words
from vmconsole.schedules.rule import Rule
from vmconsole.schedules.words import distance, length, scheduled, sentence
from vmconsole.templates.scheduled import End, Repeat

BERLIN = "Europe/Berlin"
MONDAY = at("2026-11-23T02:30+01:00")


def rule(**fields: Any) -> Rule:
    return Rule(**{"time": MONDAY, "zone": BERLIN, **fields})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "once on 2026-11-23 at 02:30, Europe/Berlin"),
        ({"time": MONDAY + 7}, "once on 2026-11-23 at 02:30:07, Europe/Berlin"),
        ({"time": 3600, "relative": True}, "once 1 h after the start, Europe/Berlin"),
        (
            {"repeat": Repeat.WEEKLY, "days": (1, 5), "end": End.TIMES, "end_value": 5},
            "every Monday and Friday at 02:30, Europe/Berlin, 5 times",
        ),
        (
            {"repeat": Repeat.WEEKLY, "days": (2, 5)},
            "on 2026-11-23 at 02:30, then every Tuesday and Friday at 02:30, Europe/Berlin",
        ),
        ({"repeat": Repeat.WEEKLY, "days": tuple(range(7))}, "every day at 02:30, Europe/Berlin"),
        (
            {"repeat": Repeat.MONTHLY, "days": (1, 2, 23)},
            "on the 1st, 2nd and 23rd of every month at 02:30, Europe/Berlin",
        ),
        (
            {"time": at("2026-01-01T00:00+01:00"), "repeat": Repeat.YEARLY, "days": (0, 58, 59, 200, 365)},
            (
                "every year on 1 January, 28 February, 1 March (29 February in leap years), 20 July (19 July in leap"
                " years) and 31 December of leap years at 00:00, Europe/Berlin"
            ),
        ),
        ({"repeat": Repeat.HOURLY, "days": (10,)}, "every 10 hours from 2026-11-23 02:30 on, Europe/Berlin"),
        (
            {"repeat": Repeat.HOURLY, "days": (1,), "end": End.DATE, "end_value": MONDAY + 86_400},
            "every hour from 2026-11-23 02:30 on, Europe/Berlin, until 2026-11-24 02:30",
        ),
        (
            {"time": 90, "relative": True, "repeat": Repeat.WEEKLY, "days": (1,)},
            "1 min 30 s after the start, then every Monday at the same time of day, Europe/Berlin",
        ),
        ({"cron": "30 2 * * 1-5"}, "every Monday to Friday at 02:30, Europe/Berlin"),
    ],
)
def test_a_rule_is_a_sentence(fields: dict[str, Any], words: str) -> None:
    assert sentence(rule(**fields)) == words


def test_a_rule_that_begins_later_says_when() -> None:
    weekly = rule(repeat=Repeat.WEEKLY, days=(1,))
    assert sentence(weekly, now=MONDAY - 1) == "every Monday at 02:30, Europe/Berlin, from 2026-11-23 02:30 on"
    assert sentence(weekly, now=MONDAY) == "every Monday at 02:30, Europe/Berlin"


def test_a_relative_rule_of_a_known_start_names_its_moment() -> None:
    assert sentence(rule(time=60, relative=True), start=MONDAY) == "once on 2026-11-23 at 02:31, Europe/Berlin"


def test_a_schedule_is_confirmed_with_its_offset() -> None:
    assert scheduled(rule(time=at("2016-09-20T00:00+02:00"))) == "at 2016-09-20 00:00:00 +0200"
    assert scheduled(rule(time=3600, relative=True)) == "after +3600s from start"


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("0 * * * *", "every hour"),
        ("7,37 * * * *", "at minutes 7 and 37 of every hour"),
        ("*/7 * * * *", "at every 7th minute of every hour"),
        ("0 */2 * * *", "every 2 hours"),
        ("5 */2 * * *", "at minute 5 of every 2nd hour"),
        ("0,30 9-17 * * mon-fri", "at minutes 0 and 30 of hours 9 to 17, every Monday to Friday"),
        ("0 2,14 * * *", "every day at 02:00 and 14:00"),
        ("0 0 1,15 * *", "on the 1st and the 15th of every month at 00:00"),
        ("0 0 */2 * *", "on every 2nd day of every month at 00:00"),
        ("0 0 1-7 * mon", "every Monday, and on the 1st to the 7th of every month at 00:00"),
        ("0 0 l * *", "on the last day of every month at 00:00"),
        ("0 0 15w 2 *", "on the weekday nearest to the 15th of February at 00:00"),
        ("0 0 * * 1#2", "on the 2nd Monday of every month at 00:00"),
        ("0 0 * * l5", "on the last Friday of every month at 00:00"),
        ("0 0 * jan,6-8 7", "every Sunday of January and June to August at 00:00"),
        ("0 0 * */3 *", "every day of January, April, July and October at 00:00"),
        ("0 0 * * 1-7/2", "every Monday, Wednesday, Friday and Sunday at 00:00"),
        ("0 0 * * fri-7", "every Friday to Sunday at 00:00"),
    ],
)
def test_a_cron_expression_is_read_aloud(expression: str, words: str) -> None:
    assert cron_words(expression) == words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "now"),
        (40, "in 40 s"),
        (60, "in 1 min"),
        (11_520, "in 3 h 12 min"),
        (-187_200, "2 d 4 h ago"),
        (-1, "1 s ago"),
    ],
)
def test_a_distance_is_in_its_two_largest_units(seconds: int, text: str) -> None:
    assert distance(MONDAY + seconds, MONDAY) == text
    assert seconds == 0 or length(abs(seconds)) in text


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ((0, "1,5"), "Weekly 1,5"),
        ((1, "1,14"), "Monthly 1,14"),
        ((2, "30"), "Yearly 30"),
        ((3, "10"), "Each 10 hours"),
        ((None, "", "0 2 * * *"), "Cron 0 2 * * *"),
        ((None, ""), ""),
    ],
)
def test_the_repeat_is_shown_as_onevm_does(columns: tuple[Any, ...], text: str) -> None:
    assert repeat_text(*columns) == text


def test_the_end_is_shown_as_onevm_does() -> None:
    christmas = at("2018-12-25T00:00+01:00")
    assert end_text(0, 0, BERLIN) == "None"
    assert end_text(1, 5, BERLIN) == "After 5 times"
    assert end_text(2, christmas, BERLIN) == "On 12/25/18"
    assert end_text(2, christmas, "Europe/Atlantis") == "On 12/24/18 UTC"


def test_the_columns_of_show_cost_the_reading_path_nothing() -> None:
    program = (
        "import sys; from vmconsole.schedules.columns import repeat_text, end_text\n"
        "repeat_text(0, '1,5'); end_text(1, 5, 'UTC'); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert not {"re", "dataclasses", "enum", "zoneinfo", "datetime", "croniter"} & set(done.stdout.split())
