"""libvirt's own snapshots of domains, by vmconsole, under the eyes of virsh."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from .disks import do
from .guests import GuestFiles
from .hosts import Host, Lab
from .product import BARE, Document, Product, furnished
from .vms import running

pytestmark = pytest.mark.lab

NAME = "theirs"
FILE = "/var/lib/libvirt/images/theirs.qcow2"


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("domain-snapshots"), guest) as product:
        product.run("image", "create", "--name", "data", "--size", "4")
        product.add_template("still", f'{BARE}DISK = [ IMAGE = "data" ]')
        yield product


@pytest.fixture
def imported(session_lab: Lab, product: Product) -> Iterator[tuple[int, Host]]:
    """The VM of a domain that somebody else has made and started."""
    host = session_lab.hosts[0]
    host.run("qemu-img", "create", "-f", "qcow2", FILE, "4M")
    host.virsh("define", "/dev/stdin", feed=THEIRS)
    host.virsh("start", NAME)
    product.eventually(lambda: product.host(host.name), lambda found: found["wild"] > 0)
    product.run("host", "importvm", host.name, NAME)
    (number,) = [vm["id"] for vm in product.json("list") if vm["name"] == NAME]
    yield number, host
    host.virsh("destroy", NAME)
    host.virsh("undefine", NAME, "--snapshots-metadata")
    host.run("rm", FILE)


THEIRS = f"""
<domain type='qemu'><name>{NAME}</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='{FILE}'/>
<target dev='vda' bus='virtio'/></disk></devices></domain>
"""


def listed(product: Product, number: int) -> dict[str, Document]:
    return {one["name"]: one for one in product.json("domain", "snapshot-list", str(number))}


def known(host: Host, *options: str) -> list[str]:
    return host.virsh("snapshot-list", NAME, "--name", *options).split()


@pytest.mark.covers("LV-013", "LV-029", "LV-030", "LV-031", "LV-032")
def test_the_snapshots_of_an_imported_domain_are_taken_listed_reverted_to_and_deleted(
    product: Product, imported: tuple[int, Host]
) -> None:
    number, host = imported
    me = str(number)
    begun = int(time.time())
    product.run("domain", "snapshot-create", NAME)
    (first,) = known(host)
    assert begun <= int(first) <= time.time()
    product.run("domain", "snapshot-create", me, "--name", "second", "--description", "before the upgrade")
    found = listed(product, number)
    assert {name: (one["parent"], one["current"], one["state"]) for name, one in found.items()} == {
        first: (None, False, "running"), "second": (first, True, "running"),
    }  # fmt: skip
    assert (found["second"]["memory"], found["second"]["description"]) == (True, "before the upgrade")
    lines = product.run("domain", "snapshot-list", me).splitlines()
    assert lines[0].split() == ["NAME", "CREATED", "STATE", "PARENT", "CURRENT", "MEMORY"]
    assert [line.split()[0] for line in lines[1:]] == [first, "second"]
    assert "SNAPSHOT_DUPLICATE" in product.complaint("domain", "snapshot-create", me, "--name", "second", status=5)

    # Back to a snapshot the domain is running again, whatever it is now; the next one makes a branch.
    host.virsh("destroy", NAME)
    product.until(number, "poff")
    warned = product.tried("domain", "snapshot-revert", me, first, status=0).stderr
    assert "what has changed since, in memory and on disks, is lost" in warned
    assert host.virsh("domstate", NAME) == "running"
    product.until(number, "runn")
    product.run("domain", "snapshot-create", me, "--name", "branch")
    assert product.run("domain", "snapshot-tree", me).splitlines() == [f"└─{first}", "  ├─branch *", "  └─second"]
    product.run("domain", "snapshot-restore", me, "second", "--paused")
    assert host.virsh("domstate", NAME) == "paused"
    product.until(number, "susp")
    assert "NO_SNAPSHOT" in product.tried("domain", "snapshot-revert", me, "none", status=4).stderr

    # Forgotten and known again from what was kept of it.
    description = product.run("domain", "snapshot-dumpxml", me, "branch")
    product.run("domain", "snapshot-delete", me, "branch", "--metadata")
    assert sorted(known(host)) == sorted([first, "second"])
    product.run("domain", "snapshot-redefine", me, "-", feed=description)
    assert sorted(known(host)) == sorted([first, "second", "branch"])
    assert "INPUT" in product.complaint("domain", "snapshot-redefine", me, "/etc/hostname", status=65)
    product.run("domain", "snapshot-delete", me, "branch")
    assert sorted(known(host)) == sorted([first, "second"])
    product.run("domain", "snapshot-delete", me, first, "--children")
    assert known(host) == []
    assert listed(product, number) == {}


def test_their_snapshots_and_ours_do_not_get_into_each_others_way(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "still")
    me = str(number)
    do(product, number, "snapshot-create", "ours")
    product.run("domain", "snapshot-create", f"one-{number}", "--name", "theirs")
    assert set(listed(product, number)) == {"onesnap-0", "theirs"}
    for command in ("snapshot-revert", "snapshot-delete"):
        said = product.tried("domain", command, me, "onesnap-0", status=5).stderr
        assert f"vmconsole {command} {number} 0" in said
    assert "INPUT_NAME" in product.complaint("domain", "snapshot-create", me, "--name", "onesnap-7", status=65)
    said = product.complaint("disk-snapshot-create", me, "0", "tree", status=5)
    assert "SNAPSHOTS_MIXED" in said
    do(product, number, "snapshot-delete", "ours")
    # The rule holds for theirs as well: the host refuses a layer under them.
    assert "snapshots of its own" in product.complaint("disk-snapshot-create", me, "0", "tree", status=5)
    assert product.vm(number)["disk_snapshots"] == []
    product.run("domain", "snapshot-revert", me, "theirs")
    assert product.last_operation(number)["id"] in host.virsh("dumpxml", f"one-{number}"), "the tag is from then"
    product.run("domain", "snapshot-delete", me, "theirs")
    do(product, number, "disk-snapshot-create", "0", "tree")
    for words in (("snapshot-create", me), ("snapshot-redefine", me, "/etc/hostname")):
        assert "SNAPSHOTS_MIXED" in product.complaint("domain", *words, status=5)
    product.run("terminate", "--hard", me)
