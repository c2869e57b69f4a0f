"""What is scheduled, as time line, calendar and list."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from textual.pilot import Pilot

from tests.console.fleet import NOW
from tests.console.screen import play, shown, until
from vmconsole.console import orders
from vmconsole.console.agenda import drawing, pictures
from vmconsole.console.agenda.agenda import agenda, read
from vmconsole.console.app import Console
from vmconsole.console.line_view import plain
from vmconsole.console.panes import schedules
from vmconsole.store.detail import read_detail
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import current_user

HOUR, DAY = 3600, 86400
AT = int(datetime(2026, 9, 21, 12, 0, tzinfo=UTC).timestamp())
"""A Monday noon."""


def schedule(number: int, due: int, cron: str = "", **fields: Any) -> dict[str, Any]:
    return {
        "id": number, "action": "poweroff", "args": [], "time": due, "relative": None, "repeat": None, "days": "",
        "cron": cron, "time_zone": "UTC", "end": {"type": "never", "value": None}, "next": due, "last": None,
        "done": None, "message": "", "enabled": True, **fields,
    }  # fmt: skip


def vm(number: int = 0) -> dict[str, Any]:
    return {"id": number, "name": f"vm-{number}", "start_time": AT - DAY}


def texts(lines: list[Any]) -> list[str]:
    return [plain(line) for line in lines]


def test_the_time_line_has_each_firing_at_its_hour_and_counts_those_that_fall_together() -> None:
    instants = [AT + 6 * HOUR, AT + 12 * HOUR, AT + 12 * HOUR + 60, AT + 25 * HOUR]
    scale, marks = texts(pictures.time_line(instants, AT, 50, UTC))
    assert len(marks) == 49
    assert (marks[1 + 12], marks[1 + 24]) == ("●", "2")
    assert marks.count("·") == 46
    assert scale[1:4] == "now"
    assert scale[1 + 12 : 1 + 17] == "18:00"


def test_the_calendar_has_five_weeks_with_the_number_of_firings_of_each_day() -> None:
    instants = [AT + HOUR, AT + 2 * HOUR, AT + 3 * DAY, AT + 10 * DAY]
    heading, *weeks = texts(pictures.calendar(instants, [AT + 3 * DAY], AT, UTC))
    assert heading.split() == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert len(weeks) == 5
    assert weeks[0].split()[:6] == ["Sep", "21", "2", "22", "23", "24"]
    assert "24 1!" in weeks[0]
    assert " 1 1" in weeks[1]
    assert weeks[1].startswith(" Oct")


def test_firings_close_together_are_told_as_in_each_others_way() -> None:
    pairs = [(vm(), schedule(0, AT + HOUR, "0 13 * * *")), (vm(), schedule(1, AT + HOUR + 120, "2 13 * * *"))]
    found = agenda(pairs, {}, AT)
    text = "\n".join(texts(drawing.overview(found, AT, 80)))
    assert "30 times two of a VM within 5 minutes" in text
    assert text.count("2!") == 30


def test_an_overdue_schedule_comes_first_stands_out_and_says_why() -> None:
    late = schedule(0, AT - 2 * HOUR, message="VM 3 is locked")
    pairs = [
        (vm(1), schedule(0, AT + 3 * HOUR)),
        (vm(3), late),
        (vm(2), schedule(0, AT + HOUR, enabled=False)),
        (vm(4), schedule(0, AT, next=None)),
    ]
    found = agenda(pairs, {(1, 0): (AT - DAY, "missed", "the controller was down")}, AT)
    assert [entry.vm for entry in found.entries] == [3, 1, 2, 4]
    rows = [drawing.line(entry, AT, 150) for entry in found.entries]
    assert (plain(rows[0])[:22], rows[0][0][1]) == ("! overdue since 2 h   ", "alarm")
    assert "VM 3 is locked" in plain(rows[0])
    assert "in 3 h" in plain(rows[1])
    assert "missed" in plain(rows[1])
    assert "the controller was down" in "".join(texts(drawing.about(found.entries[1], AT, 80)))
    assert plain(rows[2]).split()[0] == "paused"
    assert plain(rows[3]).split()[0] == "over"


def test_a_rule_that_cannot_be_followed_says_why_and_keeps_the_others() -> None:
    pairs = [(vm(), schedule(0, AT + HOUR, time_zone="Mars/Olympus")), (vm(), schedule(1, AT + HOUR))]
    found = agenda(pairs, {}, AT)
    assert "Mars/Olympus" in found.entries[0].rule
    assert len(found.run.firings) == 1


def test_the_last_result_is_that_of_the_operation_the_firing_became(store: Session) -> None:
    with store.write():
        store.execute("UPDATE operation SET state = 'failed', error = '{\"message\": \"no room\"}'")
        store.execute(
            "INSERT INTO firing (schedule_id, due, status, operation_id, at) VALUES (0, 1, 'missed', NULL, 1),"
            " (0, 2, 'fired', '01OPERATIONOFTHEMIGRATION0', 2)"
        )
    (entry,) = read(orders.context(store, clock=lambda: NOW)).entries
    assert entry.last == (2, "failed", "no room")
    detail = read_detail(store, current_user(store, os.environ), 0)
    assert detail is not None
    text = "\n".join(texts(schedules.lines(detail, NOW, 80)))
    assert "last  failed" in text
    assert "no room" in text
    assert "Mon    Tue" in text


def test_the_fleets_schedules_offer_a_dry_run_and_what_can_be_done_to_each(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("W")
        await until(pilot, lambda: "snapshot-creat" in shown(console))
        await pilot.press("enter")
        await until(pilot, lambda: "run now" in shown(console))
        await pilot.press("escape", "d")
        await until(pilot, lambda: "COMING 30 DAYS" in shown(console))

    with open_session(url, create=False) as session, session.write():
        session.execute("UPDATE lease SET permanent = 0")
    play(url, scene)
