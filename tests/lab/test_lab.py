from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .command import LabError
from .guests import bare_xml
from .host import SERVICES
from .hosts import Lab
from .witness import command_lines, leftovers, ssh, start

ROOT = Path(__file__).resolve().parents[2]


def test_each_host_sees_only_its_own_domains(lab: Lab) -> None:
    h1, h2 = lab.hosts
    start(h1, bare_xml("web"))
    start(h2, bare_xml("mail"))
    assert h1.domains() == {"web"}
    assert h2.domains() == {"mail"}
    assert len(h1.pids("qemu-system-x86_64")) == 1
    assert not set(h1.pids()) & set(h2.pids())


def test_a_changed_host_key_is_refused_and_comes_back_with_a_reset(lab: Lab) -> None:
    host = lab["h1"]
    host.change_host_key()
    assert "HOST IDENTIFICATION HAS CHANGED" in ssh(lab, host).stderr
    lab.reset()
    assert ssh(lab, host).returncode == 0


def test_a_reset_leaves_nothing_of_a_test(lab: Lab) -> None:
    h1, h2 = lab.hosts
    h1.virsh("define", "/dev/stdin", feed=bare_xml("web"))
    h1.virsh("start", "web")
    h1.virsh("pool-define-as", "ours", "dir", "--target", "/var/lib/libvirt/images")
    h2.virsh("pool-create-as", "passing", "dir", "--target", "/var/lib/libvirt/images")
    h2.virsh("net-start", "default")
    h1.cut()
    h2.hang("libvirtd")
    (lab.shared / "disk").write_text("x")
    identity = h1.folder / "etc/libvirt/libvirtd.conf"
    before = identity.read_text()
    lab.reset()
    assert ssh(lab, h1).returncode == 0
    assert h1.domains("--all") == h2.domains("--all") == set()
    for host in lab.hosts:
        assert host.virsh("pool-list", "--all", "--name") == ""
        assert host.virsh("net-list", "--inactive", "--name") == "default"
    assert h1.pids("qemu-system-x86_64") == []
    assert list(lab.shared.iterdir()) == []
    assert identity.read_text() == before


def test_a_pool_that_is_not_defined_does_not_outlive_a_test(lab: Lab) -> None:
    host = lab["h1"]
    host.virsh("pool-create-as", "passing", "dir", "--target", str(lab.shared))
    lab.reset()
    assert host.virsh("pool-list", "--all", "--name") == ""


def test_an_untouched_host_is_not_restarted_by_a_reset(lab: Lab) -> None:
    before = lab["h1"].pids("libvirtd")
    lab.reset()
    assert lab["h1"].pids("libvirtd") == before


def test_two_labs_live_side_by_side_and_leave_nothing(lab: Lab, tmp_path: Path) -> None:
    with Lab(tmp_path, hosts=1) as other:
        name, folder = other.name, other.folder
        start(lab["h1"], bare_xml("web"))
        start(other["h1"], bare_xml("web"))
        other["h1"].hang("sshd")
        other["h1"].small_pool(1024 * 1024)
        assert name != lab.name
        assert leftovers(name, folder)
        assert ssh(lab, lab["h1"]).returncode == 0
    assert leftovers(name, folder) == []
    assert lab["h1"].domains() == {"web"}


def test_a_lab_is_removed_after_an_exception(lab_ground: None, tmp_path: Path) -> None:
    other = Lab(tmp_path, hosts=1)

    def interrupted() -> None:
        with other:
            names.append((other.name, other.folder))
            raise KeyboardInterrupt

    names: list[tuple[str, Path]] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert leftovers(*names[0]) == []


def test_a_lab_that_fails_to_start_is_removed(
    lab_ground: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SERVICES, "sshd", ("no-such-program",))
    lab = Lab(tmp_path, hosts=2)
    with pytest.raises(LabError, match="no-such-program"):
        lab.__enter__()
    assert list(tmp_path.iterdir()) == []
    assert lab.hosts == []
    assert not [line for line in command_lines() if str(tmp_path) in line]
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()
    assert Lab.sweep() == []


def test_host_keys_are_trusted_only_while_the_lab_stands(lab_ground: None, tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    known.write_text("elsewhere ssh-ed25519 AAAA")
    with Lab(tmp_path, hosts=1) as other:
        other.trust(known)
        assert f"\n{other['h1'].address} ssh-ed25519 " in known.read_text()
    assert known.read_text() == "elsewhere ssh-ed25519 AAAA\n"


def test_the_lab_of_a_killed_owner_is_swept_away(lab_ground: None, lab: Lab, tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from tests.lab.hosts import Lab\n"
        "lab = Lab(Path(sys.argv[1]), hosts=1); lab.build()\n"
        "print(lab.name, lab.folder, flush=True); time.sleep(600)"
    )
    words = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        name, folder = owner.stdout.readline().split()
        assert name not in Lab.sweep()
        owner.send_signal(signal.SIGKILL)
    assert leftovers(name, Path(folder))
    assert name in Lab.sweep()
    assert leftovers(name, Path(folder)) == []
    assert ssh(lab, lab["h1"]).returncode == 0


def test_the_command_line_keeps_a_lab_until_it_is_told_to_remove_it(lab_ground: None, tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path)}

    def tell(*words: str) -> str:
        line = [sys.executable, "-m", "tests.lab", *words]
        return subprocess.run(line, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

    told = tell("up", "1")
    uri = next(word for word in told.split() if "qemu+ssh://" in word).strip("'")
    name = uri.partition("keyfile=")[2].split("/vmconsole/lab/")[1].split("/")[0]
    known = tmp_path / ".ssh/known_hosts"
    assert known.read_text().startswith("198.18.")
    assert Lab.sweep() == []
    assert leftovers(name, tmp_path)
    assert name in tell("down")
    assert leftovers(name, tmp_path / "vmconsole/lab" / name) == []
    assert not known.exists()
