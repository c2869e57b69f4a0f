"""Hosts that fall silent: what is shown of their VMs, that nobody else waits for them, and how the truth comes back."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import domains
from .guests import READY, GuestFiles
from .hosts import Host, Lab
from .product import Product, furnished, known
from .witness import eventually

pytestmark = pytest.mark.lab

SILENCE = 6
"""Seconds after which a silent host counts as lost, in these tests."""
SWEEP = 1
SAMPLES = 7
NOISE = 0.2
"""Seconds by which two medians may differ on a busy machine."""


@pytest.fixture
def ours(lab: Lab, guest: GuestFiles, tmp_path: Path) -> Iterator[Product]:
    with furnished(lab, tmp_path, guest) as product:
        product.settings(unreachable_after=SILENCE, sweep_period=SWEEP)
        yield product


def placed(ours: Product, template: str, host: Host) -> int:
    """A new VM that runs on this host."""
    (number,) = ours.instantiate(template, "--hold")
    ours.run("deploy", str(number), host.name)
    return number


def wait(ours: Product, number: int) -> float:
    """How long a command on a VM takes, in seconds: the median of several."""
    taken = []
    for _ in range(SAMPLES):
        begun = time.monotonic()
        ours.run("reboot", "--hard", str(number))
        taken.append(time.monotonic() - begun)
    return statistics.median(taken)


def lost(ours: Product, number: int, host: Host, since: float) -> None:
    """Wait until the VM of a silent host is unknown: in time, with the host's name, its trouble and since when."""
    vm = ours.until(number, "unkn", timeout=SILENCE + 30)
    assert time.time() - since < SILENCE + SWEEP + 4
    assert vm["host"] == host.name
    shown = next(document for document in ours.json("host", "list") if document["name"] == host.name)
    assert shown["stat"] == "err"
    assert shown["message"]
    assert since - SWEEP - 2 <= shown["down_since"] <= time.time()


@pytest.mark.covers("ON-020")
def test_a_cut_off_host_hides_its_vms_and_delays_no_other(lab: Lab, ours: Product) -> None:
    cut, other = lab.hosts
    stays, leaves, elsewhere = placed(ours, "bare", cut), placed(ours, "guest", cut), placed(ours, "bare", other)
    cut.serial(f"one-{leaves}", READY)
    before = domains.life(cut, f"one-{stays}")
    usual = wait(ours, elsewhere)

    since = time.time()
    cut.cut()
    assert wait(ours, elsewhere) <= 1.2 * usual + NOISE
    for number in (stays, leaves):
        lost(ours, number, cut, since)
    assert wait(ours, elsewhere) <= 1.2 * usual + NOISE
    assert ours.vm(elsewhere)["stat"] == "runn"
    assert "UNKNOWN" in ours.complaint("suspend", str(stays), status=5)

    with cut.console(f"one-{leaves}") as console:
        console.say("poweroff -f")
        assert eventually(lambda: cut.domains() == {f"one-{stays}"})
    cut.mend()
    domains.check(lab, ours.until(stays, "runn"))
    domains.check(lab, ours.until(leaves, "poff"))
    shown = ours.host(cut.name)
    assert (shown["stat"], shown["message"], shown["down_since"]) == ("on", "", None)
    assert domains.life(cut, f"one-{stays}") == before
    ours.run("terminate", "--hard", f"{stays},{leaves},{elsewhere}")
    assert domains.files(lab) == set()


def test_an_operation_that_the_cut_caught_ends_when_the_host_is_back(lab: Lab, ours: Product) -> None:
    host = lab["h1"]
    number = placed(ours, "deaf", host)
    host.serial(f"one-{number}", READY)
    identity = ours.submit("poweroff", str(number))
    ours.until(number, "shut")
    host.cut()
    ours.eventually(lambda: ours.operation(identity), lambda found: found["note"].startswith("waiting"))
    assert ours.operation(identity)["state"] == "running"
    said = ours.complaint("operation", "wait", identity, "--timeout", "1", status=7)
    assert identity in said
    host.virsh("destroy", f"one-{number}")
    host.mend()
    assert ours.ended(identity)["state"] == "done"
    domains.check(lab, ours.until(number, "poff"))


def test_a_host_whose_libvirtd_hangs_delays_no_other(lab: Lab, ours: Product) -> None:
    hangs, other = lab.hosts
    there, elsewhere = placed(ours, "bare", hangs), placed(ours, "bare", other)
    usual = wait(ours, elsewhere)
    since = time.time()
    hangs.hang("libvirtd")
    assert wait(ours, elsewhere) <= 1.2 * usual + NOISE
    lost(ours, there, hangs, since)
    assert wait(ours, elsewhere) <= 1.2 * usual + NOISE
    hangs.wake("libvirtd")
    domains.check(lab, ours.until(there, "runn"))
    assert ours.host(hangs.name)["stat"] == "on"


@pytest.mark.covers("LV-004")
def test_a_vm_whose_host_died_is_off_when_the_host_is_back_and_starts_again(lab: Lab, ours: Product) -> None:
    host = lab["h1"]
    number = placed(ours, "bare", host)
    since = time.time()
    host.kill()
    lost(ours, number, host, since)
    # A command that needs the host says so at once and changes nothing.
    assert host.name in ours.complaint("poweroff", str(number), status=69)
    assert ours.last_operation(number)["state"] == "failed"
    assert ours.vm(number)["stat"] == "unkn"
    host.start()
    vm = ours.until(number, "poff")
    domains.check(lab, vm)
    assert vm["history"][-1]["action"] == "monitor"
    ours.run("resume", str(number))
    domains.check(lab, ours.until(number, "runn"))


def test_a_host_that_does_not_answer_is_given_up_in_time(lab: Lab, tmp_path: Path) -> None:
    host = lab["h1"]
    host.drop()
    with Product(tmp_path) as ours:
        begun = time.monotonic()
        said = ours.complaint("host", "create", known(lab, host), "--name", "h1", "--timeout", "3", status=69)
        assert 2 < time.monotonic() - begun < 20
        assert "h1" in said
        assert ours.json("host", "list") == []
