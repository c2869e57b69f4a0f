"""Disks and interfaces that come and go, and sizes that change, on real hosts."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator

import pytest

from .guests import GuestFiles
from .hosts import Host, Lab
from .product import Product, furnished
from .vms import booted, newest, positions, running

pytestmark = pytest.mark.lab

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("devices"), guest) as product:
        product.run("image", "create", "--name", "storage", "--size", "32", "--type", "datablock", "--persistent")
        yield product


@pytest.fixture(scope="module")
def vm(product: Product, session_lab: Lab) -> tuple[int, Host]:
    number, host = running(product, session_lab, "guest", "--name", "devices")
    booted(host, number)
    return number, host


def definition(host: Host, number: int) -> ET.Element:
    """What libvirt says of the domain."""
    return ET.fromstring(host.virsh("dumpxml", f"one-{number}"))


def targets(host: Host, number: int) -> list[str]:
    return [target.get("dev", "") for target in definition(host, number).findall("devices/disk/target")]


def passed(product: Product, number: int, command: str) -> list[str]:
    return positions(newest(product, number, command))


@pytest.mark.covers("ON-106", "ON-107")
def test_a_disk_is_attached_by_its_image_and_detached_by_its_number(product: Product, vm: tuple[int, Host]) -> None:
    number, host = vm
    product.run("attachdisk", str(number), "--image", "storage")
    disk = product.vm(number)["disks"][1]
    assert (disk["disk_id"], disk["image"], disk["target"], disk["size_bytes"]) == (1, "storage", "vdb", 32 * MIB)
    assert targets(host, number) == ["vda", "vdb"]
    assert passed(product, number, "disk-attach") == ["HOTPLUG", "RUNNING"]
    assert product.json("image", "show", "storage")["state"] == "used"
    product.run("detach", str(number), "1")
    assert (targets(host, number), len(product.vm(number)["disks"])) == (["vda"], 1)
    assert passed(product, number, "disk-detach") == ["HOTPLUG", "RUNNING"]
    assert product.json("image", "show", "storage")["state"] == "rdy"


def test_a_disk_that_cannot_be_attached_leaves_nothing_behind(product: Product, vm: tuple[int, Host]) -> None:
    number, host = vm
    assert "does not exist" in product.complaint("disk-attach", str(number), "--image", "nowhere", status=4)
    assert "already" in product.complaint("disk-attach", str(number), "--image", "storage", "--target", "vda", status=5)
    assert len(product.vm(number)["disks"]) == 1
    assert product.json("image", "show", "storage")["state"] == "rdy"
    assert targets(host, number) == ["vda"]


def test_an_unknown_disk_is_an_error_and_changes_nothing(product: Product, vm: tuple[int, Host]) -> None:
    number, _ = vm
    assert "no disk 9" in product.complaint("disk-detach", str(number), "9", status=4)
    assert product.vm(number)["stat"] == "runn"


def test_a_running_guest_gets_a_larger_disk(product: Product, vm: tuple[int, Host]) -> None:
    number, host = vm
    product.run("disk-resize", str(number), "0", "100")
    assert passed(product, number, "disk-resize") == ["DISK_RESIZE", "RUNNING"]
    assert product.vm(number)["disks"][0]["size_bytes"] == 100 * MIB
    assert f"Capacity:       {100 * MIB}" in host.virsh("domblkinfo", f"one-{number}", "vda")
    assert "only grow" in product.complaint("disk-resize", str(number), "0", "50", status=65)


@pytest.mark.covers("ON-124")
def test_a_disk_is_saved_as_an_image_running_off_and_suspended(product: Product, vm: tuple[int, Host]) -> None:
    number, _ = vm
    for command, state, through in (
        ("", "runn", "HOTPLUG_SAVEAS"),
        ("suspend", "susp", "HOTPLUG_SAVEAS_SUSPENDED"),
        ("poweroff", "poff", "HOTPLUG_SAVEAS_POWEROFF"),
    ):
        if command:
            product.run(command, str(number), *(["--hard"] if command == "poweroff" else []))
        name = f"copy-{state}"
        assert product.run("disk-saveas", str(number), "0", name).startswith("Image ID: ")
        assert product.json("image", "show", name)["state"] == "rdy"
        assert passed(product, number, "disk-saveas")[0] == through
        assert product.vm(number)["stat"] == state
        if command == "suspend":
            product.run("resume", str(number))
            product.until(number, "runn")


@pytest.mark.covers("ON-034")
def test_a_disk_comes_and_goes_while_the_vm_is_off(product: Product, vm: tuple[int, Host]) -> None:
    number, host = vm
    assert product.vm(number)["stat"] == "poff"
    product.run("disk-attach", str(number), "--image", "storage")
    assert passed(product, number, "disk-attach") == ["HOTPLUG_PROLOG_POWEROFF", "POWEROFF"]
    product.run("resume", str(number))
    product.until(number, "runn")
    assert targets(host, number) == ["vda", "vdb"]
    product.run("poweroff", str(number), "--hard")
    product.run("disk-detach", str(number), "1")
    assert passed(product, number, "disk-detach") == ["HOTPLUG_EPILOG_POWEROFF", "POWEROFF"]
    assert targets(host, number) == ["vda"]


@pytest.mark.covers("ON-133")
def test_a_resize_holds_at_the_next_boot_and_is_refused_while_suspended(product: Product, vm: tuple[int, Host]) -> None:
    number, host = vm
    product.run("resize", str(number), "--memory", "112", "--vcpu", "2")
    product.run("resume", str(number))
    product.until(number, "runn")
    domain = definition(host, number)
    assert (domain.findtext("vcpu"), domain.findtext("memory")) == ("2", str(112 * 1024))
    for command, legal in (("suspend", "POWEROFF"), ("stop", "POWEROFF")):
        product.run(command, str(number))
        product.at_rest(number)
        assert legal in product.complaint("resize", str(number), "--memory", "96", status=5)
        assert product.vm(number)["memory_max_kib"] == 112 * 1024
    product.run("terminate", str(number))
