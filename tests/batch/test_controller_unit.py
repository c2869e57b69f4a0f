"""`controller install`, `status` and `uninstall`: the unit of a permanent controller, and how it is."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.batch.conftest import Program
from tests.lab.witness import eventually
from vmconsole.store.session import open_session

DEADLINE = 60.0
UNIT = "vmconsole.service"


def unit_folder(root: Path) -> Path:
    return root / "etc/systemd/system"


def test_install_writes_the_unit_and_what_is_particular_here_beside_it(program: Program, tmp_path: Path) -> None:
    root = tmp_path / "root"
    done = program("controller", "install", "--root", root)
    assert done.returncode == 0, done.stderr
    assert f"systemctl enable --now {UNIT}" in done.stdout
    unit, drop_in = unit_folder(root) / UNIT, unit_folder(root) / f"{UNIT}.d/installation.conf"
    assert "Type=notify" in unit.read_text()
    assert "WantedBy=multi-user.target" in unit.read_text()
    assert f'Environment="VMCONSOLE_DB={program.store}"' in drop_in.read_text()
    assert [oct(path.stat().st_mode & 0o777) for path in (unit, drop_in)] == ["0o644", "0o644"]
    if shutil.which("systemd-analyze"):
        verified = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", UNIT],
            env={"SYSTEMD_UNIT_PATH": f"{unit_folder(root)}:", "PATH": "/usr/bin:/bin"},
            check=False, capture_output=True, text=True, timeout=DEADLINE,
        )  # fmt: skip
        assert (verified.returncode, verified.stderr) == (0, "")

    assert program("controller", "uninstall", "--root", root).returncode == 0
    assert not list(unit_folder(root).iterdir())
    assert "nothing to do" in program("controller", "uninstall", "--root", root).stdout


def test_install_for_a_user_goes_to_the_users_own_manager(program: Program, tmp_path: Path) -> None:
    done = program("controller", "install", "--user", "--root", tmp_path / "root", XDG_CONFIG_HOME="/home/ann/conf")
    assert done.returncode == 0, done.stderr
    unit = tmp_path / "root/home/ann/conf/systemd/user" / UNIT
    assert "WantedBy=default.target" in unit.read_text()
    assert "enable-linger" in done.stdout


def test_a_dry_run_shows_the_unit_and_writes_nothing(program: Program, tmp_path: Path) -> None:
    done = program("controller", "install", "--root", tmp_path / "root", "--dry-run")
    assert "ExecStart=" in done.stdout
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("name", ['a b"c\\d', "100% sure", "$HOME"])
def test_odd_paths_stay_words_in_the_unit(program: Program, tmp_path: Path, name: str) -> None:
    store = tmp_path / f"{name}.db"
    assert program("--db", store, "controller", "install", "--root", tmp_path / "root").returncode == 0
    text = (unit_folder(tmp_path / "root") / f"{UNIT}.d/installation.conf").read_text()
    escaped = str(store).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    assert f'Environment="VMCONSOLE_DB={escaped}"\n' in text


def test_status_says_by_its_exit_status_whether_a_controller_lives(program: Program, tmp_path: Path) -> None:
    assert program("controller", "status").returncode == 69
    notes = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notes.bind(str(tmp_path / "notify"))
    notes.settimeout(DEADLINE)
    environ = {**program.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")}
    with notes, subprocess.Popen(program.command("controller"), env=environ, stderr=subprocess.DEVNULL) as controller:
        try:
            assert notes.recv(1000).startswith(b"READY=1")
            assert notes.recv(1000) == b"WATCHDOG=1"
            status = program.json("controller", "status", "--permanent", "--wait", "30")
            assert (status["state"], status["permanent"], status["process"]) == ("alive", True, controller.pid)
            controller.send_signal(signal.SIGTERM)
            until = time.monotonic() + DEADLINE
            while notes.recv(1000) != b"STOPPING=1":
                assert time.monotonic() < until
            assert controller.wait(DEADLINE) == 0
        finally:
            controller.kill()
    assert program("controller", "status").returncode == 69


def test_a_schedule_fires_under_the_installed_controller_with_no_face_running(program: Program, tmp_path: Path) -> None:
    assert program("host", "create", "test:///default", "--name", "h1").returncode == 0
    assert program("create", "--name", "web", "--cpu", "0.1", "--memory", "16").returncode == 0
    program.wait_until(0, "runn")
    started = int(program.json("show", "web")["start_time"])
    due = int(time.time()) - started + 10
    assert program("poweroff", "web", "--hard", "--schedule", f"+{due}").returncode == 0
    assert program("controller", "install", "--root", tmp_path / "root").returncode == 0
    program.end_controller()

    words, environ = as_systemd_reads(unit_folder(tmp_path / "root") / f"{UNIT}.d/installation.conf")
    with subprocess.Popen(words, env={"PATH": os.environ["PATH"], **environ}, stderr=subprocess.DEVNULL) as controller:
        try:
            with open_session(str(program.store), create=False) as session:
                assert eventually(lambda: session.query("SELECT status FROM firing") == [("fired",)], DEADLINE)
                ended = "SELECT state FROM operation WHERE command = 'poweroff-hard'"
                assert eventually(lambda: session.query(ended) == [("done",)], DEADLINE)
            assert controller.poll() is None
        finally:
            controller.kill()
    assert program.vm_state(0) == "poff"


def as_systemd_reads(drop_in: Path) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment that a drop-in sets; words are quoted as in a shell."""
    lines = [line.partition("=")[::2] for line in drop_in.read_text().splitlines() if "=" in line]
    words = [shlex.split(value) for key, value in lines if key == "ExecStart"][-1]
    settings = (shlex.split(value)[0].partition("=") for key, value in lines if key == "Environment")
    return words, {name: value for name, _, value in settings}


def test_without_a_permanent_controller_every_list_of_schedules_warns(program: Program) -> None:
    assert program("schedule", "list").stderr == ""
    with open_session(str(program.store), create=False) as session, session.write():
        session.execute(
            "INSERT INTO vm (id, uuid, name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state,"
            " state_since, start_time, cpu, vcpu, memory_mib)"
            " VALUES (0, 'u', 'a', 0, 0, 384, 8, 0, 8, 0, 1, 1, 1, 1, 1)"
        )
        session.execute(
            "INSERT INTO schedule (id, vm_id, number, action, time, time_zone, next, user_id)"
            " VALUES (0, 0, 0, 'poweroff', 9999999999, 'UTC', 9999999999, 0)"
        )
    for words in ("schedule list", "schedule show 0 0", "schedule preview", "top --count 1"):
        done = program(*words.split())
        assert done.returncode == 0, done.stderr
        assert "vmconsole controller install" in done.stderr
    assert "controller install" in program("controller", "status").stdout
