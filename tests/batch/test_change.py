"""Changing commands, end to end through a controller on libvirt's test driver."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.batch.conftest import DEADLINE, Program

IDENTITY = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def made(program: Program, *words: str | Path) -> list[int]:
    """Ids of the VMs that a command made."""
    done = program(*words)
    assert done.returncode == 0, done.stderr
    return [int(line.removeprefix("VM ID: ")) for line in done.stdout.splitlines()]


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "small.tmpl"
    path.write_text('CPU = "0.1"\nVCPU = "1"\nMEMORY = "16"\nDESCRIPTION = "from a file"\n')
    return path


@pytest.mark.covers("ON-048", "ON-166")
def test_a_vm_is_made_from_a_file_without_a_template_and_belongs_to_its_owner_alone(fleet: Program) -> None:
    vm = fleet.json("show", "0")
    assert (vm["name"], vm["stat"], vm["attributes"]["DESCRIPTION"]) == ("vm0", "hold", "from a file")
    assert fleet.json("template", "list") == []
    assert vm["permissions"] == {"owner": "um-", "group": "---", "other": "---", "octal": "600"}


@pytest.mark.covers("ON-043", "ON-045", "ON-049")
def test_a_template_is_listed_and_instantiated_by_number_and_by_name(program: Program, template: Path) -> None:
    assert program("template", "create", template, "--name", "vm-example").stdout == "Template ID: 0\n"
    header, row = program("template", "list").stdout.splitlines()
    assert header.split() == ["ID", "USER", "GROUP", "NAME", "REGTIME"]
    assert re.fullmatch(r" +0 \S+ +oneadmin +vm-example +\d\d/\d\d \d\d:\d\d:\d\d", row)
    assert made(program, "instantiate", "0", "--hold") == [0]
    assert made(program, "instantiate", "vm-example", "--hold") == [1]
    assert made(program, "template", "instantiate", "vm-example", "--hold", "--name", "web%i", "-m", "2") == [2, 3]
    vms = program.json("list", "--sort", "ID")
    assert [vm["name"] for vm in vms] == ["vm-example", "vm-example", "web0", "web1"]
    assert {vm["stat"] for vm in vms} == {"hold"}
    assert vms[0]["template"] == vms[1]["template"]


@pytest.mark.covers("ON-062", "ON-063", "ON-054")
def test_a_vm_is_held_released_placed_and_switched_off_and_on(program: Program, template: Path) -> None:
    template.write_text(template.read_text().replace('"16"', '"9999999"'))
    assert program("host", "create", "test:///default", "--name", "h1").returncode == 0
    assert made(program, "create", template, "--name", "big") == [0]
    assert program.vm_state(0) == "pend"
    assert program("hold", "big").returncode == 0
    assert program.vm_state(0) == "hold"
    assert program("release", "0").returncode == 0
    assert program.vm_state(0) == "pend"
    refused = program("release", "0")
    assert (refused.returncode, "PENDING" in refused.stderr) == (5, True)

    template.write_text(template.read_text().replace('"9999999"', '"16"'))
    assert made(program, "create", template, "--name", "web") == [1]
    program.wait_until(1, "runn")
    refused = program("hold", "1")
    assert (refused.returncode, refused.stdout) == (5, "")
    assert "RUNNING" in refused.stderr
    assert program("poweroff", "web", "-v").stdout == "VM 1: shutting down\n"
    assert program.vm_state(1) == "poff"
    assert program("resume", "web").returncode == 0
    assert program.vm_state(1) == "runn"
    block = program("show", "1").stdout.partition("VIRTUAL MACHINE HISTORY")[2].partition("\n\n")[0].splitlines()[1:]
    assert block[0].split() == ["SEQ", "HOSTNAME", "REASON", "START", "TIME", "PTIME"]
    assert [line.split()[:2] for line in block[1:]] == [
        [str(record["seq"]), "h1"] for record in program.json("show", "1")["history"]
    ]
    assert len(block) > 1
    assert program("cancel", "1").returncode == 0
    assert program.json("show", "1")["state"] == "DONE"
    assert [vm["id"] for vm in program.json("list")] == [0]


@pytest.mark.covers("ON-179")
def test_a_list_of_vms_is_worked_through_and_one_failure_shows_in_the_status(fleet: Program) -> None:
    assert fleet("release", "0", "--dry-run").stdout == "VM 0 (vm0): would release\n"
    assert fleet("hold", "1,3,8..9").returncode == 5  # all are on hold already
    assert fleet("chmod", "1,3,8..9", "640").returncode == 0
    assert fleet("rename", "vm4", "four").returncode == 0
    assert [vm["id"] for vm in fleet.json("list") if vm["permissions"]["octal"] == "640"] == [9, 8, 3, 1]
    assert fleet("lock", "vm1").returncode == 0
    partly = fleet("resched", "1")
    assert partly.returncode == 77
    partly = fleet("terminate", "vm1,four", "--json")
    document = json.loads(partly.stdout)
    assert (partly.returncode, document["exit"], document["ok"]) == (3, 3, False)
    assert document["summary"] == {"requested": 2, "changed": 1, "unchanged": 0, "failed": 1, "unknown": 0}
    assert [(each["target"]["id"], each["ok"]) for each in document["results"]] == [(1, False), (4, True)]
    assert document["results"][0]["error"]["code"] == "PERM_LOCKED"
    assert (document["results"][1]["from"], document["results"][1]["to"]) == ("hold", "done")
    assert fleet("unlock", "1").returncode == 0


@pytest.mark.covers("ON-167")
def test_chmod_changes_the_bits_that_show_prints(fleet: Program) -> None:
    assert fleet("chmod", "0", "640").returncode == 0
    shown = fleet("show", "0").stdout
    assert "OWNER               : um-\nGROUP               : u--\nOTHER               : ---\n" in shown
    assert fleet("chmod", "0", "u=rw,g=,o=r").returncode == 0
    assert fleet.json("show", "0")["permissions"]["octal"] == "604"


@pytest.mark.covers("ON-165")
def test_attributes_of_a_file_are_shown(fleet: Program, tmp_path: Path) -> None:
    file = tmp_path / "attributes"
    file.write_text('ROOT_GENERATED_PASSWORD = "1234"\n')
    assert fleet("update", "0", file, "--append").returncode == 0
    attributes = fleet.json("show", "0")["attributes"]
    assert (attributes["ROOT_GENERATED_PASSWORD"], attributes["DESCRIPTION"]) == ("1234", "from a file")
    assert 'ROOT_GENERATED_PASSWORD="1234"\n' in fleet("show", "0").stdout


def test_without_waiting_the_id_of_the_operation_is_printed_and_can_be_waited_for(fleet: Program) -> None:
    identity = fleet("rename", "2", "renamed", "--no-wait").stdout.strip()
    assert IDENTITY.fullmatch(identity)
    assert fleet("operation", "wait", identity).returncode == 0
    operation = fleet.json("operation", "show", identity)
    assert (operation["id"], operation["state"], operation["vm"]) == (identity, "done", 2)
    listed = fleet.json("operation", "list", "--vm", "2")
    assert listed[0].keys() >= {
        "id", "vm", "command", "arguments", "state", "step", "progress", "bytes_done", "bytes_total", "asked_by",
        "face", "error", "created", "started", "ended",
    }  # fmt: skip
    assert (listed[0]["command"], listed[0]["face"]) == ("rename", "batch")


def test_the_document_of_a_change_tells_what_became_of_it(fleet: Program) -> None:
    document = fleet.json("rename", "5", "five")
    (result,) = document["results"]
    assert (document["api"], document["ok"], document["exit"]) == ("vmconsole/1", True, 0)
    assert result["target"] == {"kind": "vm", "id": 5, "uuid": fleet.json("show", "5")["uuid"], "name": "vm5"}
    assert (result["ok"], result["changed"], result["state"]) == (True, True, "done")
    assert IDENTITY.fullmatch(result["op"])
    assert result["ms"] >= 0


def test_a_failed_operation_names_itself_so_that_it_can_be_looked_at(fleet: Program) -> None:
    done = fleet("host", "create", "test:///default", "--name", "again")  # it is h1 already
    assert done.returncode == 5
    (line,) = done.stderr.splitlines()
    assert IDENTITY.search(line)
    assert len(line) <= 300


def test_what_is_done_already_succeeds_with_a_word_on_standard_error(fleet: Program) -> None:
    assert fleet("terminate", "6").returncode == 0
    again = fleet("terminate", "6", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["summary"]["unchanged"] == 1
    assert "already" in again.stderr


@contextlib.contextmanager
def stopped_controller(program: Program) -> Iterator[None]:
    """Nothing is executed meanwhile, although a controller is there."""
    holders = program.controllers()
    for pid in holders:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in holders:
            os.kill(pid, signal.SIGCONT)


def test_a_wait_that_takes_too_long_ends_with_the_id_of_the_operation_that_goes_on(fleet: Program) -> None:
    with stopped_controller(fleet):
        done = fleet("rename", "8", "eight", "--timeout", "0.3", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["exit"], document["error"]["code"]) == (7, 7, "OP_PENDING")
    assert (document["error"]["outcome"], document["error"]["retryable"]) == ("pending", True)
    identity = document["results"][0]["op"]
    assert identity in done.stderr
    assert fleet("operation", "wait", identity).returncode == 0
    assert fleet.json("show", "8")["name"] == "eight"


def test_an_interrupted_wait_tells_the_operation_and_leaves_it_alone(fleet: Program) -> None:
    with stopped_controller(fleet):
        waiting = subprocess.Popen(
            fleet.command("rename", "7", "seven"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=fleet.environ,
        )
        deadline = time.monotonic() + DEADLINE
        while not (active := fleet.json("operation", "list", "--active")) and time.monotonic() < deadline:
            time.sleep(0.05)
        waiting.send_signal(signal.SIGINT)
        _, told = waiting.communicate(timeout=DEADLINE)
    assert waiting.returncode == 130
    assert active[0]["id"] in told
    assert "Traceback" not in told
    assert fleet("operation", "wait", active[0]["id"]).returncode == 0
    assert fleet.json("show", "7")["name"] == "seven"


@pytest.mark.parametrize(
    ("uri", "status", "code"),
    [
        ("qemu+ssh://root@127.0.0.1:1/system", 69, "HOST_UNREACHABLE"),
        ("qemu+ssh://host.example/system?command=/bin/true", 65, "URI_REFUSED"),
        ("test:///default\x1b[31m", 65, "URI_REFUSED"),
    ],
)
def test_a_host_that_cannot_be_taken_on_is_told_with_its_status(
    fleet: Program, uri: str, status: int, code: str
) -> None:
    done = fleet("host", "create", uri, "--name", "h9", "--timeout", "5", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["error"]["code"]) == (status, code), done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "\x1b" not in done.stderr
    assert [host["name"] for host in fleet.json("host", "list")] == ["h1"]


@pytest.mark.covers("ON-052")
def test_top_lists_again_and_again_until_it_is_interrupted(fleet: Program) -> None:
    running = subprocess.Popen(
        fleet.command("top", "-d", "0.1", "-l", "ID"), stdout=subprocess.PIPE, text=True, env=fleet.environ
    )
    assert running.stdout is not None
    headers = 0
    for line in running.stdout:
        headers += line.strip() == "ID"
        if headers == 3:
            break
    running.send_signal(signal.SIGINT)
    running.stdout.close()
    assert running.wait(timeout=DEADLINE) in (0, 141)


@pytest.mark.covers("ON-047")
def test_questions_of_a_template_are_asked_on_the_terminal_and_a_password_is_not_echoed(
    fleet: Program, tmp_path: Path
) -> None:
    template = tmp_path / "asks.tmpl"
    template.write_text(
        'CPU = "0.1"\nMEMORY = "16"\n'
        'USER_INPUTS = [ ROLE = "M|text|Role of it", SECRET = "M|password|Password of it" ]\n'
    )
    missing = fleet("create", template, "--hold")
    assert missing.returncode == 2
    assert "ROLE" in missing.stderr
    status, screen = on_terminal(fleet, ["create", str(template), "--hold", "--name", "asked"], ["sql\n", "hunter2\n"])
    assert status == 0, screen
    assert re.search(r"\* \(ROLE\) Role of it.*\* \(SECRET\) Password of it", screen, re.DOTALL)
    assert "sql" in screen
    assert "hunter2" not in screen
    (vm,) = fleet.json("list", "--search", "NAME=asked")
    assert (vm["attributes"] | vm["template"])["ROLE"] == "sql"
    assert (vm["attributes"] | vm["template"])["SECRET"] == "hunter2"


def test_a_person_is_asked_before_something_is_destroyed_and_may_refuse(fleet: Program) -> None:
    status, screen = on_terminal(fleet, ["terminate", "9"], ["no\n"])
    assert (status, "NOT_CONFIRMED" in screen, "VM 9" in screen) == (2, True, True)
    assert fleet.json("show", "9")["state"] != "DONE"
    status, screen = on_terminal(fleet, ["terminate", "9"], ["yes\n"])
    assert status == 0, screen
    assert fleet.json("show", "9")["state"] == "DONE"


def on_terminal(program: Program, words: list[str], answers: list[str]) -> tuple[int, str]:
    """Run a command line at a terminal, give each answer when a question is put; its status and all that was seen."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(program.command()[0], program.command(*words), program.environ)
    seen = ""
    waiting = list(answers)
    deadline = time.monotonic() + DEADLINE
    try:
        while time.monotonic() < deadline:
            try:
                chunk = os.read(terminal, 4096).decode()
            except OSError:  # the program has closed its side
                break
            if not chunk:
                break
            seen += chunk
            if waiting and seen.endswith(": "):
                time.sleep(0.1)  # getpass turns the echo off just after the question
                os.write(terminal, waiting.pop(0).encode())
                seen += " "
    finally:
        os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen
