"""Rules that cannot be followed do not come to be."""

from __future__ import annotations

from typing import Any

import pytest

from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.rule import LONGEST_DELAY, MOST_TIMES, Rule
from vmconsole.schedules.zones import LATEST
from vmconsole.templates.errors import BadInput
from vmconsole.templates.scheduled import End, Repeat


@pytest.mark.parametrize(
    "fields",
    [
        {"time": -1},
        {"time": LATEST + 1},
        {"time": 1_795_162_800_000},  # milliseconds
        {"relative": True, "time": LONGEST_DELAY + 1},
        {"zone": "Europe/Atlantis"},
        {"days": (1,)},
        {"repeat": Repeat.WEEKLY},
        {"repeat": Repeat.WEEKLY, "days": (7,)},
        {"repeat": Repeat.WEEKLY, "days": (-1,)},
        {"repeat": Repeat.WEEKLY, "days": (5, 1)},
        {"repeat": Repeat.WEEKLY, "days": (1, 1)},
        {"repeat": Repeat.MONTHLY, "days": (0,)},
        {"repeat": Repeat.MONTHLY, "days": (32,)},
        {"repeat": Repeat.YEARLY, "days": (366,)},
        {"repeat": Repeat.HOURLY, "days": (0,)},
        {"repeat": Repeat.HOURLY, "days": (169,)},
        {"repeat": Repeat.HOURLY, "days": (1, 2)},
        {"repeat": Repeat.WEEKLY, "days": (1,), "cron": "0 0 * * *"},
        {"cron": "0 0 31 2 *"},
        {"end": End.TIMES},
        {"end": End.TIMES, "end_value": MOST_TIMES + 1},
        {"end": End.DATE, "end_value": LATEST + 1},
        {"end": End.NEVER, "end_value": 1},
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_followed_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ScheduleError) as refusal:
        Rule(**{"time": 1, "zone": "UTC", **fields})
    assert len(refusal.value.problems) == 1


def test_all_problems_are_said_and_every_face_knows_the_error() -> None:
    with pytest.raises(BadInput) as refusal:
        Rule(time=-1, zone="Nowhere", repeat=Repeat.MONTHLY, days=(0, 32), end=End.TIMES)
    assert str(refusal.value).count("\n") == 4
    assert refusal.value.code == "INPUT_SCHEDULE"
