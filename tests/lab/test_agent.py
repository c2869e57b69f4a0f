"""A guest's agent and the product: file systems at rest while a disk is frozen, and what is said when they were not."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from .disks import DATA, chain, disk
from .guests import GuestFiles
from .hosts import Lab
from .product import GUEST, Product, furnished
from .test_backend_guests import AGENT
from .vms import booted, newest, running

pytestmark = pytest.mark.lab

SILENT = "killall -9 sleep; for port in /dev/vport*; do sleep 1000 <>$port & done; sleep 1; echo it is' silent'"


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("agent"), guest) as product:
        product.run("image", "create", "--name", "data", "--size", "4")
        more = 'DISK = [ IMAGE = "data" ]\nFEATURES = [ GUEST_AGENT = "YES" ]'
        product.add_template("agent", f"{GUEST.format(image='guest')}{more}")
        yield product


@pytest.mark.covers("ON-009", "ON-120", "ON-121", "ON-126")
def test_the_file_systems_are_frozen_while_the_agent_answers_and_the_result_says_whether_they_were(
    session_lab: Lab, product: Product
) -> None:
    number, host = running(product, session_lab, "agent")
    booted(host, number)
    me = str(number)
    said = product.tried("disk-snapshot-create", me, DATA, "without", status=0).stderr
    assert "not frozen" in said
    with host.console(f"one-{number}") as console:
        console.say(AGENT)
        console.wait_for("agent is there", timeout=30)
        time.sleep(1)  # Until the host has heard of the open port.
        said = product.tried("disk-snapshot-create", me, DATA, "with", status=0).stderr
        assert said == ""
        console.wait_for("agent froze", timeout=30)
        console.wait_for("agent thawed", timeout=30)
    assert [newest(product, number, "disk-snapshot-create")["result"]["frozen"]] == [True]
    vm = product.vm(number)
    assert [found["frozen"] for found in vm["disk_snapshots"]] == [False, True]
    assert [found["stat"] for found in vm["disk_snapshots"]] == ["runn", "runn"]
    assert len(chain(host, disk(vm)["path"])) == 4

    warned = product.tried("disk-saveas", me, DATA, "saved", status=0).stderr
    assert "unmount the disk" in warned
    product.run("poweroff", "--hard", me)
    assert product.tried("disk-saveas", me, DATA, "again", status=0).stderr == ""
    product.run("resume", me)
    booted(host, number)

    # An agent that is deaf holds the snapshot up only for a while, in which the VM is listed as `snap`.
    with host.console(f"one-{number}") as console:
        console.say(SILENT)
        console.wait_for("it is silent", timeout=30)
        identity = product.submit("disk-snapshot-create", me, DATA, "deaf")
        seen = set()
        while product.operation(identity)["state"] in ("queued", "running"):
            seen |= {line.split()[4] for line in product.run("list", "--no-header").splitlines()}
    assert "snap" in seen
    assert product.operation(identity)["result"]["frozen"] is False
    product.run("terminate", "--hard", me)
