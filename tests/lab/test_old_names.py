"""The command names of older releases: each does what it did, under the eyes of virsh, qemu-img and the guest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import domains
from .faults.faults import AWAY, HOME
from .field import POOL, field
from .herd import Herd, place_of
from .hosts import Lab
from .product import Document
from .sector import boots
from .vms import newest, positions
from .witness import eventually

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def herd(session_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Herd]:
    folder = tmp_path_factory.mktemp("names")
    with field(session_lab, folder) as product:
        product.add_template("mute", 'CPU = "0.1"\nMEMORY = "32"\nSCHED_REQUIREMENTS = "NAME = nowhere"')
        product.run("image", "create", "--name", "own", "--path", folder / "sector.img", "--type", "os", "--persistent")
        product.add_template("owner", 'CPU = "0.1"\nMEMORY = "32"\nDISK = [ IMAGE = "own" ]')
        yield Herd(product, session_lab)


def booted(herd: Herd, vm: int, times: int = 1) -> None:
    """Wait until the guest has booted so often from its disk 0."""
    disk = herd.product.vm(vm)["disks"][0]
    host = herd.lab[herd.product.vm(vm)["host"]]
    assert eventually(lambda: boots(host, disk["path"], disk["format"]) == times, 60)


def renamed(herd: Herd, name: str, vm: int, today: str, *words: str) -> Document:
    """Use an old name, which says its name of today; the VM afterwards."""
    said = herd.product.tried(name, str(vm), *words, status=0, timeout=120).stderr
    assert f"`{today}`" in said
    return herd.product.vm(vm)


@pytest.mark.covers("ON-069")
def test_shutdown_ends_a_vm_unless_its_guest_ignores_it(herd: Herd) -> None:
    product = herd.product
    (vm,) = herd.take("RUNNING", 1)
    booted(herd, vm)
    after = renamed(herd, "shutdown", vm, "terminate")
    assert place_of(after) == "DONE"
    assert positions(product.last_operation(vm)) == ["SHUTDOWN", "EPILOG", "DONE"]
    assert domains.life(herd.lab[HOME], f"one-{vm}")[-1] == "shutdown"

    (mute,) = product.instantiate("mute", "--hold")
    product.run("deploy", str(mute), HOME)
    product.settings(shutdown_timeout=2)
    assert "GUEST_IGNORED" in product.tried("shutdown", str(mute), status=1).stderr
    product.settings(shutdown_timeout=60)
    assert place_of(product.vm(mute)) == "RUNNING"
    assert positions(product.last_operation(mute)) == ["SHUTDOWN", "RUNNING"]
    assert domains.power(herd.lab[HOME], f"one-{mute}") == ("running", False)


@pytest.mark.covers("ON-070")
def test_cancel_cuts_the_power_and_leaves_a_persistent_image_as_the_guest_left_it(herd: Herd) -> None:
    product = herd.product
    for times in (1, 2):
        (vm,) = product.instantiate("owner", "--hold")
        product.run("deploy", str(vm), HOME)
        booted(herd, vm, times)
        assert place_of(renamed(herd, "cancel", vm, "terminate --hard")) == "DONE"
        assert domains.life(herd.lab[HOME], f"one-{vm}")[-1] == "destroyed"
        assert product.json("image", "show", "own")["state"] == "rdy"


@pytest.mark.covers("ON-071")
def test_delete_ends_a_vm_at_once_and_what_was_being_saved_is_in_error(herd: Herd) -> None:
    product, host = herd.product, herd.lab[HOME]
    (vm,) = herd.take("RUNNING", 1)
    host.hang("libvirtd", 60)
    try:
        saving = product.submit("disk-saveas", str(vm), "0", "unfinished")
        product.until(vm, "hotp")
        assert product.json("image", "show", "unfinished")["state"] == "lock"
        assert place_of(renamed(herd, "delete", vm, "recover --delete", "--yes")) == "DONE"
        assert product.json("image", "show", "unfinished")["state"] == "err"
    finally:
        host.wake("libvirtd")
    assert product.ended(saving)["state"] == "cancelled"
    assert eventually(lambda: f"one-{vm}" not in host.domains("--all"), 60)
    assert eventually(lambda: f"one-{vm}-disk-0" not in host.run("ls", POOL).split(), 60)


@pytest.mark.covers("ON-084", "ON-085")
def test_reset_boots_again_and_resubmit_starts_afresh_under_the_same_number(herd: Herd) -> None:
    product = herd.product
    (vm,) = herd.take("RUNNING", 1)
    booted(herd, vm)
    before = renamed(herd, "reset", vm, "reboot --hard")
    assert place_of(before) == "RUNNING"
    assert positions(product.last_operation(vm)) == []
    booted(herd, vm, times=2)

    after = renamed(herd, "resubmit", vm, "recover --recreate", "--yes")
    assert (place_of(after), after["id"], after["host"]) == ("PENDING", vm, None)
    assert [nic["ip"] for nic in after["nics"]] == [nic["ip"] for nic in before["nics"]] != [""]
    assert len(after["history"]) == len(before["history"])
    product.run("deploy", str(vm), HOME)
    booted(herd, vm, times=1)
    assert len(product.vm(vm)["history"]) == len(before["history"]) + 1


@pytest.mark.covers("ON-086")
def test_restart_boots_what_is_off_or_unknown_and_orders_a_boot_once_more(herd: Herd) -> None:
    product, host = herd.product, herd.lab[HOME]
    (vm,) = herd.take("POWEROFF", 1)
    assert place_of(renamed(herd, "restart", vm, "resume")) == "RUNNING"
    assert positions(product.last_operation(vm)) == ["BOOT_POWEROFF", "RUNNING"]
    (unknown,) = herd.take("UNKNOWN", 1)
    assert place_of(renamed(herd, "restart", unknown, "resume")) == "RUNNING"
    assert positions(product.last_operation(unknown)) == ["BOOT_UNKNOWN", "RUNNING"]
    assert domains.power(host, f"one-{unknown}") == ("running", False)

    (booting,) = herd.take("POWEROFF", 1)
    starts = domains.life(host, f"one-{booting}").count("started")
    host.hang("libvirtd", 60)
    try:
        first = product.submit("resume", str(booting))
        product.until(booting, "boot")
        again = product.submit("restart", str(booting))
        product.ended(first)
    finally:
        host.wake("libvirtd")
    assert product.ended(again)["state"] == "done"
    assert (product.operation(again)["command"], place_of(product.vm(booting))) == ("retry", "RUNNING")
    assert domains.life(host, f"one-{booting}").count("started") == starts + 1


@pytest.mark.covers("ON-090")
def test_livemigrate_takes_a_running_guest_along(herd: Herd) -> None:
    (vm,) = herd.take("RUNNING", 1)
    booted(herd, vm)
    after = renamed(herd, "livemigrate", vm, "migrate --live", AWAY)
    assert (place_of(after), after["host"]) == ("RUNNING", AWAY)
    assert positions(newest(herd.product, vm, "live-migrate")) == ["MIGRATE", "RUNNING"]
    domains.check(herd.lab, after)
    booted(herd, vm, times=1)  # it did not boot anew


@pytest.mark.covers("ON-076", "ON-077")
@pytest.mark.parametrize(("flag", "end"), [("", "shutdown"), ("--hard", "destroyed")])
def test_undeploy_frees_the_host_and_keeps_address_and_disks(herd: Herd, flag: str, end: str) -> None:
    product, host = herd.product, herd.lab[HOME]
    (vm,) = herd.take("RUNNING", 1)
    booted(herd, vm)
    before, charged = product.vm(vm), product.host(HOME)
    product.run(*f"undeploy {vm} {flag}".split(), timeout=120)
    after, freed = product.vm(vm), product.host(HOME)
    assert (place_of(after), after["host"]) == ("UNDEPLOYED", None)
    assert positions(product.last_operation(vm)) == ["SHUTDOWN_UNDEPLOY", "EPILOG_UNDEPLOY", "UNDEPLOYED"]
    assert domains.life(host, f"one-{vm}")[-1] == end
    assert domains.power(host, f"one-{vm}") is None
    assert freed["allocatable_cpu"] - charged["allocatable_cpu"] == round(100 * before["cpu_reserved"])
    assert freed["allocatable_memory_kib"] - charged["allocatable_memory_kib"] == before["memory_max_kib"]
    assert after["nics"] == before["nics"]
    assert boots(host, f"{POOL}/one-{vm}-disk-0") == 1
    product.run("deploy", str(vm), HOME)
    booted(herd, vm, times=2)
