"""Snapshots on real hosts, of disks and of memory; qemu-img and the guests themselves are the witnesses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import domains
from .disks import DATA, active, chain, content, disk, do, keep, kept, scribble, tree, used, word
from .guests import GuestFiles, bare_xml
from .hosts import Host, Lab
from .product import GUEST, Document, Product, furnished
from .vms import act, booted, counted, running

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("snapshots")
    with furnished(session_lab, folder, guest) as product:
        empty = folder / "empty.img"
        empty.write_bytes(b"nothing".ljust(512) + bytes(1 << 20))
        product.run("image", "create", "--name", "data", "--path", empty, "--type", "datablock")
        data = 'DISK = [ IMAGE = "data" ]'
        product.add_template("twodisks", f"{GUEST.format(image='guest')}{data}")
        product.add_template("still", f'CPU = "0.1"\nMEMORY = "32"\n{data}\n{data}')
        raw = 'DISK = [ TYPE = "fs", SIZE = "1", FORMAT = "raw" ]'
        product.add_template("raw", f'CPU = "0.1"\nMEMORY = "32"\n{data}\n{raw}')
        yield product


def off(product: Product, lab: Lab, template: str) -> tuple[int, Host]:
    """A new VM that is powered off."""
    number, host = running(product, lab, template)
    product.run("poweroff", "--hard", str(number))
    return number, host


@pytest.mark.covers("ON-113", "ON-114", "ON-115", "ON-117")
def test_each_of_twelve_snapshots_on_three_branches_is_reverted_to_and_deleted_leaf_by_leaf(
    session_lab: Lab, product: Product
) -> None:
    number, host = running(product, session_lab, "twodisks")
    booted(host, number)
    sums: dict[int, str] = {}
    parents: dict[int, int] = {}

    def note(vm: Document, parent: int) -> None:
        (made,) = active(vm)
        parents[made] = parent
        assert tree(vm) == parents
        top = disk(vm)["path"]
        assert used(host, number, "vdb") == top
        sums[made] = content(host, top)

    # The first branch is made while the guest runs and writes.
    parent = -1
    for step in range(4):
        keep(host, number, f"live-{step}")
        note(do(product, number, "disk-snapshot-create", DATA, f"live-{step}"), parent)
        parent = step
    keep(host, number, "lost")
    product.run("poweroff", "--hard", str(number))
    # The others, each from a node of the first, while it is off.
    vm = product.vm(number)
    for origin in (0, 2):
        vm = do(product, number, "disk-snapshot-revert", DATA, f"live-{origin}")
        assert (active(vm), tree(vm)) == ([origin], parents)
        assert content(host, disk(vm)["path"]) == sums[origin]
        assert word(host, disk(vm)["path"]) == f"live-{origin}"
        parent = origin
        for _ in range(4):
            scribble(host, disk(vm)["path"], byte=len(sums))
            vm = do(product, number, "disk-snapshot-create", DATA, "off")
            note(vm, parent)
            (parent,) = active(vm)
    assert sorted(parents) == list(range(12))
    assert len(set(sums.values())) == 12
    listed = product.run("show", str(number))
    (marked,) = [line.split() for line in listed.splitlines() if line.startswith("=>")]
    assert marked[1:4] == ["11", DATA, "10"]
    assert all(found["size_bytes"] > 0 and found["date"] > 0 for found in vm["disk_snapshots"])

    for identity in (*parents, *reversed(parents), 5, 5):
        vm = do(product, number, "disk-snapshot-revert", DATA, str(identity))
        top = disk(vm)["path"]
        assert (active(vm), tree(vm), content(host, top)) == ([identity], parents, sums[identity])
        scribble(host, top, byte=99)  # is lost with the next revert

    # The guest boots from what it is now, and sees it.
    do(product, number, "disk-snapshot-revert", DATA, "1")
    act(product, session_lab, number, "resume")
    booted(host, number)
    assert kept(host, number) == "live-1"
    product.run("poweroff", "--hard", str(number))

    vm = product.vm(number)
    while len(parents) > 2:
        inner = {parent for parent in parents.values() if parent >= 0}
        leaf = max(set(parents) - inner - {1})
        for wrong in (1, *inner):
            assert "SNAPSHOT_" in product.complaint("disk-snapshot-delete", str(number), DATA, str(wrong), status=5)
        parents.pop(leaf)
        vm = do(product, number, "disk-snapshot-delete", DATA, str(leaf))
        assert tree(vm) == parents
    assert parents == {0: -1, 1: 0}
    left = {name for name in domains.files(session_lab) if name.startswith(f"one-{number}-disk-{DATA}")}
    assert left == set(chain(host, disk(vm)["path"])[:3])
    assert content(host, disk(vm)["path"]) == sums[1]
    # Ids are not given again.
    assert active(do(product, number, "disk-snapshot-create", DATA, "new")) == [12]
    product.run("terminate", str(number))
    assert not [name for name in domains.files(session_lab) if name.startswith(f"one-{number}")]
    assert product.vm(number)["disk_snapshots"] == []


@pytest.mark.covers("ON-036", "ON-112", "ON-116")
def test_a_disk_snapshot_is_taken_running_off_and_suspended_and_reverted_to_only_at_rest(
    session_lab: Lab, product: Product
) -> None:
    lab = session_lab
    number, host = running(product, lab, "twodisks")
    booted(host, number)
    keep(host, number, "running")
    do(product, number, "disk-snapshot-create", DATA, "running")
    assert "RUNNING" in product.complaint("disk-snapshot-revert", str(number), DATA, "0", status=5)
    assert product.vm(number)["stat"] == "runn"

    keep(host, number, "suspended")
    product.run("suspend", str(number))
    vm = do(product, number, "disk-snapshot-create", DATA, "suspended")
    domains.check(lab, vm)
    product.run("resume", str(number))
    assert used(host, number, "vdb") == disk(vm)["path"]
    keep(host, number, "later")
    assert kept(host, number) == "later"
    before = counted(lab, product.vm(number))
    product.run("suspend", str(number))
    vm = do(product, number, "disk-snapshot-revert", DATA, "suspended")
    domains.check(lab, vm)
    product.run("resume", str(number))
    assert counted(lab, product.vm(number)) > before, "its memory came back"
    assert kept(host, number) == "suspended"

    product.run("poweroff", "--hard", str(number))
    vm = do(product, number, "disk-snapshot-create", DATA, "off")
    assert tree(vm) == {0: -1, 1: 0, 2: 1}
    nodes = chain(host, disk(vm)["path"])
    assert [word(host, f"/{domains.SYSTEM}/{node}") for node in nodes[:4]] == [*["suspended"] * 3, "running"]
    # Leaves go in all three as well; each of the eight states has been passed now.
    do(product, number, "disk-snapshot-create", DATA, "leaf")
    do(product, number, "disk-snapshot-revert", DATA, "off")
    do(product, number, "disk-snapshot-delete", DATA, "leaf")
    do(product, number, "disk-snapshot-create", DATA, "second leaf")
    do(product, number, "disk-snapshot-create", DATA, "third leaf")
    do(product, number, "disk-snapshot-revert", DATA, "suspended")
    product.run("resume", str(number))
    do(product, number, "disk-snapshot-delete", DATA, "third leaf")
    product.run("suspend", str(number))
    vm = do(product, number, "disk-snapshot-delete", DATA, "second leaf")
    assert tree(vm) == {0: -1, 1: 0, 2: 1}
    product.run("resume", str(number))
    product.run("undeploy", "--hard", str(number))
    assert "UNDEPLOYED" in product.complaint("disk-snapshot-create", str(number), DATA, "no", status=5)
    product.run("terminate", str(number))
    (held,) = product.instantiate("twodisks", "--hold")
    assert "HOLD" in product.complaint("disk-snapshot-create", str(held), DATA, "no", status=5)
    product.run("terminate", str(held))


@pytest.mark.covers("ON-118")
def test_a_renamed_disk_snapshot_keeps_its_place_in_the_tree(session_lab: Lab, product: Product) -> None:
    number, _ = off(product, session_lab, "still")
    do(product, number, "disk-snapshot-create", DATA, "first")
    before = do(product, number, "disk-snapshot-create", DATA, "second")
    product.run("disk-snapshot-rename", str(number), DATA, "0", "the beginning")
    after = product.vm(number)
    assert [found["name"] for found in after["disk_snapshots"]] == ["the beginning", "second"]
    assert (tree(after), active(after)) == (tree(before), active(before))
    do(product, number, "disk-snapshot-revert", DATA, "the beginning")
    assert "NO_SNAPSHOT" in product.complaint("disk-snapshot-revert", str(number), DATA, "first", status=4)
    assert "INPUT_NAME" in product.complaint("disk-snapshot-rename", str(number), DATA, "0", " ", status=65)
    product.run("terminate", str(number))


@pytest.mark.covers("ON-125")
def test_a_tree_moves_with_its_vm_and_an_image_is_made_of_one_of_its_snapshots(
    session_lab: Lab, product: Product
) -> None:
    lab = session_lab
    number, host = off(product, lab, "still")
    vm = product.vm(number)
    sums = []
    for step in range(3):
        scribble(host, disk(vm)["path"], step + 1)
        sums.append(content(host, disk(vm)["path"]))
        vm = do(product, number, "disk-snapshot-create", DATA, f"s{step}")
    vm = do(product, number, "disk-snapshot-revert", DATA, "s1")
    product.run("resume", str(number))
    other = next(found for found in lab.hosts if found is not host)
    assert "DISK_SNAPSHOTS" in product.complaint("migrate", "--live", str(number), other.name, status=5)
    product.run("migrate", str(number), other.name)
    vm = product.at_rest(number)
    domains.check(lab, vm)
    assert (vm["host"], vm["stat"]) == (other.name, "runn")
    mine = [path.name for path in (host.folder / domains.SYSTEM).glob(f"one-{number}*")]
    assert mine == [], "nothing is left behind"
    product.run("disk-saveas", str(number), DATA, "copied", "--snapshot", "s2")
    made = product.json("image", "show", "copied")
    (copy,) = (other.folder / "var/lib/libvirt/images").rglob(f"image-{made['id']}")
    assert content(other, f"/{copy.relative_to(other.folder)}") == sums[2]
    product.run("poweroff", "--hard", str(number))
    for identity, expected in enumerate(sums):
        vm = do(product, number, "disk-snapshot-revert", DATA, str(identity))
        assert content(other, disk(vm)["path"]) == expected
    product.run("terminate", str(number))
    assert not [name for name in domains.files(lab) if name.startswith(f"one-{number}")]


# Memory and all disks


@pytest.mark.covers("ON-127", "ON-128", "ON-129")
def test_a_guest_put_back_to_a_snapshot_counts_on_from_then(session_lab: Lab, product: Product) -> None:
    lab = session_lab
    number, host = running(product, lab, "twodisks")
    booted(host, number)
    keep(host, number, "then")
    before = counted(lab, product.vm(number))
    vm = do(product, number, "snapshot-create", "just in case")
    (snapshot,) = vm["snapshots"]
    assert (snapshot["id"], snapshot["name"], snapshot["hypervisor_id"]) == (0, "just in case", "onesnap-0")
    lines = [line.split() for line in product.run("show", str(number)).splitlines()]
    assert ["ID", "TIME", "NAME", "HYPERVISOR_ID"] in lines
    assert any(line[:1] == ["0"] and line[3:] == ["just", "in", "case", "onesnap-0"] for line in lines)
    assert do(product, number, "snapshot-create")["snapshots"][1]["name"] == "snapshot-1"
    keep(host, number, "later")
    later = max(counted(lab, vm) for _ in range(4))
    product_said = product.run("snapshot-revert", str(number), "just in case", "-v")
    assert f"VM {number}: snapshot reverted" in product_said
    assert before < counted(lab, vm) < later
    assert kept(host, number) == "then"
    vm = product.vm(number)
    assert (vm["stat"], [found["id"] for found in vm["snapshots"]]) == ("runn", [0, 1])
    assert product.last_operation(number)["id"] in host.virsh("dumpxml", f"one-{number}"), "the tag is from then"
    assert set(host.virsh("snapshot-list", f"one-{number}", "--name").split()) == {"onesnap-0", "onesnap-1"}
    vm = do(product, number, "snapshot-delete", "0")
    assert [found["id"] for found in vm["snapshots"]] == [1]
    assert host.virsh("snapshot-list", f"one-{number}", "--name") == "onesnap-1"
    assert "NO_SNAPSHOT" in product.complaint("snapshot-revert", str(number), "0", status=4)
    product.run("terminate", "--hard", str(number))


@pytest.mark.covers("ON-130")
def test_system_snapshots_are_lost_by_whatever_ends_the_running_domain(session_lab: Lab, product: Product) -> None:
    lab = session_lab
    number, _ = running(product, lab, "still")

    def lost(*words: str) -> None:
        here = lab[product.vm(number)["host"]]
        do(product, number, "snapshot-create", "one")
        path = product.vm(number)["disks"][0]["path"]
        assert here.virsh("snapshot-list", f"one-{number}", "--name") == "onesnap-0"
        if words[0] != "recover":
            beforehand = product.tried(*words, "--dry-run", status=0).stderr
            assert "its system snapshots are lost: one" in beforehand
        product.run(*words)
        vm = product.at_rest(number)
        assert vm["snapshots"] == []
        there = here if vm["host"] in (here.name, None) else lab[vm["host"]]
        if vm["host"]:
            assert there.virsh("snapshot-list", f"one-{number}", "--name") == ""
        assert "onesnap" not in there.run("qemu-img", "snapshot", "-U", "-l", path)
        if vm["stat"] != "runn":
            product.run("resume", str(number))
            product.until(number, "runn")

    me = str(number)
    do(product, number, "snapshot-create", "kept")
    product.run("reboot", "--hard", me)
    assert len(product.vm(number)["snapshots"]) == 1
    do(product, number, "snapshot-delete", "kept")
    for words in (("suspend", me), ("stop", me), ("poweroff", "--hard", me), ("undeploy", "--hard", me)):
        lost(*words)

    def other() -> str:
        return next(found.name for found in lab.hosts if found.name != product.vm(number)["host"])

    # A migration that is refused takes nothing away.
    do(product, number, "snapshot-create", "one")
    here, there = lab[product.vm(number)["host"]], lab[other()]
    there.virsh("define", "/dev/stdin", feed=bare_xml(f"one-{number}"))
    product.tried("migrate", "--live", me, there.name, status=1)
    assert [found["name"] for found in product.vm(number)["snapshots"]] == ["one"]
    do(product, number, "snapshot-revert", "one")
    assert here.virsh("snapshot-list", f"one-{number}", "--name") == "onesnap-0"
    do(product, number, "snapshot-delete", "one")
    there.virsh("undefine", f"one-{number}")
    lost("migrate", "--live", me, other())
    lost("migrate", me, other())
    lost("migrate", "--poff-hard", me, other())
    lost("recover", "--recreate", me)
    product.until(number, "runn")
    do(product, number, "snapshot-create", "one")
    product.run("terminate", "--hard", me)
    assert product.vm(number)["snapshots"] == []


def test_a_snapshot_left_by_a_guest_that_went_off_by_itself_is_no_obstacle(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "still")
    do(product, number, "snapshot-create", "one")
    host.virsh("destroy", f"one-{number}")
    assert product.until(number, "poff")["snapshots"] == []
    assert host.virsh("snapshot-list", f"one-{number}", "--name") == "onesnap-0"
    do(product, number, "disk-snapshot-create", DATA, "tree")
    product.run("terminate", "--hard", str(number))


@pytest.mark.covers("ON-131")
def test_a_raw_disk_and_a_tree_refuse_system_snapshots(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "raw")
    said = product.complaint("snapshot-create", str(number), "no", status=5)
    assert "qcow2" in said
    assert "disk 1 is raw" in said
    assert (product.vm(number)["stat"], product.vm(number)["snapshots"]) == ("runn", [])
    assert "volatile" in product.complaint("disk-snapshot-create", str(number), "1", "no", status=5)
    do(product, number, "disk-snapshot-create", "0", "yes")
    product.run("poweroff", "--hard", str(number))
    product.run("disk-detach", str(number), "1")
    product.run("resume", str(number))
    assert "SNAPSHOTS_MIXED" in product.complaint("snapshot-create", str(number), "no", status=5)
    product.run("terminate", "--hard", str(number))
    number, host = running(product, session_lab, "still")
    do(product, number, "snapshot-create", "memory")
    assert "SNAPSHOTS_MIXED" in product.complaint("disk-snapshot-create", str(number), "0", "no", status=5)
    assert host.virsh("snapshot-list", f"one-{number}", "--name") == "onesnap-0"
    product.run("terminate", "--hard", str(number))


@pytest.mark.parametrize("border", ["before", "called"])
def test_a_revert_whose_controller_was_killed_is_done_once(session_lab: Lab, product: Product, border: str) -> None:
    number, host = running(product, session_lab, "still")
    do(product, number, "snapshot-create", "one")
    before = domains.life(host, f"one-{number}")
    with product.killed_at(f"snapshot-revert:revert_snapshot:{border}"):
        identity = product.submit("snapshot-revert", str(number), "one")
        product.wait_without_controller()
    product.run("list")  # brings the next controller
    assert product.ended(identity)["state"] == "done"
    assert domains.life(host, f"one-{number}")[len(before) :].count("started") == 1
    product.run("terminate", "--hard", str(number))


@pytest.mark.parametrize("border", ["before", "called"])
def test_changes_to_a_tree_whose_controller_was_killed_are_completed(
    session_lab: Lab, product: Product, border: str
) -> None:
    number, host = running(product, session_lab, "still")

    def cut_short(step: str, *words: str) -> Document:
        with product.killed_at(f"{words[0]}:{step}:{border}"):
            identity = product.submit(words[0], str(number), *words[1:])
            product.wait_without_controller()
        product.run("list")  # brings the next controller
        assert product.ended(identity)["state"] == "done"
        vm = product.vm(number)
        assert used(host, number, "vdb") == disk(vm)["path"]
        return vm

    cut_short("create_disk_snapshot", "disk-snapshot-create", DATA, "first")
    product.run("poweroff", "--hard", str(number))
    vm = cut_short("create_disk_snapshot", "disk-snapshot-create", DATA, "second")
    assert (tree(vm), active(vm)) == ({0: -1, 1: 0}, [1])
    vm = cut_short("revert_disk_snapshot", "disk-snapshot-revert", DATA, "0")
    assert (tree(vm), active(vm)) == ({0: -1, 1: 0}, [0])
    vm = cut_short("delete_disk_snapshot", "disk-snapshot-delete", DATA, "1")
    assert tree(vm) == {0: -1}
    left = {name for name in domains.files(session_lab) if name.startswith(f"one-{number}-disk-{DATA}")}
    assert left == set(chain(host, disk(vm)["path"])[:2])
    product.run("terminate", "--hard", str(number))
