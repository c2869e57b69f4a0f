"""Actions that are done later: the options of the commands, the commands on schedules, and what they say."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.batch import rows
from tests.batch.conftest import Program
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.scheduling import SCHED
from vmconsole.lifecycle import actions
from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session

YEAR = datetime.now(UTC).year
LATER = "2038-09-20"


@pytest.fixture
def held(program: Program, tmp_path: Path) -> Program:
    """VM 0 on hold, without any host, in a store of its own."""
    assert program("create", template(tmp_path), "--hold").returncode == 0
    return program


def template(folder: Path) -> Path:
    """A file with the template of a small VM."""
    path = folder / "small.tmpl"
    path.write_text('NAME = "web"\nCPU = "0.1"\nMEMORY = "16"\n')
    return path


def schedules(program: Program, vm: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = program.json("show", str(vm))["schedules"]
    return found


def unix(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.covers("ON-145", "ON-153")
def test_an_action_is_scheduled_and_says_when_with_its_zone(held: Program) -> None:
    done = held("suspend", "0", "--schedule", f"{LATER}")
    assert (done.returncode, done.stdout) == (0, f"VM 0: suspend scheduled at {LATER} 00:00:00 +0000\n")
    berlin = held("suspend", "0", "--schedule", f"{LATER} 14:15", TZ="Europe/Berlin")
    assert berlin.stdout == f"VM 0: suspend scheduled at {LATER} 14:15:00 +0200\n"
    assert [each["time"] for each in schedules(held)] == [unix(LATER), unix(f"{LATER} 12:15")]
    assert held.vm_state(0) == "hold"


@pytest.mark.covers("ON-145", "ON-146")
def test_a_date_without_a_year_is_of_this_year_and_midnight_unless_it_has_a_time(held: Program) -> None:
    for text, when in (("12/31", "12-31 00:00:00"), ("12/31 14:15", "12-31 14:15:00")):
        done = held("release", "0", "--schedule", text)
        assert done.stdout == f"VM 0: release scheduled at {YEAR}-{when} +0000\n", done.stderr
    assert [each["next"] for each in schedules(held)] == [unix(f"{YEAR}-12-31"), unix(f"{YEAR}-12-31 14:15")]


@pytest.mark.covers("ON-145")
def test_it_is_done_at_that_time(held: Program) -> None:
    due = int(time.time()) + 3
    text = f"{datetime.fromtimestamp(due, UTC):%Y-%m-%d %H:%M:%S}"
    assert held("release", "0", "--schedule", text).stdout == f"VM 0: release scheduled at {text} +0000\n"
    assert held.vm_state(0) == "hold"
    held.wait_until(0, "pend")
    assert due <= time.time() < due + 3
    (schedule,) = schedules(held)
    assert (schedule["next"], schedule["last"], schedule["message"]) == (None, due, "")
    assert due <= schedule["done"] <= due + 1
    (operation,) = [each for each in held.json("operation", "list") if each["command"] == "release"]
    assert (operation["face"], operation["state"]) == ("schedule", "done")


def test_a_moment_that_is_past_is_warned_of_and_done_at_once(held: Program) -> None:
    done = held("release", "0", "--schedule", "2020-01-01")
    assert "2020-01-01 00:00 was " in done.stderr
    assert "ago: it runs at once" in done.stderr
    held.wait_until(0, "pend")


def test_whoever_schedules_without_a_permanent_controller_is_told_once(held: Program, tmp_path: Path) -> None:
    assert held("create", template(tmp_path), "--hold").returncode == 0
    done = held("release", "0,1", "--schedule", LATER)
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr == "it fires only while a controller runs: vmconsole controller install\n"


@pytest.mark.covers("ON-147")
def test_exactly_the_commands_whose_action_can_be_scheduled_take_the_options() -> None:
    schedulable = {action.command for action in actions.schedulable()}
    for command in registry.of_module(registry.VM):
        taken = {option for option in command.options if option.kind == "schedule"}
        assert taken == (set(SCHED) if command.words in schedulable else set()), command.words


@pytest.mark.covers("ON-147", "ON-164")
def test_every_schedulable_action_is_accepted_under_its_own_name(held: Program) -> None:
    for action in actions.schedulable():
        args = [f"7{index}" for index, _ in enumerate(action.schedule or ())]
        words = [*action.title.split(), "0"]
        if action.name == "backup":
            continue  # needs a backup datastore to name, see below
        done = held(*words, *args, "--schedule", LATER)
        assert done.stdout == f"VM 0: {action.name} scheduled at {LATER} 00:00:00 +0000\n", done.stderr
        assert (schedules(held)[-1]["action"], schedules(held)[-1]["args"]) == (action.name, args)
    assert held("schedule", "create", "0", "backup", "1", "--schedule", LATER).returncode == 0
    assert held("rename", "0", "x", "--schedule", LATER).returncode == 2
    assert held("migrate", "0", "h1", "--schedule", LATER).returncode == 2
    refused = held("recover", "0", "--retry", "--schedule", LATER)
    assert (refused.returncode, "recover --retry cannot be scheduled" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("option", "good", "rep", "bad"),
    [
        pytest.param("--weekly", "1,5", "Weekly 1,5", "7", marks=pytest.mark.covers("ON-154")),
        pytest.param("--monthly", "1,14", "Monthly 1,14", "0", marks=pytest.mark.covers("ON-155")),
        pytest.param("--monthly", "31", "Monthly 31", "32", marks=pytest.mark.covers("ON-155")),
        pytest.param("--yearly", "0,200", "Yearly 0,200", "366", marks=pytest.mark.covers("ON-156")),
        pytest.param("--hourly", "10", "Each 10 hours", "1,2", marks=pytest.mark.covers("ON-157")),
        ("--cron", "0 2 * * 1", "Cron 0 2 * * 1", "0 25 * * *"),
    ],
)
def test_what_recurs_says_how_and_refuses_what_does_not_exist(
    held: Program, option: str, good: str, rep: str, bad: str
) -> None:
    refused = held("suspend", "0", "--schedule", LATER, option, bad)
    assert (refused.returncode, refused.stdout) == (65, "")
    assert "error[INPUT_" in refused.stderr
    assert schedules(held) == []
    assert held("suspend", "0", "--schedule", LATER, option, good).returncode == 0
    block = held("show", "0").stdout.partition("SCHEDULED ACTIONS")[2].splitlines()
    assert block[1].split() == ["ID", "ACTION", "SCHEDULED", "REP", "END", "DONE", "MESSAGE"]
    assert f" {rep} " in block[2]


@pytest.mark.covers("ON-158", "ON-159")
def test_an_end_is_a_number_of_times_or_a_date(held: Program) -> None:
    for end in ("5", "12/25"):
        done = held("suspend", "0", "--schedule", f"{YEAR}-12-01", "--weekly", "1,5", "--end", end)
        assert done.returncode == 0, done.stderr
    shown = held("show", "0").stdout
    assert "After 5 times" in shown
    assert f"On 12/25/{YEAR % 100:02}" in shown
    assert [each["end"] for each in schedules(held)] == [
        {"type": "times", "value": 5},
        {"type": "date", "value": unix(f"{YEAR}-12-25")},
    ]


def test_all_that_is_wrong_with_a_rule_is_said_at_once_and_nothing_is_stored(held: Program) -> None:
    done = held("suspend", "0", "--schedule", LATER, "--weekly", "9", "--zone", "Mars")
    for wrong in ("--zone: the time-zone database has no zone 'Mars'", "weekly: 9 is not within 0 to 6"):
        assert wrong in done.stderr
    assert schedules(held) == []


def test_a_schedule_is_listed_shown_previewed_and_in_json_has_the_fields_of_the_contract(held: Program) -> None:
    assert held("schedule", "create", "0", "snapshot-create", "nightly", "--cron", "30 2 * * *").returncode == 0
    assert held("suspend", "0", "--schedule", LATER).returncode == 0
    header, first, second = held("schedule", "list").stdout.splitlines()
    assert header.split() == ["VM", "ID", "NAME", "ACTION", "NEXT", "REP", "END", "DONE", "MESSAGE"]
    assert "snapshot-create" in first
    assert f"{LATER} 00:00" in second
    document = schedules(held)[0]
    assert document.keys() >= {
        "id", "action", "args", "time", "repeat", "days", "cron", "time_zone", "end", "next", "last", "done", "message",
    }  # fmt: skip
    assert (document["args"], document["cron"]) == (["nightly"], "30 2 * * *")
    assert held.json("schedule", "list")[0] == {"vm": 0, "vm_name": "web", **document}
    assert "every day at 02:30" in held("schedule", "show", "0", "0").stdout
    preview = held.json("schedule", "preview", "--days", "3")
    assert [each["schedule"] for each in preview["firings"]] == [0, 0, 0]
    assert preview["clashes"] == []


def test_a_preview_names_the_schedules_that_get_into_each_others_way(held: Program) -> None:
    for action in ("suspend", "poweroff"):
        assert held("schedule", "create", "0", action, "--cron", "0 2 * * *").returncode == 0
    preview = held.json("schedule", "preview", "--days", "10")
    assert len(preview["firings"]) == 20
    assert [(clash["schedules"], clash["count"]) for clash in preview["clashes"]] == [([0, 1], 10)]


def test_a_schedule_is_changed_paused_resumed_run_and_dropped(held: Program) -> None:
    assert held("release", "0", "--schedule", LATER, "--weekly", "1", "--end", "5").returncode == 0
    assert held("schedule", "update", "0", "0", "--monthly", "1").returncode == 0
    (changed,) = schedules(held)
    assert (changed["repeat"], changed["days"], changed["time"], changed["end"]["value"]) == (1, "1", unix(LATER), 5)
    done = held("schedule", "update", "0", "0", "--schedule", f"{LATER} 10:00", "--end", "3")
    assert done.stdout == f"VM 0: release scheduled at {LATER} 10:00:00 +0000\n"
    assert schedules(held)[0]["end"]["value"] == 3
    assert held("schedule", "pause", "0", "0").returncode == 0
    assert "paused" in held("schedule", "list").stdout
    assert held("schedule", "resume", "0", "0").returncode == 0
    assert schedules(held)[0]["enabled"] is True
    assert held("schedule", "run-now", "0", "0").returncode == 0
    held.wait_until(0, "pend")
    refused = held("schedule", "run-now", "0", "0")
    assert (refused.returncode, "cannot release: the VM is PENDING" in refused.stderr) == (5, True)
    assert held("schedule", "delete", "0", "0").returncode == 0
    assert held("schedule", "list", "--json").stdout.strip() == "[]"
    assert held("schedule", "delete", "0", "0").returncode == 4


def edit(program: Program, script: str) -> None:
    """Have the VM's template edited by sed."""
    import pty
    import subprocess

    near, far = pty.openpty()
    done = subprocess.run(
        program.command("update", "0"), check=False, stdin=far, stdout=far, stderr=far, timeout=60,
        env={**program.environ, "EDITOR": f"sed -i -e '{script}'", "VISUAL": ""},
    )  # fmt: skip
    assert done.returncode == 0, (near, far)


@pytest.mark.covers("ON-151", "ON-152")
def test_schedules_are_edited_and_dropped_in_the_editor_with_the_vms_attributes(held: Program) -> None:
    for hour in ("10:00", "11:00", "12:00"):
        assert held("release", "0", "--schedule", f"{LATER} {hour}").returncode == 0
    before, new = unix(f"{LATER} 10:00"), unix(f"{LATER} 17:00")
    edit(held, f"s/{before}/{new}/")
    assert [(each["id"], each["next"]) for each in schedules(held)] == [
        (0, new), (1, unix(f"{LATER} 11:00")), (2, unix(f"{LATER} 12:00")),
    ]  # fmt: skip
    edit(held, '/ID = "1"/d')
    assert [each["id"] for each in schedules(held)] == [0, 2]


def test_a_file_appends_a_schedule_and_leaves_the_others_or_takes_the_place_of_all(
    held: Program, tmp_path: Path
) -> None:
    assert held("release", "0", "--schedule", LATER).returncode == 0
    file = tmp_path / "more.tmpl"
    file.write_text(f'SCHED_ACTION = [ ACTION = "terminate", TIME = "{unix(LATER)}", CRON = "0 2 * * *" ]\n')
    assert held("update", "0", file, "--append").returncode == 0
    assert [(each["id"], each["action"], each["cron"]) for each in schedules(held)] == [
        (0, "release", ""), (1, "terminate", "0 2 * * *"),
    ]  # fmt: skip
    assert held("update", "0", file).returncode == 0
    assert [each["action"] for each in schedules(held)] == ["terminate"]
    file.write_text('SCHED_ACTION = [ ID = "99", ACTION = "terminate", TIME = "1" ]\n')
    assert held("update", "0", file).returncode == 4
    file.write_text('SCHED_ACTION = [ ACTION = "rename", TIME = "1" ]\n')
    assert held("update", "0", file).returncode == 65
    assert [each["action"] for each in schedules(held)] == ["terminate"]


def test_a_relative_action_shows_the_moment_it_means(held: Program, tmp_path: Path) -> None:
    done = held("terminate", "0", "--schedule", "+3600")
    assert done.stdout == "VM 0: terminate scheduled after +3600s from start\n"
    vm = held.json("show", "0")
    (schedule,) = vm["schedules"]
    assert (schedule["relative"], schedule["next"]) == (3600, vm["start_time"] + 3600)
    assert schedule["time"] == schedule["next"]


def test_a_template_whose_schedule_cannot_be_followed_makes_no_vm(held: Program, tmp_path: Path) -> None:
    bad = tmp_path / "bad.tmpl"
    bad.write_text(
        'CPU = "1"\nMEMORY = "16"\nSCHED_ACTION = [ ACTION = "stop", TIME = "+5", TIME_ZONE = "Mars/Olympus" ]\n'
    )
    done = held("create", bad)
    assert (done.returncode, "Mars/Olympus" in done.stderr) == (65, True)
    assert len(json.loads(held("list", "--json").stdout)) == 1


def test_to_schedule_takes_the_right_the_action_itself_takes(session: Session) -> None:
    owner = rows.user(session, 5, "ann")
    rows.vm(session, 0, "own", at.RUNNING, user_id=5)
    rows.vm(session, 1, "not-hers", at.RUNNING)
    rows.vm(session, 2, "locked", at.RUNNING, user_id=5, lock_level=1)
    rows.vm(session, 3, "gone", at.DONE, user_id=5)
    context = Context(session, owner, "batch", lambda: float(rows.NOW))
    command = next(each for each in registry.every() if each.words == "schedule create")

    def outcome(vms: str, action: str) -> list[str]:
        values: dict[str, Any] = {option.name: None for option in SCHED}
        values |= {"vms": vms, "action": action, "args": [], "schedule": "now"}
        requests = command.prepare(context, values)
        return [request.error.code if request.error else "" for request in requests]

    assert outcome("0,1,2,3", "suspend") == ["", "PERM_MANAGE", "PERM_LOCKED", "VM_DONE"]
    assert outcome("0", "delete") == ["PERM_ADMIN"]
