"""The ssh that carries a connection, as ssh itself understands it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from backends.libvirt.ssh import accept_host_key, write_wrapper
from backends.uri import parse

HOST = "qemu+ssh://root@host.invalid/system"


def settings(uri: str, run_dir: Path) -> dict[str, str]:
    """What ssh makes of the script's options."""
    wrapper = write_wrapper(parse(uri), run_dir, timeout=7.2)
    done = subprocess.run(
        [wrapper, "-F", "none", "-G", "--", "host.invalid"], check=True, capture_output=True, text=True
    )
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


def test_ssh_never_asks_and_never_waits_for_ever(tmp_path: Path) -> None:
    found = settings(HOST, tmp_path)
    wanted = {
        "batchmode": "yes",
        "connecttimeout": "8",
        "serveraliveinterval": "5",
        "serveralivecountmax": "3",
        "forwardagent": "no",
        "controlmaster": "false",
    }
    assert {name: found[name] for name in wanted} == wanted


def test_host_keys_are_checked_against_the_users_file_and_ours(tmp_path: Path) -> None:
    run_dir = tmp_path / "run dir%h"
    found = settings(HOST + "?known_hosts=/etc/keys", run_dir)
    assert found["stricthostkeychecking"] == "true"
    files = found["userknownhostsfile"]
    for file in ("/.ssh/known_hosts", "run dir%h/known_hosts", "/etc/keys"):
        assert file in files


def test_an_unchecked_host_leaves_no_key_behind(tmp_path: Path) -> None:
    found = settings(HOST + "?no_verify=1", tmp_path)
    assert found["stricthostkeychecking"] == "false"
    assert found["userknownhostsfile"] == "/dev/null"


def test_the_script_is_the_owners_alone_and_written_once(tmp_path: Path) -> None:
    first = write_wrapper(parse(HOST), tmp_path / "run", timeout=5)
    written = first.stat()
    second = write_wrapper(parse(HOST), tmp_path / "run", timeout=5)
    assert first == second
    assert second.stat().st_ino == written.st_ino
    assert written.st_mode & 0o777 == 0o700
    assert first.parent.stat().st_mode & 0o777 == 0o700


def test_a_path_cannot_break_out_of_the_script(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    found = settings(f"{HOST}?known_hosts=/x%27;touch%20{marker};%27", tmp_path)
    assert "touch" in found["userknownhostsfile"]
    assert not marker.exists()


@pytest.mark.parametrize("fingerprint", ["", "SHA256:something"])
def test_no_key_is_accepted_of_a_host_that_does_not_answer(tmp_path: Path, fingerprint: str) -> None:
    assert not accept_host_key(parse(HOST), fingerprint, tmp_path, timeout=2)
    assert not (tmp_path / "known_hosts").exists()
