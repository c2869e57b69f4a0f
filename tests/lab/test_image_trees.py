"""Snapshots of persistent images on real hosts: they outlive the VM, and the next one has them (ON-122)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import domains
from .disks import active, chain, content, disk, do, scribble, tree
from .guests import GuestFiles
from .hosts import Lab
from .product import BARE, Product, furnished
from .vms import running

pytestmark = pytest.mark.lab

HOME = "0"


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("image-trees"), guest) as product:
        product.run("image", "create", "--name", "home", "--size", "4", "--persistent")
        product.add_template("athome", f'{BARE}DISK = [ IMAGE = "home" ]')
        yield product


def volumes(lab: Lab) -> set[str]:
    """The volumes of the image `home` on all hosts."""
    found = (path for host in lab.hosts for path in (host.folder / "var/lib/libvirt/images").rglob("image-*"))
    return {path.name for path in found if path.name.startswith("image-2")}


@pytest.mark.covers("ON-122")
def test_a_persistent_image_keeps_its_tree_and_the_next_vm_has_it(session_lab: Lab, product: Product) -> None:
    lab = session_lab
    first, host = running(product, lab, "athome")
    do(product, first, "disk-snapshot-create", HOME, "empty")
    product.run("poweroff", "--hard", str(first))
    sums = [content(host, disk(product.vm(first), HOME)["path"])]
    for byte, name in ((1, "one"), (2, "two")):
        scribble(host, disk(product.vm(first), HOME)["path"], byte)
        sums.append(content(host, disk(product.vm(first), HOME)["path"]))
        do(product, first, "disk-snapshot-create", HOME, name)
    vm = do(product, first, "disk-snapshot-revert", HOME, "one")
    scribble(host, disk(vm, HOME)["path"], 9)
    left = content(host, disk(vm, HOME)["path"])
    grown, names = {0: -1, 1: 0, 2: 1}, ["empty", "one", "two"]
    assert tree(vm, HOME) == grown
    assert [found["name"] for found in product.json("image", "show", "home")["snapshots"]] == names
    assert "IMAGE_BUSY" in product.complaint("image", "nonpersistent", "home", status=5)
    product.run("terminate", str(first))

    image = product.json("image", "show", "home")
    assert {found["id"]: found["parent"] for found in image["snapshots"]} == grown
    assert [found["id"] for found in image["snapshots"] if found["active"]] == [1]
    assert "=>   1" in product.run("image", "show", "home")
    assert product.vm(first)["disk_snapshots"] == []
    # Another VM on the other host: the layers go there with the image.
    (second,) = product.instantiate("athome", "--hold")
    there = next(found for found in lab.hosts if found is not host)
    product.run("deploy", str(second), there.name)
    vm = product.until(second, "runn")
    assert (tree(vm, HOME), active(vm, HOME)) == (grown, [1])
    domains.check(lab, vm)
    assert content(there, disk(vm, HOME)["path"]) == left
    assert len(chain(there, disk(vm, HOME)["path"])) == 3
    do(product, second, "disk-snapshot-create", HOME, "by another")
    product.run("poweroff", "--hard", str(second))
    for number, expected in enumerate(sums):
        vm = do(product, second, "disk-snapshot-revert", HOME, str(number))
        assert content(there, disk(vm, HOME)["path"]) == expected
    assert tree(vm, HOME) == {**grown, 3: 1}
    do(product, second, "disk-snapshot-delete", HOME, "by another")
    # Detached, it takes its tree along.
    product.run("disk-detach", str(second), HOME)
    image = product.json("image", "show", "home")
    assert [found["name"] for found in image["snapshots"]] == names
    product.run("terminate", str(second))

    assert "IMAGE_SNAPSHOTS" in product.complaint("image", "nonpersistent", "home", status=5)
    product.run("image", "clone", "home", "flat")
    (copy,) = product.json("image", "show", "flat")["copies"]
    assert (chain(there, copy["path"]), content(there, copy["path"])) == ([copy["path"].rpartition("/")[2]], sums[2])
    assert len(volumes(lab)) == 4
    product.run("image", "delete", "home")
    assert volumes(lab) == set()
