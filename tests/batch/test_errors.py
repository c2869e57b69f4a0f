"""Exit statuses and error documents, one line each."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.batch.conftest import DEADLINE, Program
from tests.batch.rows import vm
from vmconsole.lifecycle import states as at
from vmconsole.store.session import open_session


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ("frobnicate", 2, "USAGE_COMMAND"),
        ("list --frobnicate", 2, "USAGE_OPTION"),
        ("hold", 2, "USAGE_ARGUMENT"),
        ("poweroff 0 --hard=x", 2, "USAGE_OPTION"),
        ("list --yaml --json", 2, "USAGE_OPTION"),
        ("recover 0", 2, "USAGE_OPTION"),
        ("recover 0 --success --failure", 2, "USAGE_OPTION"),
        ("hold 0 --csv", 2, "USAGE_OPTION"),
        ("controller now", 2, "USAGE_COMMAND"),
        ("show 7", 4, "NO_VM"),
        ("hold 0,nobody", 4, "NO_VM"),
        ("deploy 0 nowhere", 4, "NO_HOST"),
        ("chown 0 nobody", 4, "NO_USER"),
        ("template instantiate none", 4, "NO_TEMPLATE"),
        ("config set colour red", 4, "NO_SETTING"),
        ("operation show 01ZZZ", 4, "NO_OPERATION"),
        ("release 0", 5, "VM_STATE"),
        ("list -l COLOUR", 65, "INPUT_COLUMN"),
        ("list -f STAT", 65, "INPUT_FILTER"),
        ("list --search nonsense", 65, "INPUT_SEARCH"),
        ("hold 3..1", 65, "INPUT_TARGETS"),
        ("hold 0x1", 65, "INPUT_TARGETS"),
        ("chmod 0 9", 65, "INPUT_MODE"),
        ("rename 0 7", 65, "INPUT_NAME"),
        ("config set sweep_period never", 65, "INPUT_SETTING"),
        ("create /absent", 66, "INPUT_FILE"),
    ],
)
def test_each_refusal_has_its_status_its_code_and_one_line(program: Program, line: str, status: int, code: str) -> None:
    with open_session(str(program.store), create=True) as session:
        vm(session, 0, "web")
    done = program(*line.split(), "--json")
    assert done.returncode == status, done.stderr
    document = json.loads(done.stdout)
    assert (document["api"], document["ok"], document["exit"]) == ("vmconsole/1", False, status)
    assert document["error"]["code"] == code
    assert document["error"].keys() >= {"class", "message", "retryable", "outcome", "hint", "detail"}
    assert document["error"]["outcome"] == "not_started"
    assert done.stderr.startswith(f"vmconsole: error[{code}]: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_malformed_template_is_bad_input_with_its_place(program: Program, tmp_path: Path) -> None:
    template = tmp_path / "bad.tmpl"
    template.write_text('NAME = "a"\nCPU = "1\n')
    done = program("create", template)
    assert done.returncode == 65
    assert "line 2" in done.stderr
    assert program.json("list") == []


def test_a_store_that_is_none_is_unusable_and_left_alone(program: Program) -> None:
    program.store.parent.mkdir(mode=0o700)
    program.store.write_text("no database\n")
    program.store.chmod(0o600)
    assert program("list").returncode == 78
    assert program.store.read_text() == "no database\n"
    program.store.unlink()
    with sqlite3.connect(program.store) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    other.close()
    program.store.chmod(0o600)
    done = program("list", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (78, "DB_NOT_OURS")
    program.store.unlink()


def test_a_configuration_that_others_may_write_is_refused(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("sweep_period = 3\n")
    file.chmod(0o666)
    done = subprocess.run(
        program.command("--config", file, "controller"),
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=program.environ,
    )
    assert done.returncode == 78
    assert "CONFIG_UNSAFE" in done.stderr


def test_a_bug_is_told_in_one_line_with_a_number_under_which_its_trace_is_kept(program: Program) -> None:
    with open_session(str(program.store), create=True) as session:
        vm(session, 0, "web", template={})
        with session.write():
            session.execute("UPDATE vm SET template = 'no json'")
    done = program("show", "0", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["error"]["class"]) == (70, "INTERNAL")
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    log = program.store.with_suffix(".run") / "incidents.log"
    assert document["error"]["message"].rpartition(" ")[2] in log.read_text()
    assert "Traceback" in log.read_text()
    assert log.stat().st_mode & 0o777 == 0o600


def test_destroying_many_without_a_terminal_needs_to_be_said(program: Program) -> None:
    with open_session(str(program.store), create=True) as session:
        for number in range(11):
            vm(session, number, f"vm{number}", at.HOLD)
    done = program("terminate", "0..10", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (2, "CONFIRMATION_REQUIRED")
    assert "--yes" in done.stderr
    assert program.json("operation", "list") == []
    assert program("terminate", "0..10", "--dry-run").returncode == 0


def test_an_unknown_error_class_of_a_stored_operation_is_no_traceback(program: Program) -> None:
    with open_session(str(program.store), create=True) as session, session.write():
        session.execute(
            "INSERT INTO operation (id, seq, command, arguments, user_id, asked_by, face, state, error, created, ended)"
            " VALUES ('01AAAAAAAAAAAAAAAAAAAAAAAA', 1, 'x.y', '{}', 0, 'root', 'batch', 'failed',"
            """ '{"class": "NEW", "code": "NEW_CODE", "message": "odd"}', 1, 2)"""
        )
    done = program("operation", "wait", "01A", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (70, "NEW_CODE")


def test_the_real_user_decides_and_not_the_environment(program: Program) -> None:
    program("list", USER="somebody", LOGNAME="somebody", SUDO_USER="somebody" if os.getuid() else "")
    names = {user["name"] for user in program.json("user", "list")}
    assert "somebody" not in names
