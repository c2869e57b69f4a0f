"""VMs made on real hosts: how large their disks are, what becomes of each kind, and what copies of them hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import domains
from .disks import content, disk, used, word
from .guests import GuestFiles
from .hosts import Host, Lab
from .product import GUEST, Document, Product, furnished
from .vms import booted, running

pytestmark = pytest.mark.lab

MIB = 1 << 20
STILL = 'CPU = "0.1"\nMEMORY = "32"\n'
"""A machine without a system on its disks."""


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """With the images `data`, of which each VM has its own copy, and `own`, which is persistent."""
    folder = tmp_path_factory.mktemp("making")
    with furnished(session_lab, folder, guest) as product:
        empty = folder / "empty.img"
        empty.write_bytes(b"nothing".ljust(512) + bytes(MIB))
        for name, options in (("data", ()), ("own", ("--persistent",))):
            product.run("image", "create", "--name", name, "--path", empty, "--type", "datablock", *options)
        yield product


def capacity(host: Host, path: str) -> int:
    """The size of a disk as QEMU sees it, in MiB."""
    return int(json.loads(host.run("qemu-img", "info", "-U", "--output=json", path))["virtual-size"]) // MIB


def scribble(host: Host, disk: Document, byte: int) -> None:
    """Write to a disk of a guest that is off."""
    host.run("qemu-io", "-f", disk["format"], "-c", f"write -P {byte} 4096 65536", disk["path"])


def persistently(product: Product, template: str, name: str) -> list[int]:
    """Make a VM of a private copy of a template; returns its id."""
    made = product.run("template", "instantiate", template, "--persistent", "--name", name).splitlines()
    return [int(line.removeprefix("VM ID: ")) for line in made if line.startswith("VM ID: ")]


def lies(product: Product, lab: Lab, image: str) -> tuple[Host, str]:
    """Where the content of an image lies, or one copy of it: host and path."""
    copy = product.json("image", "show", image)["copies"][0]
    return lab[copy["host"]], copy["path"]


@pytest.mark.covers("ON-135", "ON-136", "ON-137")
def test_a_disk_has_the_size_that_was_asked_for_when_its_guest_boots(
    session_lab: Lab, product: Product, tmp_path: Path
) -> None:
    number, host = running(product, session_lab, "guest", "--disk", "guest:size=64")
    file = tmp_path / "disk.txt"
    file.write_text('DISK = [ IMAGE = "data", SIZE = 2000 ]\nDISK = [ IMAGE = "own", SIZE = "3" ]')
    (other,) = product.instantiate("bare", str(file))
    vm = product.until(other, "runn")
    there = session_lab[vm["host"]]
    assert [capacity(there, disk(vm, each)["path"]) for each in "01"] == [2000, 3]
    assert [disk(vm, each)["size_bytes"] // MIB for each in "01"] == [2000, 3]
    assert product.json("image", "show", "own")["size_bytes"] == 3 * MIB
    product.run("terminate", "--hard", str(other))

    booted(host, number)
    said = host.serial(f"one-{number}", "<end>", say="cat /sys/block/vda/size; echo '<'end'>'")
    assert str(64 * MIB // 512) in said.split()
    product.run("terminate", "--hard", str(number))


@pytest.mark.covers("ON-068", "ON-105")
def test_what_a_guest_wrote_is_kept_on_persistent_and_saved_disks_alone(session_lab: Lab, product: Product) -> None:
    kinds = 'DISK = [ IMAGE = "data" ]\nDISK = [ TYPE = "fs", SIZE = "1" ]\nDISK = [ IMAGE = "own" ]'
    product.add_template("kinds", f"{GUEST.format(image='guest')}{kinds}")
    number, host = running(product, session_lab, "kinds")
    booted(host, number)
    for device in ("vdb", "vdc", "vdd"):
        host.serial(f"one-{number}", "kept\n", say=f"keep {device} {device}-written")
    assert product.run("saveas", str(number), "1", "saved").startswith("Image ID: ")
    product.run("terminate", "--hard", str(number))
    assert not [name for name in domains.files(session_lab) if name.startswith(f"one-{number}-")]
    for image, found in (("own", "vdd-written"), ("saved", "vdb-written"), ("data", "nothing")):
        assert product.json("image", "show", image)["state"] == "rdy"
        assert word(*lies(product, session_lab, image)) == found

    product.add_template("still", f"{STILL}{kinds}")
    again, host = running(product, session_lab, "still")
    vm = product.vm(again)
    assert [word(host, disk(vm, each)["path"]) for each in "012"] == ["nothing", "", "vdd-written"]
    product.run("terminate", "--hard", str(again))


@pytest.mark.covers("ON-139", "ON-140", "ON-144")
def test_a_persistent_vm_works_on_private_copies_that_the_next_one_finds_as_it_left_them(
    session_lab: Lab, product: Product
) -> None:
    disks = 'DISK = [ IMAGE = "data" ]\nDISK = [ TYPE = "fs", SIZE = "2" ]'
    product.add_template("pair", STILL + disks)
    (number,) = persistently(product, "pair", "my_vm")
    vm = product.until(number, "runn")
    host = session_lab[vm["host"]]
    assert vm["name"] == "my_vm"
    image = product.json("image", "show", "my_vm-disk-0")
    assert (image["persistent"], image["state"]) == (True, "used")
    assert used(host, number, "vda") == image["copies"][0]["path"]
    copy = product.run("template", "show", "my_vm")
    assert "um- --- ---" in copy
    assert 'TYPE="fs"' in copy
    assert f'IMAGE_ID="{image["id"]}"' in copy

    product.run("poweroff", "--hard", str(number))
    for each in "01":
        scribble(host, disk(vm, each), 7)
    left = content(host, disk(vm, "0")["path"])
    product.run("terminate", str(number))
    again, host = running(product, session_lab, "my_vm")
    vm = product.vm(again)
    assert content(host, disk(vm, "0")["path"]) == left
    assert content(host, disk(vm, "1")["path"]) != left
    assert capacity(host, disk(vm, "1")["path"]) == 2
    product.run("terminate", "--hard", str(again))
    assert word(*lies(product, session_lab, "data")) == "nothing"


@pytest.mark.covers("ON-141", "ON-142", "ON-143")
def test_a_vm_that_is_off_is_saved_with_its_current_disks(session_lab: Lab, product: Product) -> None:
    product.add_template("web", f'{STILL}DISK = [ IMAGE = "data" ]\nNIC = [ NETWORK = "default" ]')
    for host in session_lab.hosts:
        host.virsh("net-start", "default")
    number, host = running(product, session_lab, "web", "--name", "web_vm")
    refused = product.complaint("save", "web_vm", "copy", status=5)
    assert "POWEROFF" in refused
    product.run("disk-attach", str(number), "--image", "data")
    product.run("poweroff", "--hard", str(number))
    product.run("resize", str(number), "--memory", "48")
    vm = product.vm(number)
    for each, byte in (("0", 5), ("1", 6)):
        scribble(host, disk(vm, each), byte)
    held = [content(host, disk(vm, each)["path"]) for each in "01"]
    assert held[0] != held[1]

    answer = product.run("save", "web_vm", "copy")
    assert answer.startswith("Template ID: ")
    assert product.run("save", "web_vm", "lasting", "--persistent").startswith("Template ID: ")
    for name, persistent in (("copy", False), ("lasting", True)):
        images = [product.json("image", "show", f"{name}-disk-{each}") for each in "01"]
        assert [image["persistent"] for image in images] == [persistent] * 2
        assert [content(*lies(product, session_lab, image["name"])) for image in images] == held
    assert product.vm(number)["stat"] == "poff"

    (made,) = product.instantiate(answer.split()[-1])
    vm = product.until(made, "runn")
    assert len(vm["disks"]) == 2
    assert [content(session_lab[vm["host"]], disk(vm, each)["path"]) for each in "01"] == held
    assert vm["nics"][0]["mac"] != product.vm(number)["nics"][0]["mac"]
    product.run("terminate", "--hard", f"{number},{made}")
