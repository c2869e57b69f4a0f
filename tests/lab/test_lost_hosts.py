"""VMs of a host that is lost are started elsewhere, never twice; and a host that comes back after all is put right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import domains
from .guests import GuestFiles
from .hosts import Host, Lab
from .product import Product, furnished
from .vms import booted, positions

pytestmark = pytest.mark.lab

SILENCE = 4
PLACE = "bs=512 seek=40000"
"""On the disk, behind all that the guest boots from."""


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("lost"), guest) as product:
        product.settings(unreachable_after=SILENCE)
        product.run("datastore", "create", "common", "--shared", "--directory", session_lab.shared / "common")
        yield product


def placed(product: Product, template: str, host: Host, datastore: str = "") -> int:
    """A new VM that runs on this host."""
    (number,) = product.instantiate(template, "--hold")
    product.run("deploy", str(number), host.name, *([datastore] if datastore else []))
    product.until(number, "runn")
    return number


def alive(lab: Lab, number: int) -> list[str]:
    """The hosts on which the domain of a VM is active."""
    return [host.name for host in lab.hosts if host.alive and f"one-{number}" in host.domains()]


@pytest.mark.covers("ON-096", "ON-097")
def test_vms_of_a_host_that_died_are_booted_elsewhere_by_hand_and_by_the_scheduler(
    session_lab: Lab, product: Product
) -> None:
    h1, h2 = session_lab.hosts
    by_hand, by_itself = placed(product, "guest", h1, "common"), placed(product, "bare", h1, "common")
    stuck = placed(product, "guest", h1)
    booted(h1, by_hand)
    h1.serial(f"one-{by_hand}", "<kept>", say=f"echo treasure | dd of=/dev/vda {PLACE} conv=fsync; echo '<'kept'>'")
    product.run("terminate", "--hard", str(placed(product, "guest", h2)))  # brings the image there
    h1.kill()
    for number in (by_hand, by_itself, stuck):
        product.until(number, "unkn")

    # Nobody can see whether it is off: a second one is not started without somebody's word.
    assert "HOST_NOT_OFF" in product.complaint("migrate", str(by_hand), h2.name, status=5)
    product.run("resched", str(by_itself))
    said = product.eventually(lambda: product.vm(by_itself), lambda vm: "confirm-off" in vm["message"])
    assert (said["stat"], said["resched"]) == ("unkn", True)
    assert "HOST_UP" in product.complaint("host", "confirm-off", h2.name, status=5)
    product.run("host", "confirm-off", h1.name)

    product.run("migrate", str(by_hand), h2.name)
    vm = product.at_rest(by_hand)
    assert (vm["stat"], vm["host"]) == ("runn", h2.name)
    assert positions(product.last_operation(by_hand)) == ["PROLOG_MIGRATE_UNKNOWN", "BOOT", "RUNNING"]
    booted(h2, by_hand)
    h2.serial(f"one-{by_hand}", "treasure", say=f"dd if=/dev/vda {PLACE.replace('seek', 'skip')} count=1")
    moved = product.eventually(lambda: product.vm(by_itself), lambda seen: seen["stat"] == "runn")
    assert (moved["host"], moved["resched"]) == (h2.name, False)

    # What lies on the lost host alone cannot be started elsewhere.
    assert "VOLUME_LOST" in product.complaint("migrate", str(stuck), h2.name, status=5)
    assert product.vm(stuck)["lcm_state"] == "PROLOG_MIGRATE_UNKNOWN_FAILURE"

    h1.start()
    both = {f"one-{number}" for number in (by_hand, by_itself)}
    # Its definitions of them, from before, go.
    product.eventually(lambda: {"known": sorted(h1.domains("--all"))}, lambda seen: not both & set(seen["known"]))
    for number in (by_hand, by_itself):
        domains.check(session_lab, product.vm(number))
        assert alive(session_lab, number) == [h2.name]
    assert product.host(h1.name)["stat"] == "on"
    product.run("recover", "--failure", str(stuck))
    domains.check(session_lab, product.until(stuck, "runn"))
    assert product.vm(stuck)["host"] == h1.name
    product.run("terminate", "--hard", f"{by_hand},{by_itself},{stuck}")
    assert not [name for name in domains.files(session_lab) if name.startswith("one-")]


def test_two_living_copies_are_reported_and_nothing_is_done_until_somebody_decides(
    session_lab: Lab, product: Product
) -> None:
    h1, h2 = session_lab.hosts
    number = placed(product, "bare", h1)  # without a disk: QEMU's own lock would keep a second one from starting
    h1.cut()
    product.until(number, "unkn")
    product.run("host", "confirm-off", h1.name)  # it is not
    product.run("migrate", str(number), h2.name)
    product.until(number, "runn")
    h1.mend()
    twice = product.eventually(lambda: product.vm(number), lambda vm: bool(vm["copies"]))
    assert twice["copies"] == [{"host": h1.name, "alive": True}]
    assert alive(session_lab, number) == [h1.name, h2.name]
    assert f"ALSO ON : {h1.name} (alive)" in " ".join(product.run("show", str(number)).split())
    assert "two domains" in twice["message"]
    for words in (("suspend", str(number)), ("migrate", "--live", str(number), h1.name), ("terminate", str(number))):
        said = product.complaint(*words, status=5)
        assert "VM_TWICE" in said
        assert "resolve" in said
    assert alive(session_lab, number) == [h1.name, h2.name]

    before = kept_by(h1, number)
    product.run("resolve", str(number), "--keep", h1.name)
    assert alive(session_lab, number) == [h1.name]
    assert kept_by(h1, number) == before
    vm = product.at_rest(number)
    assert (vm["host"], vm["copies"]) == (h1.name, [])
    domains.check(session_lab, vm)
    product.run("terminate", "--hard", str(number))


def kept_by(host: Host, number: int) -> list[str]:
    """What became of the domain so far."""
    return domains.life(host, f"one-{number}")


def test_a_snapshot_is_not_called_failed_while_the_host_that_may_have_taken_it_is_silent(
    session_lab: Lab, product: Product
) -> None:
    h1 = session_lab.hosts[0]
    number = placed(product, "guest", h1)
    with product.killed_at("disk-snapshot-create:create_disk_snapshot:called"):
        taking = product.submit("disk-snapshot-create", str(number), "0", "taken")
        product.wait_without_controller(60)
    h1.cut()
    assert "HOST_SILENT" in product.complaint("recover", "--failure", str(number), status=5)
    assert product.vm(number)["lcm_state"] == "DISK_SNAPSHOT"
    h1.mend()
    assert product.ended(taking)["state"] == "done"
    assert [each["name"] for each in product.at_rest(number)["disk_snapshots"]] == ["taken"]
    layer = product.vm(number)["disks"][0]["path"]
    assert layer.endswith(".1")
    assert layer in h1.virsh("domblklist", f"one-{number}")
    product.run("terminate", "--hard", str(number))
