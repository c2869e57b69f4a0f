"""Running VMs that move between two real hosts: what their users notice, and what an interruption leaves."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest

from . import domains
from .guests import GuestFiles, bare_xml
from .hosts import Host, Lab
from .lan import BRIDGE, Echo, Lan
from .product import Document, Product, furnished
from .vms import booted, counted, positions

pytestmark = pytest.mark.lab

FAT = "dd if=/dev/urandom of=/fat bs=1M count=28 2>/dev/null; echo '<'fat'>'"
SLOW = 4
"""MiB/s: a fat guest takes some ten seconds, so that a busy machine finds the middle."""
HALF = 10 << 20


@pytest.fixture(scope="module")
def lan(session_lab: Lab) -> Iterator[Lan]:
    with Lan(session_lab) as lan:
        yield lan


@pytest.fixture(scope="module")
def product(
    session_lab: Lab, lan: Lan, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("migration"), guest) as product:
        product.run("datastore", "create", "common", "--shared", "--directory", session_lab.shared / "common")
        product.run("network", "create", "--name", "lan", "--bridge", BRIDGE)
        product.add_template("wired", WIRED)
        yield product


WIRED = """
CPU = "0.1"
VCPU = "1"
MEMORY = "112"
DISK = [ IMAGE = "guest" ]
NIC = [ NETWORK = "lan" ]
"""


SEEN = """
CPU = "0.1"
MEMORY = "32"
GRAPHICS = [ TYPE = "vnc", PORT = "5977" ]
"""
TIED = f"""{SEEN}
NIC = [ NETWORK = "here" ]
DISK = [ TYPE = "fs", SIZE = "8" ]
"""


def placed(product: Product, lab: Lab, template: str, host: Host, datastore: str = "") -> int:
    """A new VM that runs on this host, and has booted."""
    (number,) = product.instantiate(template, "--hold")
    product.run("deploy", str(number), host.name, *([datastore] if datastore else []))
    product.until(number, "runn")
    booted(host, number)
    return number


@pytest.mark.covers("ON-091")
@pytest.mark.parametrize("datastore", ["common", "system"])
def test_a_guest_counts_and_answers_on_while_it_moves_with_and_without_shared_storage(
    session_lab: Lab, product: Product, lan: Lan, datastore: str, record_property: Callable[[str, object], None]
) -> None:
    h1, h2 = session_lab.hosts
    number = placed(product, session_lab, "wired", h1, datastore)
    address = lan.address(10 + number)  # its own: neighbours remember whose the last one was
    lan.wake(h1, number, address)
    h1.serial(f"one-{number}", "kept", say="keep vda treasure")
    before = counted(session_lab, product.vm(number))
    with Echo(address) as echo:
        product.run("migrate", "--live", str(number), h2.name)
        after, moved = product.at_rest(number), echo.answers
        product.eventually(lambda: {"answers": echo.answers}, lambda seen: seen["answers"] > moved + 5)
    domains.check(session_lab, after)
    assert after["host"] == h2.name
    assert 0 < counted(session_lab, after) - before < 60
    operation = product.last_operation(number)
    assert positions(operation) == ["MIGRATE", "RUNNING"]
    assert operation["progress"] == 100
    stood_still = operation["result"]["downtime_ms"]
    assert 0 <= stood_still < 10_000
    for name, value in (("downtime_ms", stood_still), ("longest_wait_ms", round(echo.longest_wait * 1000))):
        record_property(f"{name}_{datastore}", value)
        print(f"{name}_{datastore} = {value}")
    assert disk_path(h2, number).startswith(str(session_lab.shared) if datastore == "common" else "/var/lib/libvirt")
    h2.serial(f"one-{number}", "treasure", say="echo 3 > /proc/sys/vm/drop_caches; keep vda")
    product.run("terminate", "--hard", str(number))
    assert not [name for name in domains.files(session_lab) if f"one-{number}" in name]
    assert not list(session_lab.shared.rglob(f"one-{number}-*"))


def disk_path(host: Host, number: int) -> str:
    """Where a domain has its first disk, as its host says."""
    return next(line.split()[1] for line in host.virsh("domblklist", f"one-{number}").splitlines() if "vda" in line)


# Interrupted half-way --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fat(session_lab: Lab, product: Product) -> int:
    """A guest that counts, with so much in its memory that it takes a while to move."""
    number = placed(product, session_lab, "guest", session_lab.hosts[0])
    session_lab.hosts[0].serial(f"one-{number}", "<fat>", say=FAT, timeout=60)
    return number


@pytest.fixture
def halfway(product: Product, session_lab: Lab, fat: int) -> Iterator[Document]:
    """The operation of a live migration of the fat guest, as it is in the middle of it."""
    product.settings(migration_bandwidth=SLOW)
    target = next(host.name for host in session_lab.hosts if host.name != product.vm(fat)["host"])
    identity = product.submit("migrate", "--live", str(fat), target)
    yield product.eventually(lambda: product.operation(identity), lambda seen: (seen["bytes_done"] or 0) > HALF)
    product.settings(migration_bandwidth=0)


def settled(product: Product, lab: Lab, number: int, operation: Document) -> tuple[Document, Document]:
    """The VM and the operation when both have come to rest, and the hosts agree with what is said of the VM.

    Nothing of it is left on the other host, and the guest has not been started anew.
    """
    ended, vm = product.ended(operation["id"], timeout=120), product.until(number, "runn", timeout=120)
    product.eventually(
        lambda: {"left": [name for name in domains.files(lab) if f"one-{number}-" in name]},
        lambda seen: len(seen["left"]) == 1,
    )
    product.eventually(
        lambda: {"on": [host.name for host in lab.hosts if f"one-{number}" in host.domains("--all")]},
        lambda seen: seen["on"] == [vm["host"]],
    )
    domains.check(lab, vm)
    counted(lab, vm)
    assert domains.life(lab[vm["host"]], f"one-{number}")[-1] == "started"
    return ended, vm


def test_a_migration_tells_how_far_it_is_and_when_it_is_called_off_the_vm_stays(
    session_lab: Lab, product: Product, fat: int, halfway: Document
) -> None:
    assert 0 < halfway["progress"] < 100
    assert halfway["bytes_done"] < halfway["bytes_total"]
    assert 0 <= halfway["remaining_seconds"] < 600
    assert "REMAINING SECONDS" in product.run("operation", "show", halfway["id"])
    assert product.vm(fat)["stat"] == "migr"
    before = product.vm(fat)["host"]
    product.run("operation", "cancel", halfway["id"])
    ended, vm = settled(product, session_lab, fat, halfway)
    assert (ended["state"], vm["host"]) == ("cancelled", before)


def test_a_controller_killed_halfway_leaves_a_vm_that_is_moved_by_the_next_one(
    session_lab: Lab, product: Product, fat: int, halfway: Document
) -> None:
    product.end_controllers(signal.SIGKILL)
    ended, vm = settled(product, session_lab, fat, halfway)
    assert (ended["state"], vm["host"]) == ("done", ended["arguments"]["host"]), ended["error"]


def test_a_source_cut_off_halfway_is_waited_for_and_then_left_or_kept(
    session_lab: Lab, product: Product, fat: int, halfway: Document
) -> None:
    source = session_lab[product.vm(fat)["host"]]
    source.cut()
    product.eventually(
        lambda: product.operation(halfway["id"]),
        lambda seen: bool(seen["note"]) or seen["state"] != "running",
        timeout=120,
    )
    assert len([host for host in session_lab.hosts if runs(host, fat)]) <= 1
    source.mend()
    _, vm = settled(product, session_lab, fat, halfway)
    assert vm["host"] in (source.name, halfway["arguments"]["host"])


def test_a_target_killed_halfway_leaves_the_vm_where_it_was(
    session_lab: Lab, product: Product, fat: int, halfway: Document
) -> None:
    before, target = product.vm(fat)["host"], session_lab[halfway["arguments"]["host"]]
    target.kill()
    ended = product.ended(halfway["id"], timeout=120)
    assert ended["state"] == "failed"
    vm = product.until(fat, "runn")
    assert vm["host"] == before
    counted(session_lab, vm)
    target.start()
    settled(product, session_lab, fat, halfway)
    product.eventually(
        lambda: product.host(target.name), lambda seen: seen["stat"] == "on" and not seen["down_since"], timeout=120
    )


def runs(host: Host, number: int) -> bool:
    return f"one-{number}" in host.domains() and host.virsh("domstate", f"one-{number}") == "running"


# Why not ---------------------------------------------------------------------------------------------------------


def test_what_stands_against_a_migration_is_said_in_one_line_and_changes_nothing(
    session_lab: Lab, product: Product
) -> None:
    h1, h2 = session_lab.hosts
    h1.virsh("net-start", "default")
    product.run("network", "create", "--name", "here", "--network", "default")
    product.add_template("tied", TIED)
    product.add_template("seen", SEEN)
    (number,) = product.instantiate("tied", "--hold")
    product.run("deploy", str(number), h1.name)
    product.until(number, "runn")

    def refusal() -> str:
        said = product.complaint("migrate", "--live", str(number), h2.name, status=1)
        assert "MIGRATION_PROBLEMS" in said
        vm = product.at_rest(number)
        assert (vm["stat"], vm["host"], domains.power(h1, f"one-{number}")) == ("runn", h1.name, ("running", False))
        assert [name for name in domains.files(session_lab) if f"one-{number}-" in name] == [f"one-{number}-disk-0"]
        return said

    assert "network default is not started there" in refusal()
    h2.virsh("net-start", "default")
    h2.virsh("define", "/dev/stdin", feed=bare_xml(f"one-{number}"))
    assert f"another domain there has the name one-{number}" in refusal()
    h2.virsh("undefine", f"one-{number}")
    (other,) = product.instantiate("seen", "--hold")
    product.run("deploy", str(other), h2.name)
    assert f"port 5977 of its display is taken there by domain one-{other}" in refusal()
    product.run("terminate", "--hard", str(other))
    h2.virsh("pool-destroy", "vmconsole-system")
    product.run("migrate", "--live", str(number), h2.name)  # a pool that was stopped is started
    domains.check(session_lab, product.at_rest(number))
    product.run("terminate", "--hard", str(number))
