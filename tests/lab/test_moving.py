"""VMs that move between two real hosts: memory, disks and definition arrive, and nothing stays behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import domains
from .guests import GuestFiles
from .hosts import Lab
from .product import Document, Product, furnished
from .vms import booted, counted, positions, running

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("moving"), guest) as product:
        yield product


def move(product: Product, lab: Lab, number: int, *flags: str) -> tuple[Document, list[str]]:
    """Move a VM to the other host; the VM afterwards, and the positions it went through."""
    before = product.vm(number)
    target = next(host.name for host in lab.hosts if host.name != before["host"])
    product.run("migrate", str(number), target, *flags)
    after = product.at_rest(number)
    assert after["host"] == target
    if after["stat"] == "susp":  # its memory came as a file, which libvirt does not call a managed save
        assert (lab[target].folder / domains.SYSTEM / f"one-{number}.checkpoint").exists()
        assert f"one-{number}" in lab[target].virsh("list", "--all", "--name")
        assert f"one-{number}" not in lab[before["host"]].virsh("list", "--all", "--name")
    else:
        domains.check(lab, after)
    assert [record["host"] for record in after["history"]][-2:] == [before["host"], target]
    assert not list((lab[before["host"]].folder / domains.SYSTEM).glob(f"one-{number}[-.]*"))
    return after, positions(product.last_operation(number))


@pytest.mark.covers("ON-092")
def test_a_cold_migration_brings_memory_and_disks_along(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "guest", "--name", "cold")
    booted(host, number)
    before = counted(session_lab, product.vm(number))
    after, passed = move(product, session_lab, number)
    assert passed == ["SAVE_MIGRATE", "PROLOG_MIGRATE", "BOOT_MIGRATE", "RUNNING"]
    assert 0 < counted(session_lab, after) - before < 60
    product.run("terminate", str(number), "--hard")


@pytest.mark.covers("ON-093")
@pytest.mark.parametrize("flag", ["--poff", "--poff-hard"])
def test_a_migration_with_poweroff_boots_anew_on_the_target(session_lab: Lab, product: Product, flag: str) -> None:
    number, host = running(product, session_lab, "guest")
    booted(host, number)
    after, passed = move(product, session_lab, number, flag)
    assert passed == ["SAVE_MIGRATE", "PROLOG_MIGRATE", "BOOT", "RUNNING"]
    booted(session_lab[after["host"]], number)
    product.run("terminate", str(number), "--hard")


def test_a_live_migration_lets_the_guest_count_on_and_copies_its_disk(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "guest", "--name", "live")
    booted(host, number)
    before = counted(session_lab, product.vm(number))
    after, passed = move(product, session_lab, number, "--live")
    assert passed == ["MIGRATE", "RUNNING"]
    assert 0 < counted(session_lab, after) - before < 60
    product.run("terminate", str(number), "--hard")
    assert not [name for name in domains.files(session_lab) if f"one-{number}-disk" in name]


def test_powered_off_and_suspended_vms_move_without_running(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "guest")
    booted(host, number)
    product.run("poweroff", str(number))
    _, passed = move(product, session_lab, number)
    assert passed == ["PROLOG_MIGRATE_POWEROFF", "POWEROFF"]
    product.run("resume", str(number))
    vm = product.until(number, "runn")
    booted(session_lab[vm["host"]], number)
    before = counted(session_lab, vm)
    product.run("suspend", str(number))
    _, passed = move(product, session_lab, number)
    assert passed == ["PROLOG_MIGRATE_SUSPEND", "SUSPENDED"]
    product.run("resume", str(number))
    assert 0 < counted(session_lab, product.until(number, "runn")) - before < 60
    product.run("terminate", str(number), "--hard")


def test_a_migration_to_where_the_vm_is_is_refused_and_changes_nothing(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "bare")
    before = product.vm(number)["history"]
    assert "already" in product.complaint("migrate", str(number), host.name, status=5)
    assert product.vm(number)["history"] == before
    product.run("terminate", str(number), "--hard")
