"""Backups on real hosts: what was on a disk then is what comes back. qemu-img and the guests are the witnesses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vmconsole.lifecycle import states

from .disks import chain, keep, kept, word
from .guests import GuestFiles
from .hosts import Host, Lab
from .product import GUEST, Document, Product, furnished
from .test_backend_guests import AGENT
from .test_recovery import begun_and_broken_off, borders
from .vms import booted, positions, running

pytestmark = pytest.mark.lab

POOL = "vmconsole-3"
"""The libvirt pool of the datastore of backups."""
BIG = 1 << 30
"""Bytes of a disk whose backup takes long enough to be caught in the middle."""


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("backups")
    with furnished(session_lab, folder, guest) as product:
        product.run("datastore", "create", "safe", "--type", "backup")
        empty = folder / "empty.img"
        empty.write_bytes(b"nothing".ljust(512) + bytes(1 << 20))
        for name, options in (("data", ()), ("raw", ("--persistent",))):
            product.run("image", "create", "--name", name, "--path", empty, "--type", "datablock", *options)
        product.run("image", "create", "--name", "big", "--size", str(BIG >> 20), "--persistent")
        disks = "".join(f'DISK = [ IMAGE = "{name}" ]\n' for name in ("data", "raw"))
        agent = 'FEATURES = [ GUEST_AGENT = "yes" ]'
        product.add_template("writer", f"{GUEST.format(image='guest')}{disks}{agent}")
        product.add_template("small", 'CPU = "0.1"\nMEMORY = "32"\nDISK = [ IMAGE = "data" ]')
        product.add_template("heavy", 'CPU = "0.1"\nMEMORY = "32"\nDISK = [ IMAGE = "big" ]')
        yield product


@pytest.fixture(scope="module")
def writer(session_lab: Lab, product: Product) -> int:
    """A guest with a data disk as vdb, and with a raw one as vdc."""
    number, host = running(product, session_lab, "writer")
    booted(host, number)
    return number


@pytest.fixture(scope="module")
def heavy(session_lab: Lab, product: Product) -> int:
    """A VM with a disk that is full, and without a guest."""
    (copy,) = product.json("image", "show", "big")["copies"]
    session_lab[copy["host"]].run("qemu-io", "-f", "qcow2", "-c", f"write -P 7 0 {BIG}", copy["path"])
    return running(product, session_lab, "heavy")[0]


def backed_up(product: Product, number: int, *options: str) -> Document:
    """A new backup of a VM, as `backup show` tells it, with what its operation says."""
    before = product.vm(number)
    product.run("backup", str(number), *options)
    operation = product.last_operation(number)
    place = {"runn": ["BACKUP", "RUNNING"], "poff": ["BACKUP_POWEROFF", "POWEROFF"]}[before["stat"]]
    assert (operation["command"], operation["state"], positions(operation)) == ("backup", "done", place)
    found: Document = product.json("backup", "show", str(operation["result"]["backup_id"]))
    return {**found, "remarks": operation["result"]["remarks"]}


def data_file(host: Host, backup: Document) -> str:
    """The file in which a backup has the data disk."""
    volume = next(each["volume"] for each in backup["disks"] if each["target"] == "vdb")
    return f"{folder(host)}/{volume}"


def folder(host: Host) -> str:
    """Where the datastore of backups lies on a host."""
    return host.virsh("pool-dumpxml", "--xpath", "//path/text()", POOL).strip()


def agrees(product: Product, lab: Lab, number: int) -> None:
    """Fail unless the hosts have the files of the backups there are, all of them and no others, and one mark."""
    backups = product.json("backup", "list")
    assert {each["state"] for each in backups} <= {"rdy"}
    for host in lab.hosts:
        known = {disk["volume"] for each in backups if each["host"] == host.name for disk in each["disks"]}
        assert set(host.run("ls", folder(host)).split() if POOL in host.virsh("pool-list", "--name") else ()) == known
    vm = product.vm(number)
    marks = lab[vm["host"]].virsh("checkpoint-list", f"one-{number}", "--name").split()
    followed = [each["id"] for each in backups if each["vm"] == number and not each["closed"]]
    assert [int(mark.rpartition("-")[2]) for mark in marks] == followed


def restored(product: Product, lab: Lab, backup: Document, name: str) -> str:
    """The word on the data disk of a backup, restored as an image of its own."""
    product.run("backup", "restore", str(backup["id"]), "--to-image", name, "--disk", "1")
    (copy,) = product.json("image", "show", name)["copies"]
    host = lab[copy["host"]]
    assert len(chain(host, copy["path"])) == 1
    return word(host, copy["path"])


@pytest.mark.covers("ON-040")
def test_what_each_backup_of_a_chain_holds_comes_back_as_an_image_and_as_a_vm(
    session_lab: Lab, product: Product, writer: int
) -> None:
    host = session_lab[product.vm(writer)["host"]]
    made = []
    for text, option in (("one", "--full"), ("two", "--incremental"), ("three", "--incremental")):
        keep(host, writer, text)
        made.append(backed_up(product, writer, option))
    keep(host, writer, "four")
    full, second, third = made
    raw = "disk vdc is raw, of which always all is written"
    assert [each["parent"] for each in made] == [None, full["id"], second["id"]]
    assert [each["remarks"] for each in made] == [[], [raw], [raw]]
    assert [disk["incremental"] for each in made for disk in each["disks"]] == [False] * 3 + [True, True, False] * 2
    assert second["size_bytes"] < full["size_bytes"]
    assert chain(host, data_file(host, third)) == [each["disks"][1]["volume"] for each in (third, second, full)]
    agrees(product, session_lab, writer)
    for text, backup in zip(("one", "two", "three"), made, strict=True):
        assert word(host, data_file(host, backup)) == text
        assert restored(product, session_lab, backup, text) == text
    refused = product.complaint("backup", "delete", str(full["id"]), status=5)
    assert f"backup {second['id']} is an increment on it" in refused
    product.run("backup", "restore", str(second["id"]), "--name", "again")
    again = next(vm["id"] for vm in product.json("list") if vm["name"] == "again")
    there = session_lab[product.until(again, "runn")["host"]]
    booted(there, again)
    assert (kept(there, again), kept(host, writer)) == ("two", "four")
    product.run("terminate", "--hard", str(again))


@pytest.mark.covers("ON-024")
@pytest.mark.parametrize(
    ("border", "left_at"), borders("backup", states.RUNNING), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_backup_broken_off_is_there_once_and_whole(
    session_lab: Lab, product: Product, writer: int, border: str, left_at: states.Position
) -> None:
    host = session_lab[product.vm(writer)["host"]]
    text = border.rpartition(":")[2]
    keep(host, writer, text)
    count = len(product.json("backup", "list"))
    identity = begun_and_broken_off(product, border, "backup", str(writer), "--incremental")
    assert {vm["id"]: vm["stat"] for vm in product.json("list")}[writer] == left_at.alias
    operation = product.ended(identity)
    assert operation["state"] == "done", operation
    product.at_rest(writer)
    latest = product.json("backup", "list")[0]
    assert (len(product.json("backup", "list")), latest["parent"] is not None) == (count + 1, True)
    assert word(host, data_file(host, latest)) == text
    agrees(product, session_lab, writer)


def test_file_systems_are_frozen_when_the_agent_answers(session_lab: Lab, product: Product, writer: int) -> None:
    host = session_lab[product.vm(writer)["host"]]
    assert not product.json("backup", "list", str(writer))[0]["frozen"]
    with host.console(f"one-{writer}") as console:
        console.say(AGENT)
        console.wait_for("agent is there", timeout=10)
        product.eventually(
            lambda: {"xml": host.virsh("dumpxml", f"one-{writer}")}, lambda found: "state='connected'" in found["xml"]
        )
        assert backed_up(product, writer, "--incremental")["frozen"]
        console.wait_for("agent froze", timeout=10)
        console.wait_for("agent thawed", timeout=10)


@pytest.mark.covers("ON-040")
def test_a_copy_of_a_vm_that_is_off_leaves_the_chain_alone(session_lab: Lab, product: Product, writer: int) -> None:
    host = session_lab[product.vm(writer)["host"]]
    keep(host, writer, "off")
    product.run("poweroff", "--hard", str(writer))
    copied = backed_up(product, writer, "--incremental")
    assert (copied["parent"], copied["running"], word(host, data_file(host, copied))) == (None, False, "off")
    product.run("resume", str(writer))
    booted(host, writer)
    keep(host, writer, "on")
    following = backed_up(product, writer, "--incremental")
    assert following["parent"] not in (None, copied["id"])
    assert restored(product, session_lab, following, "following") == "on"
    agrees(product, session_lab, writer)


def test_what_takes_the_marks_away_makes_the_next_backup_a_full_one_that_says_why(
    session_lab: Lab, product: Product
) -> None:
    number, host = running(product, session_lab, "small")

    def is_full(reason: str) -> None:
        backup = backed_up(product, number, "--incremental")
        assert backup["parent"] is None
        assert backup["remarks"][0].startswith("this one is full: ")
        assert reason in backup["remarks"][0]
        agrees(product, session_lab, number)

    is_full("it is the first one")
    product.run("snapshot-create", str(number), "before")
    is_full("a system snapshot was taken")
    product.run("snapshot-revert", str(number), "before")
    is_full("it was reverted to a system snapshot")
    product.run("snapshot-delete", str(number), "before")
    product.run("migrate", "--live", str(number), "h2" if host.name == "h1" else "h1", timeout=180)
    is_full("it was moved")
    there = session_lab[product.vm(number)["host"]]
    assert there.name != host.name
    there.run("kill", "-9", there.run("cat", f"/run/libvirt/qemu/one-{number}.pid"))
    product.until(number, "poff")
    product.run("resume", str(number))
    is_full("missing or broken bitmap")
    assert backed_up(product, number, "--incremental")["parent"] is not None
    ids = [str(each["id"]) for each in product.json("backup", "list", str(number))]
    product.run("terminate", "--hard", str(number))
    product.run("backup", "restore", ids[0], "--to-image", "outlives")
    product.run("backup", "delete", *ids)
    assert product.json("backup", "list", str(number)) == []


def test_a_backup_that_is_called_off_leaves_nothing(session_lab: Lab, product: Product, heavy: int) -> None:
    before = product.json("backup", "list")
    identity = product.submit("backup", str(heavy))
    caught = product.eventually(lambda: product.operation(identity), lambda found: found["bytes_total"] is not None)
    assert caught["bytes_total"] == BIG
    product.run("operation", "cancel", identity)
    ended = product.ended(identity)
    assert (ended["state"], ended["progress"] == 100) == ("cancelled", False)
    assert product.vm(heavy)["stat"] == "runn"
    assert product.json("backup", "list") == before
    agrees(product, session_lab, heavy)


def test_a_backup_goes_on_when_the_host_that_was_cut_off_is_back(
    session_lab: Lab, product: Product, heavy: int
) -> None:
    host = session_lab[product.vm(heavy)["host"]]
    product.settings(unreachable_after=6)
    identity = product.submit("backup", str(heavy))
    product.eventually(lambda: product.operation(identity), lambda found: found["bytes_total"] is not None)
    host.cut()
    product.eventually(lambda: product.operation(identity), lambda found: found["note"].startswith("waiting"))
    host.mend()
    assert product.ended(identity)["state"] == "done"
    product.until(heavy, "runn")
    latest = product.json("backup", "list")[0]
    compared = host.run(
        "qemu-img", "compare", "-U", product.vm(heavy)["disks"][0]["path"],
        f"{folder(host)}/{latest['disks'][0]['volume']}",
    )  # fmt: skip
    assert "Images are identical" in compared
    agrees(product, session_lab, heavy)


def test_a_backup_that_does_not_fit_leaves_nothing(session_lab: Lab, product: Product, heavy: int) -> None:
    host = session_lab[product.vm(heavy)["host"]]
    product.run("datastore", "create", "tiny", "--type", "backup", "--directory", host.small_pool(16 << 20))
    before = product.json("backup", "list")
    product.complaint("backup", str(heavy), "-d", "tiny", status=74)
    assert product.vm(heavy)["stat"] == "runn"
    assert product.json("backup", "list") == before
    agrees(product, session_lab, heavy)
