"""What is due is fired once, by whoever is in charge, and every occurrence leaves one record."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.batch import rows
from tests.controller.oracle import check
from tests.controller.processes import Controllers, holder_pid
from tests.controller.rig import Rig, until
from vmconsole import config
from vmconsole.controller import schedule_record
from vmconsole.controller.clock import VARIABLE, Clock
from vmconsole.controller.fleet import Fleet
from vmconsole.controller.journal import Journal
from vmconsole.controller.lease import Lease, LeaseLost
from vmconsole.controller.schedule_record import Wish
from vmconsole.controller.scheduler import Scheduler
from vmconsole.controller.vm_rows import give_back
from vmconsole.controller.work import Surroundings
from vmconsole.lifecycle import actions
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.flows import Action
from vmconsole.lifecycle.states import Position
from vmconsole.schedules.firing import between
from vmconsole.schedules.rule import Rule
from vmconsole.store.location import is_postgres
from vmconsole.store.session import Session, open_session
from vmconsole.templates.scheduled import End, Repeat

HOUR, DAY, WEEK = 3600, 86_400, 7 * 86_400
NOW = 1_767_571_200
"""Monday 2026-01-05 00:00 UTC."""


class HandClock(Clock):
    """A clock that is set by hand; the steady one goes along unless the wall clock alone is set."""

    now = float(NOW)
    apart = 0.0

    def wall(self) -> float:
        return HandClock.now

    def steady(self) -> float:
        return HandClock.now - HandClock.apart


class Desk:
    """A scheduler without a loop around it, and VMs without hosts; what it submits is carried out by hand."""

    def __init__(self, session: Session) -> None:
        self.session = session
        HandClock.now, HandClock.apart = float(NOW), 0.0
        self.lease = Lease(session, permanent=True)
        assert self.lease.acquire()
        journal = Journal(session, self.lease, HandClock().wall)
        settings = config.Settings({"schedule_period": 0.0})
        fleet = Fleet(session, settings, "", lambda link, event: None, lambda link: asyncio.sleep(0))
        self._around = Surroundings(session, journal, fleet, settings, HandClock().wall, "", "")
        self.scheduler = Scheduler(self._around, self.lease, HandClock())

    def vm(self, number: int = 0, position: Position = at.HOLD, **columns: Any) -> int:
        rows.vm(self.session, number, f"vm{number}", position, **columns)
        return number

    def place(self, position: Position, number: int = 0) -> None:
        with self.session.write():
            self.session.execute(
                "UPDATE vm SET state = ?, lcm_state = ? WHERE id = ?", (position.state, position.lcm, number)
            )

    def schedule(self, action: str, rule: Rule, vm: int = 0, args: tuple[str, ...] = ()) -> int:
        with self.session.write():
            wish = Wish(action, args, rule)
            number, _ = schedule_record.add(self.session, vm, wish, user_id=0, now=int(HandClock.now))
        return number

    def look(self, when: float) -> list[tuple[str, int]]:
        """The scheduler's turn at a moment; returns the actions it submits, each with its VM, and ends them."""
        HandClock.now = float(when)
        self.scheduler.fire_due()
        submitted = self.session.query("SELECT command, vm_id FROM operation WHERE state = 'queued' ORDER BY seq")
        with self.session.write():
            self.session.execute("UPDATE operation SET state = 'done', ended = ? WHERE state = 'queued'", (when,))
        return submitted

    def row(self, number: int = 0, vm: int = 0) -> dict[str, Any]:
        names = ("next", "last", "done", "fired", "message", "enabled")
        found = self.session.query(
            f"SELECT {', '.join(names)} FROM schedule WHERE vm_id = ? AND number = ?", (vm, number)
        )
        return dict(zip(names, found[0], strict=True))

    def records(self) -> list[tuple[int, str]]:
        return self.session.query("SELECT due, status FROM firing ORDER BY due")


@pytest.fixture
def desk(session: Session) -> Desk:
    return Desk(session)


def once(when: int = NOW + 10) -> Rule:
    return Rule(time=when, zone="UTC")


def weekly(*days: int, first: int = NOW + 10, **more: Any) -> Rule:
    return Rule(time=first, zone="UTC", repeat=Repeat.WEEKLY, days=days, **more)


def hourly(hours: int = 1, first: int = NOW + 10, **more: Any) -> Rule:
    return Rule(time=first, zone="UTC", repeat=Repeat.HOURLY, days=(hours,), **more)


@pytest.mark.covers("ON-149")
def test_an_action_is_submitted_at_its_time_once_and_leaves_one_record(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", once())
    assert desk.look(NOW + 9) == []
    assert desk.look(NOW + 10) == [("release", 0)]
    assert desk.look(NOW + 11) == desk.look(NOW + WEEK) == []
    assert desk.records() == [(NOW + 10, "fired")]
    assert desk.row() == {
        "next": None, "last": NOW + 10, "done": NOW + 10, "fired": 1, "message": "", "enabled": 1,
    }  # fmt: skip
    owner = desk.session.query("SELECT name FROM user_account WHERE id = 0")[0][0]
    operation = desk.session.query("SELECT id, asked_by, face, schedule_id FROM operation")
    assert operation[0][1:] == (owner, "schedule", 0)
    assert desk.session.query("SELECT operation_id FROM firing") == [(operation[0][0],)]


@pytest.mark.covers("ON-158")
def test_an_end_by_number_gives_exactly_so_many_executions(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", weekly(1, 5, end=End.TIMES, end_value=5))
    fired = [day for day in range(200) if desk.look(NOW + 10 + day * DAY)]
    assert fired == [0, 4, 7, 11, 14]
    assert desk.row()["next"] is None


@pytest.mark.covers("ON-159")
def test_an_end_by_date_gives_no_execution_after_it(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", weekly(1, first=NOW, end=End.DATE, end_value=NOW + 2 * WEEK))
    assert [week for week in range(6) if desk.look(NOW + week * WEEK)] == [0, 1, 2]


def test_what_is_late_for_its_end_date_is_recorded_as_missed(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", weekly(1, first=NOW + 10, end=End.DATE, end_value=NOW + DAY))
    assert desk.look(NOW + 2 * DAY) == []
    assert desk.session.query("SELECT due, status, reason FROM firing") == [(NOW + 10, "missed", "its end had passed")]
    assert desk.row()["next"] is None


@pytest.mark.covers("ON-150")
def test_what_the_vm_does_not_take_stays_due_with_time_and_reason_and_is_retried(desk: Desk) -> None:
    desk.vm(position=at.PENDING)
    desk.schedule("release", once())
    for later in (10, 11, 500):
        assert desk.look(NOW + later) == []
        row = desk.row()
        assert row["message"] == "2026-01-05 00:00:10 : cannot release: the VM is PENDING; legal in HOLD"
        assert (row["next"], row["done"]) == (NOW + 10, None)
    assert desk.records() == []
    desk.place(at.HOLD)
    assert desk.look(NOW + 501) == [("release", 0)]
    assert (desk.row()["message"], desk.row()["done"]) == ("", NOW + 501)
    assert desk.records() == [(NOW + 10, "fired")]


def test_a_lock_refuses_a_schedule_like_anybody(desk: Desk) -> None:
    desk.vm(lock_level=1)
    desk.schedule("release", once())
    assert desk.look(NOW + 10) == []
    assert desk.row()["message"] == "2026-01-05 00:00:10 : the VM is locked"


def test_an_action_waits_for_the_operation_that_is_under_way_on_its_vm(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", once())
    desk.schedule("release", once(NOW + 20))
    HandClock.now = NOW + 10
    assert desk.scheduler.fire_due()
    HandClock.now = NOW + 20
    assert not desk.scheduler.fire_due()
    assert desk.row(1)["message"] == "2026-01-05 00:00:20 : release is under way"


def test_only_so_many_backups_begin_at_once_and_the_others_wait_their_turn(desk: Desk) -> None:
    for number in range(4):
        rows.host(desk.session, number, f"h{number}")
    for number in range(9):  # three on each of the first two hosts, one on a third, two on a fourth
        desk.vm(number, at.RUNNING, host_id=(0, 0, 0, 1, 1, 1, 2, 3, 3)[number])
        desk.schedule("backup", once(), vm=number, args=("3",))
    assert [vm for _, vm in desk.look(NOW + 10)] == [0, 1, 3, 4, 6]
    assert desk.row(vm=2)["message"].endswith(" : 2 backups are under way on its host")
    assert desk.row(vm=7)["message"].endswith(" : 5 backups are under way")
    assert [vm for _, vm in desk.look(NOW + 11)] == [2, 5, 7, 8]


def test_of_several_due_on_one_vm_one_is_done_in_a_cycle_the_earliest_first(desk: Desk) -> None:
    desk.vm(0)
    desk.vm(1)
    desk.schedule("release", once(NOW + 20), vm=0)
    desk.schedule("terminate", once(NOW + 10), vm=0)
    desk.schedule("release", once(NOW + 15), vm=1)
    assert desk.look(NOW + 30) == [("terminate", 0), ("release", 1)]
    assert desk.look(NOW + 31) == [("release", 0)]


def test_one_that_is_refused_does_not_keep_the_others_of_its_vm_from_their_turn(desk: Desk) -> None:
    desk.vm(position=at.SUSPENDED)
    desk.schedule("suspend", once(NOW + 10))
    desk.schedule("resume", once(NOW + 20))
    assert desk.look(NOW + 30) == [("resume", 0)]


@pytest.mark.covers("ON-160")
def test_several_periodic_actions_on_one_vm_alternate(desk: Desk) -> None:
    desk.vm(position=at.RUNNING)
    desk.schedule("suspend", weekly(1, 5, first=NOW))
    desk.schedule("resume", weekly(2, 6, first=NOW + DAY))
    done = []
    for day in range(14):
        for command, _ in desk.look(NOW + day * DAY):
            done.append((day, command))
            desk.place(at.SUSPENDED if command == "suspend" else at.RUNNING)
    assert done == [
        (0, "suspend"), (1, "resume"), (4, "suspend"), (5, "resume"),
        (7, "suspend"), (8, "resume"), (11, "suspend"), (12, "resume"),
    ]  # fmt: skip


@pytest.mark.covers("ON-164")
@pytest.mark.parametrize("asked", actions.schedulable(), ids=lambda asked: asked.name)
def test_every_schedulable_action_is_submitted_with_its_arguments(desk: Desk, asked: Action) -> None:
    position = next(place for place in at.POSITIONS if place.is_visible and actions.legal(asked, place) is not None)
    desk.vm(position=position)
    names = [name.rstrip("?") for name in asked.schedule or ()]
    desk.schedule(asked.name, once(), args=tuple(f"of {name}" for name in names))
    assert desk.look(NOW + 10) == [(asked.name, 0)]
    arguments = json.loads(desk.session.query("SELECT arguments FROM operation")[0][0])
    assert arguments == {name: f"of {name}" for name in names}


def test_what_was_missed_is_made_up_for_once_and_the_rest_is_recorded(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", hourly(first=NOW, end=End.TIMES, end_value=10))
    assert desk.look(NOW + 5 * HOUR + 60) == [("release", 0)]
    assert desk.records() == [(NOW, "fired"), *((NOW + hour * HOUR, "missed") for hour in range(1, 6))]
    assert set(desk.session.query("SELECT reason FROM firing WHERE status = 'missed'")) == {("no controller ran",)}
    row = desk.row()
    assert (row["next"], row["fired"], row["last"]) == (NOW + 6 * HOUR, 1, NOW)


def test_very_many_missed_occurrences_share_one_record(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", Rule(time=NOW, zone="UTC", cron="* * * * *"))
    begun = time.monotonic()
    assert desk.look(NOW + 3 * DAY) == [("release", 0)]
    assert time.monotonic() - begun < 2
    assert desk.session.query("SELECT due, status, reason FROM firing ORDER BY due") == [
        (NOW, "fired", ""),
        (NOW + 60, "missed", "no controller ran; 4,320 runs until 2026-01-08 00:00"),
    ]


def test_a_clock_put_back_repeats_nothing(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.vm()
    desk.schedule("release", hourly(first=NOW))
    assert desk.look(NOW) == [("release", 0)]
    assert desk.look(NOW + HOUR) == [("release", 0)]
    HandClock.apart = -DAY
    assert desk.look(NOW - DAY) == []
    assert "the clock was put back by 1 d" in caplog.text
    assert desk.look(NOW + HOUR) == []
    assert desk.look(NOW + 2 * HOUR) == [("release", 0)]
    assert desk.records() == [(NOW + hour * HOUR, "fired") for hour in range(3)]


def test_a_clock_put_far_forward_fires_each_schedule_once_and_raises_the_alarm(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        desk.vm(number)
        desk.schedule("release", hourly(first=NOW), vm=number)
    assert len(desk.look(NOW)) == 3
    HandClock.apart = DAY
    assert len(desk.look(NOW + DAY + 1)) == 3
    assert [record.levelno for record in caplog.records if "put forward" in record.message] == [logging.ERROR]
    assert len(desk.look(NOW + DAY + 2)) == 0


def test_an_occurrence_that_has_a_record_is_passed_over(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", hourly(first=NOW))
    rows.insert(desk.session, "firing", schedule_id=0, due=NOW, status="fired", at=float(NOW))
    assert desk.look(NOW) == []
    assert (desk.row()["next"], desk.row()["fired"]) == (NOW + HOUR, 0)
    assert desk.look(NOW + HOUR) == [("release", 0)]


def test_a_controller_that_lost_its_lease_fires_nothing(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", once())
    with desk.session.write():
        desk.session.execute("UPDATE lease SET holder = 'another', token = token + 1")
    with pytest.raises(LeaseLost):
        desk.look(NOW + 10)
    assert desk.records() == desk.session.query("SELECT id FROM operation") == []
    assert desk.row()["next"] == NOW + 10


def test_a_rule_whose_zone_is_gone_is_switched_off_with_the_reason(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", once())
    with desk.session.write():
        desk.session.execute("UPDATE schedule SET time_zone = 'Mars/Olympus'")
    assert desk.look(NOW + 10) == []
    row = desk.row()
    assert row["enabled"] == 0
    assert "the time-zone database has no zone 'Mars/Olympus'" in row["message"]


def test_a_vm_that_is_done_drops_its_schedules(desk: Desk) -> None:
    desk.vm()
    desk.schedule("release", hourly())
    with desk.session.write():
        give_back(desk.session, 0, NOW)
    assert desk.look(NOW + DAY) == []
    assert desk.row()["next"] is None


def test_a_schedule_edited_while_it_is_due_fires_at_the_new_time_only(desk: Desk) -> None:
    desk.vm()
    number = desk.schedule("release", once(NOW + 10))
    with desk.session.write():
        record = schedule_record.load(desk.session, 0, number)
        schedule_record.change(desk.session, record, Wish("release", (), once(NOW + 60)), NOW)
    assert desk.look(NOW + 10) == []
    assert desk.look(NOW + 60) == [("release", 0)]
    assert desk.records() == [(NOW + 60, "fired")]


def test_an_edit_that_leaves_the_first_moment_keeps_what_is_overdue(desk: Desk) -> None:
    desk.vm(position=at.PENDING)
    number = desk.schedule("release", once(NOW + 10))
    assert desk.look(NOW + 20) == []
    with desk.session.write():
        record = schedule_record.load(desk.session, 0, number)
        schedule_record.change(desk.session, record, Wish("terminate", (), record.rule), NOW + 20)
    assert desk.look(NOW + 30) == [("terminate", 0)]


def test_a_time_the_clocks_skip_fires_once_right_after_the_change(desk: Desk) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnight = int(datetime(2026, 3, 29, tzinfo=berlin).timestamp())
    desk.vm()
    HandClock.now = midnight
    desk.schedule("release", Rule(time=midnight, zone="Europe/Berlin", cron="30 2 * * *"))
    fired = [minute for minute in range(0, 300, 5) if desk.look(midnight + minute * 60)]
    assert [datetime.fromtimestamp(midnight + minute * 60, berlin).strftime("%H:%M") for minute in fired] == ["03:00"]
    assert len(desk.records()) == 1


def test_a_time_that_comes_twice_fires_the_first_time_only(desk: Desk) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnight = int(datetime(2026, 10, 25, tzinfo=berlin).timestamp())
    desk.vm()
    HandClock.now = midnight
    desk.schedule("release", Rule(time=midnight, zone="Europe/Berlin", cron="30 2 * * *"))
    assert [minute for minute in range(0, 360, 5) if desk.look(midnight + minute * 60)] == [150]


# In a controller's own loop ------------------------------------------------------------------------------------


def wish(vm: int, action: str, rule: Rule) -> dict[str, Any]:
    """The arguments of `schedule.create`."""
    from vmconsole.schedules.records import to_store

    return {"vm_id": vm, "action": action, "args": [], "rule": to_store(rule)}


@pytest.mark.covers("ON-064")
def test_a_release_that_was_scheduled_makes_a_held_vm_pending_at_its_time(store_url: str) -> None:
    async def scenario() -> None:
        async with Rig(store_url) as rig:
            vm = await rig.create(hold=True)
            due = int(time.time()) + 2
            await rig.done("schedule.create", **wish(vm, "release", Rule(time=due, zone="UTC")))
            await rig.reaches(vm, at.PENDING)
            assert due <= time.time() < due + 2
            assert rig.session.query("SELECT message FROM schedule") == [("",)]

    asyncio.run(scenario())


@pytest.mark.covers("ON-162")
def test_a_relative_action_of_a_template_ends_its_vm_so_long_after_it_was_made(store_url: str) -> None:
    async def scenario() -> None:
        async with Rig(store_url) as rig:
            vm = await rig.create(hold=True, more='SCHED_ACTION = [ ACTION = "terminate", TIME = "+3" ]')
            made = rig.value("vm", "start_time", vm)
            await rig.reaches(vm, at.DONE)
            assert made + 3 <= time.time() < made + 5
            later = await rig.create(hold=True, more='SCHED_ACTION = [ ACTION = "terminate", TIME = "+3600" ]')
            assert rig.session.query("SELECT next FROM schedule WHERE vm_id = ?", (later,)) == [
                (rig.value("vm", "start_time", later) + 3600,)
            ]

    asyncio.run(scenario())


def test_a_schedule_runs_by_hand_pauses_and_goes_on(store_url: str) -> None:
    async def scenario() -> None:
        async with Rig(store_url) as rig:
            vm = await rig.create(hold=True)
            due = int(time.time()) + 2
            await rig.done("schedule.create", **wish(vm, "release", hourly(first=due)))
            await rig.done("schedule.pause", vm_id=vm, number=0)
            await asyncio.sleep(max(due + 1 - time.time(), 0))
            assert rig.at(vm) is at.HOLD
            await rig.done("schedule.resume", vm_id=vm, number=0)
            assert rig.session.query("SELECT next, enabled FROM schedule") == [(due + HOUR, 1)]
            assert rig.session.query("SELECT due, status, reason FROM firing") == [
                (due, "skipped", "the schedule was paused")
            ]
            await rig.done("schedule.run", vm_id=vm, number=0)
            await rig.reaches(vm, at.PENDING)
            error = await rig.refused("schedule.run", vm_id=vm, number=0)
            assert "cannot release: the VM is PENDING" in error["message"]
            assert rig.session.query("SELECT next FROM schedule") == [(due + HOUR,)]
            await rig.done("schedule.delete", vm_id=vm, number=0)
            assert rig.session.query("SELECT * FROM schedule") == rig.session.query("SELECT * FROM firing") == []
            assert (await rig.refused("schedule.delete", vm_id=vm, number=0))["code"] == "NO_SCHEDULE"

    asyncio.run(scenario())


def test_a_refused_action_is_tried_again_after_the_period(store_url: str) -> None:
    async def scenario() -> None:
        async with Rig(store_url, schedule_period=0.5) as rig:
            vm = await rig.create()
            await rig.reaches(vm, at.PENDING)
            await rig.done("schedule.create", **wish(vm, "release", once(int(time.time()))))

            async def refused() -> bool:
                return "cannot release" in rig.session.query("SELECT message FROM schedule")[0][0]

            await until(refused)
            await rig.done("hold", vm)
            await rig.reaches(vm, at.PENDING, within=3)

    asyncio.run(scenario())


def test_a_passing_controller_does_not_stay_for_what_is_only_scheduled(
    sqlite_path: str, controllers: Controllers
) -> None:
    with open_session(sqlite_path, create=True) as session:
        rows.vm(session, 0, "web", at.HOLD)
        with session.write():
            later = Wish("release", (), once(int(time.time()) + HOUR))
            schedule_record.add(session, 0, later, user_id=0, now=int(time.time()))
        process = controllers.start(sqlite_path, on_demand=True, settings="idle_exit = 1\n")
        assert process.wait(15) == 0


@pytest.fixture
def due_now(store_url: str) -> Iterator[Session]:
    """A store in which ten thousand schedules are due at this very moment."""
    with open_session(store_url, create=True) as session:
        now = int(time.time())
        held(session, 10_000)
        with session.write():
            for number in range(10_000):
                schedule_record.add(session, number, Wish("release", (), once(now)), user_id=0, now=now)
        yield session


def held(session: Session, count: int) -> None:
    """So many VMs on hold: the first as a row, the others like it."""
    rows.vm(session, 0, "vm", at.HOLD)
    columns = (
        "name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state, state_since, start_time, cpu,"
        " vcpu, memory_mib, user_template, template"
    )
    with session.write():
        session.executemany(
            f"INSERT INTO vm (id, uuid, {columns}) SELECT ?, ?, {columns} FROM vm WHERE id = 0",
            [(number, f"00000000-0000-4000-8000-{number:012}") for number in range(1, count)],
        )


@pytest.mark.slow
def test_ten_thousand_due_at_once_are_all_submitted_within_ten_seconds(
    store_url: str, due_now: Session, controllers: Controllers
) -> None:
    process = controllers.start(store_url, settings="placement_period = 3600\n")
    controllers.wait_for_holder(store_url, process)
    begun = time.monotonic()
    while (count := due_now.query("SELECT COUNT(*) FROM firing")[0][0]) < 10_000:
        assert time.monotonic() - begun < 60, f"{count} submitted"
        time.sleep(0.05)
    took = time.monotonic() - begun
    print(f"submitting_10000_seconds = {took:.2f}")
    assert due_now.query("SELECT COUNT(*), COUNT(DISTINCT schedule_id) FROM operation WHERE face = 'schedule'") == [
        (10_000, 10_000)
    ]
    assert took < 10


# Killed and frozen ---------------------------------------------------------------------------------------------

SOAK_FIRINGS = int(os.environ.get("VMCONSOLE_SOAK_FIRINGS", "120"))
"""Firings after which the killing ends; `./run soak` asks for more."""
SOAK_LIMIT = 30 + SOAK_FIRINGS
"""Seconds that they may take, while a controller lives for less than one."""
RATE = 3600
"""An hour passes in a second."""
SOAK_VMS = 40
TYRANNY = "schedule_period = 0.2\nplacement_period = 3600\n"


@pytest.mark.slow
def test_three_controllers_killed_and_frozen_at_random_lose_nothing_and_do_nothing_twice(
    store_url: str, controllers: Controllers, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = int(time.time())
    monkeypatch.setenv(VARIABLE, f"{base}:{RATE}")
    chance = random.Random(7)
    with open_session(store_url, create=True) as session:
        held(session, SOAK_VMS)
        with session.write():
            for vm in range(SOAK_VMS):
                first = base + RATE * 2 + vm * 60
                for action, moment in (("release", first), ("hold", first + HOUR)):
                    schedule_record.add(session, vm, Wish(action, (), hourly(2, moment)), user_id=0, now=base)
        processes = [controllers.start(store_url, settings=TYRANNY) for _ in range(3)]
        kills = freezes = 0
        end = time.monotonic() + SOAK_LIMIT
        while session.query("SELECT COUNT(*) FROM firing WHERE status = 'fired'")[0][0] < SOAK_FIRINGS:
            assert time.monotonic() < end
            time.sleep(chance.uniform(0.3, 1.2))
            holder = [number for number, process in enumerate(processes) if process.pid == holder_pid(store_url)]
            number = holder[0] if holder and chance.random() < 0.6 else chance.randrange(3)
            if chance.random() < 0.3:
                freezes += 1
                processes[number].send_signal(signal.SIGSTOP)
                time.sleep(chance.uniform(0.1, 0.8))
                processes[number].send_signal(signal.SIGCONT)
            else:
                kills += 1
                processes[number].kill()
                processes[number].wait(10)
                processes[number] = controllers.start(store_url, settings=TYRANNY)
        for process in processes:
            process.kill()
            process.wait(10)
        last = controllers.start(store_url, settings=TYRANNY)
        controllers.wait_for_holder(store_url, last)
        time.sleep(2)
        controllers.end(store_url, last)
        counts = accounted(session)
        leases = session.query("SELECT token FROM lease")[0][0]
        store = "PostgreSQL" if is_postgres(store_url) else "SQLite"
        print(f"\n{store}: {counts}, none lost, none twice; {kills} kills, {freezes} freezes, {leases} leases")
        assert counts["fired"] >= SOAK_FIRINGS
        assert leases > 2
        check(session)


def accounted(session: Session) -> dict[str, int]:
    """Occurrences by what became of them; asserts that each has one record, and each that was fired one operation."""
    counts: dict[str, int] = {}
    numbers = session.query("SELECT vm_id, number, id, time, fired FROM schedule")
    for vm, number, identity, first, fired in numbers:
        record = schedule_record.load(session, vm, number)
        assert record.next is not None
        wanted = list(between(record.rule, first - 1, record.next - 1))
        found = session.query("SELECT due, status FROM firing WHERE schedule_id = ? ORDER BY due", (identity,))
        assert [due for due, _ in found] == wanted, f"schedule {identity}"
        of_firings = session.query(
            "SELECT operation_id FROM firing WHERE schedule_id = ? AND status = 'fired' ORDER BY 1", (identity,)
        )
        assert of_firings == session.query("SELECT id FROM operation WHERE schedule_id = ? ORDER BY 1", (identity,))
        assert fired == len(of_firings)
        for _, status in found:
            counts[status] = counts.get(status, 0) + 1
    return counts
