"""VMs whose files change the datastore or the host: all of them arrive, or all of them stay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from . import domains
from .guests import GuestFiles
from .hosts import Host, Lab
from .product import Document, Product, furnished
from .vms import booted, counted, positions

pytestmark = pytest.mark.lab

TWO_DISKS = """
CPU = "0.1"
VCPU = "1"
MEMORY = "96"
DISK = [ IMAGE = "guest" ]
DISK = [ TYPE = "fs", SIZE = "8" ]
"""
IMAGES = Path("/var/lib/libvirt/images")


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("datastores"), guest) as product:
        product.run("datastore", "create", "fast", "--directory", IMAGES / "fast")
        product.run("datastore", "create", "common", "--shared", "--directory", session_lab.shared / "common")
        product.add_template("two", TWO_DISKS)
        yield product


def found(lab: Lab, number: int) -> dict[str, list[str]]:
    """Folders on the hosts, and the one they share, that hold volumes of a VM; how many each holds does not matter."""
    places = {f"{host.name}:{path.name}": path for host in lab.hosts for path in folders(host)}
    places["shared"] = lab.shared / "common"
    held = {name: sorted(path.name for path in place.glob(f"one-{number}[-.]*")) for name, place in places.items()}
    return {name: names for name, names in held.items() if names}


def folders(host: Host) -> tuple[Path, Path]:
    return host.folder / domains.SYSTEM, host.folder / str(IMAGES / "fast").lstrip("/")


def sources(host: Host, number: int) -> list[str]:
    """The folders that a domain has its disks in, as its host says."""
    lines = [line.split() for line in host.virsh("domblklist", f"one-{number}").splitlines() if line.strip()]
    return sorted({str(Path(source).parent) for _, source in lines})


def moved(product: Product, lab: Lab, number: int, *words: str) -> tuple[Document, list[str]]:
    """Have a VM moved; the VM afterwards, and the positions it went through."""
    product.run("migrate", str(number), *words)
    vm = product.at_rest(number)
    domains.check(lab, vm)
    assert vm["history"][-1]["datastore_id"] == product.json("datastore", "show", words[1])["id"]
    assert {disk["datastore"] for disk in vm["disks"]} == {words[1]}
    return vm, positions(product.last_operation(number))


@pytest.mark.covers("ON-094")
def test_the_disks_go_to_the_datastore_that_is_named_cold_and_live_on_the_same_host_and_on_another(
    session_lab: Lab, product: Product
) -> None:
    h1, h2 = session_lab.hosts
    (number,) = product.instantiate("two", "--hold")
    product.run("deploy", str(number), h1.name)
    product.until(number, "runn")
    booted(h1, number)
    volumes = [f"one-{number}-disk-0", f"one-{number}-disk-1"]
    assert found(session_lab, number) == {"h1:system": volumes}

    # Running, on its own host: saved, moved and restored.
    before = counted(session_lab, product.vm(number))
    assert "HOST_SAME" in product.complaint("migrate", str(number), h1.name, status=5)
    assert "HOST_SAME" in product.complaint("migrate", str(number), h1.name, "system", status=5)
    assert "DATASTORE_KIND" in product.complaint("migrate", str(number), h1.name, "default", status=5)
    vm, passed = moved(product, session_lab, number, h1.name, "fast")
    assert passed == ["SAVE_MIGRATE", "PROLOG_MIGRATE", "BOOT_MIGRATE", "RUNNING"]
    assert found(session_lab, number) == {"h1:fast": volumes}
    assert sources(h1, number) == [str(IMAGES / "fast")]
    assert 0 < counted(session_lab, vm) - before < 60

    # Running, on its own host, without being stopped.
    vm, passed = moved(product, session_lab, number, h1.name, "system", "--live")
    assert passed == ["MIGRATE", "RUNNING"]
    assert found(session_lab, number) == {"h1:system": volumes}
    assert sources(h1, number) == [f"/{domains.SYSTEM}"]
    assert f"/{domains.SYSTEM}/" in h1.virsh("domblklist", f"one-{number}", "--inactive")
    assert 0 < counted(session_lab, vm) - before < 60

    # Running, to a folder that another host shares, without being stopped; from there to that host's own.
    vm, passed = moved(product, session_lab, number, h2.name, "common", "--live")
    assert passed == ["MIGRATE", "RUNNING"]
    assert found(session_lab, number) == {"shared": volumes}
    vm, _ = moved(product, session_lab, number, h1.name, "system", "--live")
    assert found(session_lab, number) == {"h1:system": volumes}
    assert 0 < counted(session_lab, vm) - before < 120

    # Off, on its own host and to another one.
    product.run("poweroff", "--hard", str(number))
    _, passed = moved(product, session_lab, number, h1.name, "common")
    assert passed == ["PROLOG_MIGRATE_POWEROFF", "POWEROFF"]
    assert found(session_lab, number) == {"shared": volumes}
    moved(product, session_lab, number, h2.name, "fast")
    assert found(session_lab, number) == {"h2:fast": volumes}
    product.run("resume", str(number))
    product.until(number, "runn")
    booted(h2, number)
    product.run("terminate", "--hard", str(number))
    assert found(session_lab, number) == {}


def test_a_move_that_fails_halfway_leaves_the_vm_whole_where_it_was(session_lab: Lab, product: Product) -> None:
    h1, h2 = session_lab.hosts
    folder = h2.small_pool(6 << 20)
    h1.run("mkdir", "-p", folder)
    product.run("datastore", "create", "tiny", "--directory", folder)
    (number,) = product.instantiate("two", "--hold")
    product.run("deploy", str(number), h1.name)
    product.until(number, "runn")
    booted(h1, number)
    filled = "dd if=/dev/urandom of=/dev/vdb bs=1M count=7 conv=fsync; echo '<'full'>'"
    h1.serial(f"one-{number}", "<full>", say=filled)
    volumes = [f"one-{number}-disk-0", f"one-{number}-disk-1"]
    product.run("poweroff", "--hard", str(number))
    product.complaint("migrate", str(number), h2.name, "tiny", status=74)
    vm = product.at_rest(number)
    assert vm["lcm_state"] == "PROLOG_MIGRATE_POWEROFF_FAILURE"
    assert found(session_lab, number) == {"h1:system": volumes}
    assert not h2.run("ls", folder).split()
    product.run("recover", "--failure", str(number))
    vm = product.at_rest(number)
    assert (vm["stat"], vm["host"]) == ("poff", h1.name)
    domains.check(session_lab, vm)
    product.run("resume", str(number))
    product.until(number, "runn")
    booted(h1, number)
    assert "bytes left there" in product.complaint("migrate", "--live", str(number), h2.name, "tiny", status=1)
    domains.check(session_lab, product.at_rest(number))
    assert found(session_lab, number) == {"h1:system": volumes}
    product.run("terminate", "--hard", str(number))
    product.run("datastore", "delete", "tiny")
    assert "DATASTORE_KEPT" in product.complaint("datastore", "delete", "system", status=5)
