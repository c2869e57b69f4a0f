"""Snapshots of disks in datastores that keep whole copies, or none (ON-119, ON-123)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import domains
from .disks import active, chain, content, disk, do, scribble, tree, used
from .guests import GuestFiles
from .hosts import Lab
from .product import BARE, Product, furnished
from .vms import running

pytestmark = pytest.mark.lab

ONLY = "0"


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("flat"), guest) as product:
        product.run("image", "create", "--name", "data", "--size", "4")
        product.add_template("still", f'{BARE}DISK = [ IMAGE = "data" ]')
        yield product


@pytest.mark.covers("ON-119", "ON-120", "ON-123")
def test_a_datastore_keeps_a_tree_of_layers_or_whole_copies_or_nothing(session_lab: Lab, product: Product) -> None:
    lab = session_lab
    number, host = running(product, lab, "still")
    me = str(number)

    def bottom() -> int:
        """How many files a disk without snapshots consists of: its own, and the image's."""
        return len(chain(host, disk(product.vm(number), ONLY)["path"]))

    alone = bottom()
    assert "INPUT_SNAPSHOTS" in product.complaint("datastore", "snapshots", "0", "heap", status=65)
    product.run("datastore", "snapshots", "0", "none")
    said = product.complaint("disk-snapshot-create", me, ONLY, "no", status=5)
    assert "keeps no snapshots" in said

    product.run("datastore", "snapshots", "0", "flat")
    assert product.json("datastore", "show", "0")["snapshots"] == "flat"
    said = product.complaint("disk-snapshot-create", me, ONLY, "no", status=5)
    assert "SNAPSHOT_LIVE" in said
    assert product.vm(number)["stat"] == "runn"
    product.run("poweroff", "--hard", me)
    vm, sums = product.vm(number), []
    for byte in (1, 2, 3):
        scribble(host, disk(product.vm(number), ONLY)["path"], byte)
        sums.append(content(host, disk(product.vm(number), ONLY)["path"]))
        vm = do(product, number, "disk-snapshot-create", ONLY, f"s{byte}")
    assert (tree(vm, ONLY), active(vm, ONLY)) == ({0: -1, 1: -1, 2: -1}, [2])
    assert bottom() == alone
    for identity in (1, 0, 2, 1):
        vm = do(product, number, "disk-snapshot-revert", ONLY, str(identity))
        path = disk(vm, ONLY)["path"]
        assert (content(host, path), active(vm, ONLY)) == (sums[identity], [identity])
        scribble(host, path, 9)
        assert used(host, number, "vda") == path
    # Any of them goes, the active one included.
    vm = do(product, number, "disk-snapshot-delete", ONLY, "1")
    vm = do(product, number, "disk-snapshot-delete", ONLY, "s3")
    assert tree(vm, ONLY) == {0: -1}
    product.run("resume", me)
    domains.check(lab, product.vm(number))
    product.run("poweroff", "--hard", me)

    # What is there stays what it is when the datastore goes over to trees.
    product.run("datastore", "snapshots", "0", "tree")
    do(product, number, "disk-snapshot-revert", ONLY, "s1")
    assert "SNAPSHOT_ACTIVE" in product.complaint("disk-snapshot-delete", me, ONLY, "s1", status=5)
    vm = do(product, number, "disk-snapshot-create", ONLY, "on it")
    assert tree(vm, ONLY) == {0: -1, 3: 0}
    assert "SNAPSHOT_CHILDREN" in product.complaint("disk-snapshot-delete", me, ONLY, "s1", status=5)
    assert content(host, disk(vm, ONLY)["path"]) == sums[0]
    product.run("terminate", me)
    assert not [name for name in domains.files(lab) if name.startswith(f"one-{number}")]
