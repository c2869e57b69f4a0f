from __future__ import annotations

import time
from pathlib import Path

import pytest

from .command import LabError, run
from .guests import bare_xml
from .hosts import Lab
from .witness import children, from_outside, ssh, start


def test_hosts_are_reached_over_ssh_under_their_own_names_and_identities(lab: Lab) -> None:
    h1, h2 = lab.hosts
    assert [ssh(lab, host).stdout.strip() for host in lab.hosts] == ["h1", "h2"]
    assert run("virsh", "--quiet", "--connect", from_outside(lab, h1), "hostname").strip() == "h1"
    identities = {host.virsh("capabilities").partition("<uuid>")[2].partition("</uuid>")[0] for host in (h1, h2)}
    assert len(identities) == 2


def test_a_client_moves_a_guest_over_two_connections(lab: Lab) -> None:
    h1, h2 = lab.hosts
    start(h1, bare_xml("web"))
    run("virsh", "--connect", from_outside(lab, h1), "migrate", "--live", "web", from_outside(lab, h2))
    assert (h1.domains(), h2.domains()) == (set(), {"web"})


def test_a_cut_host_is_silent_until_it_is_mended(lab: Lab) -> None:
    h1, h2 = lab.hosts
    start(h1, bare_xml("web"))
    h1.cut()
    assert ssh(lab, h1).returncode == 255
    assert ssh(lab, h2).returncode == 0
    assert h1.domains() == {"web"}
    h1.mend()
    assert ssh(lab, h1).stdout.strip() == "h1"


def test_a_killed_host_ends_with_its_guests_and_keeps_its_definitions(lab: Lab) -> None:
    h1, h2 = lab.hosts
    h1.virsh("define", "/dev/stdin", feed=bare_xml("web"))
    h1.virsh("start", "web")
    start(h2, bare_xml("mail"))
    qemu = h1.pids("qemu-system-x86_64")
    h1.kill()
    assert not any(Path(f"/proc/{pid}").exists() for pid in qemu)
    assert h1.pids() == []
    assert ssh(lab, h1).returncode == 255
    assert h2.domains() == {"mail"}
    h1.start()
    assert ssh(lab, h1).returncode == 0
    assert (h1.domains(), h1.domains("--all")) == (set(), {"web"})


def test_a_network_is_there_again_after_a_power_cut(lab: Lab) -> None:
    host = lab["h1"]
    host.virsh("net-start", "default")
    host.kill()
    host.start()
    host.virsh("net-start", "default")
    assert host.virsh("net-list", "--name") == "default"


def test_a_domain_that_does_not_run_has_no_console(lab: Lab) -> None:
    with pytest.raises(LabError, match="web does not run on h1"):
        lab["h1"].console("web")


def test_guests_live_through_the_end_of_libvirtd(lab: Lab) -> None:
    host = lab["h1"]
    start(host, bare_xml("web"))
    qemu = host.pids("qemu-system-x86_64")
    host.halt("libvirtd")
    with pytest.raises(LabError, match=r"(?i)failed to connect"):
        host.virsh("list")
    host.serve("libvirtd")
    assert host.domains() == {"web"}
    assert host.pids("qemu-system-x86_64") == qemu


def test_a_firewalled_host_does_not_answer_at_all(lab: Lab) -> None:
    host = lab["h1"]
    host.drop()
    assert "timed out" in ssh(lab, host, timeout=1).stderr
    lab.reset()
    assert ssh(lab, host).returncode == 0


def test_a_hung_libvirtd_answers_again_when_woken(lab: Lab) -> None:
    h1, h2 = lab.hosts
    h1.hang("libvirtd")
    with pytest.raises(LabError, match="no end after"):
        h1.virsh("list", timeout=1)
    assert h2.virsh("list") == ""
    h1.wake("libvirtd")
    assert h1.virsh("list") == ""


def test_a_hung_sshd_wakes_by_itself(lab: Lab) -> None:
    host = lab["h1"]
    host.hang("sshd", longest=1)
    hung = time.monotonic()
    assert ssh(lab, host, timeout=20).returncode == 0
    assert time.monotonic() - hung > 0.5


def test_a_small_pool_gets_full(lab: Lab) -> None:
    host = lab["h1"]
    path = host.small_pool(1024 * 1024)
    host.virsh("pool-create-as", "small", "dir", "--target", path)
    with pytest.raises(LabError, match="No space left on device"):
        host.virsh("vol-create-as", "small", "big", "4M", "--allocation", "4M")


def test_ended_processes_of_a_host_are_collected(lab: Lab) -> None:
    host = lab["h1"]
    host.halt("virtlogd")
    host.serve("virtlogd")
    states = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in children(host)]
    assert states
    assert "Z" not in states
