"""Snapshots taken before something is done, going back to them, and what differs between two, on real hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .disks import active, content, disk, do, scribble, tree
from .guests import GuestFiles
from .hosts import Lab
from .product import BARE, Document, Product, furnished
from .vms import running

pytestmark = pytest.mark.lab

ONLY = "0"


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("undo"), guest) as product:
        product.run("image", "create", "--name", "data", "--size", "4")
        product.add_template("still", f'{BARE}DISK = [ IMAGE = "data" ]')
        yield product


def names(vm: Document) -> list[str]:
    return [found["name"] for found in vm["disk_snapshots"]]


def test_what_was_done_with_a_snapshot_before_is_taken_back_once(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "still")
    me = str(number)
    assert "UNDO_NOTHING" in product.complaint("undo", me, status=5)
    # A running VM that is cut off, changed, and put back runs again, from the disk as it was.
    before = content(host, disk(product.vm(number), ONLY)["path"])
    product.run("poweroff", "--hard", me, "--snapshot-before")
    vm = product.vm(number)
    assert (vm["stat"], names(vm)) == ("poff", ["before poweroff --hard"])
    scribble(host, disk(vm, ONLY)["path"], 1)
    product.run("undo", me)
    vm = product.vm(number)
    assert (vm["stat"], active(vm, ONLY)) == ("runn", [0])
    assert content(host, disk(vm, ONLY)["path"]) == before
    assert "UNDO_DONE" in product.complaint("undo", me, status=5)

    # A revert that was a mistake: what it threw away comes back.
    product.run("poweroff", "--hard", me)
    scribble(host, disk(product.vm(number), ONLY)["path"], 2)
    lost = content(host, disk(product.vm(number), ONLY)["path"])
    warned = product.tried("disk-snapshot-revert", me, ONLY, "0", "--dry-run", status=0).stderr
    assert "on top of snapshot 0 (before poweroff --hard" in warned
    product.run("disk-snapshot-revert", me, ONLY, "0", "--snapshot-before")
    vm = product.vm(number)
    assert content(host, disk(vm, ONLY)["path"]) == before
    assert names(vm)[1:] == ["before disk-snapshot-revert"]
    product.run("undo", me)
    vm = product.vm(number)
    assert (vm["stat"], content(host, disk(vm, ONLY)["path"])) == ("poff", lost)
    assert tree(vm, ONLY) == {0: -1, 1: 0}
    # Without the snapshot nothing is cut off.
    product.run("resume", me)
    product.run("reboot", "--hard", me, "--snapshot-before")
    do(product, number, "disk-snapshot-create", ONLY, "after")
    product.run("poweroff", "--hard", me)
    do(product, number, "disk-snapshot-revert", ONLY, "0")
    do(product, number, "disk-snapshot-delete", ONLY, "after")
    do(product, number, "disk-snapshot-delete", ONLY, "before reboot --hard")
    product.run("resume", me)
    assert "UNDO_GONE" in product.complaint("undo", me, status=5)
    assert product.vm(number)["stat"] == "runn"
    product.run("poweroff", "--hard", me)
    # One of the two operations fails; what there is to take back is still the last that was done.
    assert "NO_SNAPSHOT" in product.complaint("disk-snapshot-revert", me, ONLY, "7", "--snapshot-before", status=3)
    assert "UNDO_GONE" in product.complaint("undo", me, status=5)
    product.run("terminate", me)


def test_beside_system_snapshots_memory_is_kept_and_what_would_take_them_away_is_refused(
    session_lab: Lab, product: Product
) -> None:
    number, _ = running(product, session_lab, "still")
    me = str(number)
    do(product, number, "snapshot-create", "mine")
    product.run("reboot", "--hard", me, "--snapshot-before")
    assert [found["name"] for found in product.vm(number)["snapshots"]] == ["mine", "before reboot --hard"]
    product.run("undo", me)
    assert product.last_operation(number)["command"] == "snapshot-revert"
    said = product.complaint("poweroff", "--hard", me, "--snapshot-before", status=5)
    assert "SNAPSHOTS_MIXED" in said
    vm = product.vm(number)
    assert (vm["stat"], vm["disk_snapshots"], len(vm["snapshots"])) == ("runn", [], 2)
    product.run("terminate", "--hard", me)


def test_two_snapshots_are_compared_by_configuration_and_by_what_was_written(
    session_lab: Lab, product: Product
) -> None:
    number, host = running(product, session_lab, "still")
    me = str(number)
    product.run("poweroff", "--hard", me)
    do(product, number, "disk-snapshot-create", ONLY, "first")
    product.run("resize", me, "--memory", "48")
    node = disk(product.vm(number), ONLY)["path"]
    scribble(host, node, 3)
    do(product, number, "disk-snapshot-create", ONLY, "second")
    do(product, number, "disk-snapshot-revert", ONLY, "first")
    do(product, number, "disk-snapshot-create", ONLY, "branch")
    occupied = int(host.run("stat", "-c", "%b", node)) * 512

    found = product.json("disk-snapshot-diff", me, ONLY, "first", "second")
    assert [(one["key"], one["first"], one["second"]) for one in found["configuration"]] == [("memory_mib", "32", "48")]
    assert found["written"] == [{"snapshot": 1, "name": "second", "bytes": occupied}]
    assert occupied >= 65536
    across = product.json("disk-snapshot-diff", me, ONLY, "second", "branch")
    assert ([one["name"] for one in across["written"]], across["configuration"]) == (["second", "branch"], [])
    now = product.json("disk-snapshot-diff", me, ONLY, "first")
    assert (now["second"]["name"], now["second"]["stat"]) == ("now", "poff")
    top = int(host.run("stat", "-c", "%b", disk(product.vm(number), ONLY)["path"])) * 512
    assert [(one["name"], one["bytes"]) for one in now["written"]] == [
        ("branch", now["written"][0]["bytes"]),
        ("now", top),
    ]
    sheet = product.run("disk-snapshot-diff", me, ONLY, "first", "second")
    assert "memory_mib" in sheet
    assert "NO_SNAPSHOT" in product.complaint("disk-snapshot-diff", me, ONLY, "none", status=4)
    product.run("terminate", me)
