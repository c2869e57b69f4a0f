"""The life of VMs on real hosts, through the command line; virsh and the guest's own console are the witnesses."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from . import domains
from .guests import GuestFiles
from .hosts import Lab
from .product import BARE, ROOT, Product, furnished, known
from .vms import act, booted, counted, newest, positions, running

pytestmark = pytest.mark.lab

CYCLES = 10
"""Of placement, that a held VM is to sleep through."""
FIELDS = {
    "id", "uuid", "name", "user", "group", "state", "state_number", "lcm_state", "lcm_state_number", "stat", "host",
    "cpu", "memory_kib", "vcpu", "memory_max_kib", "net_rx_bytes", "net_tx_bytes", "start_time", "end_time", "resched",
    "disks", "nics", "snapshots", "disk_snapshots", "schedules", "history", "permissions", "attributes",
}  # fmt: skip


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("lifecycle"), guest) as product:
        yield product


def stated(text: str) -> dict[str, str]:
    """The lines `name: value` of an answer of virsh."""
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in text.splitlines())}


@pytest.mark.covers("ON-001", "ON-006", "ON-044", "ON-050", "ON-059", "ON-061")
def test_a_template_becomes_a_running_vm_by_itself(lab: Lab, guest: GuestFiles, tmp_path: Path) -> None:
    with furnished(lab, tmp_path, guest) as product:
        header, *lines = product.run("host", "list").splitlines()
        assert header.split()[:10] == ["ID", "NAME", "RVM", "TCPU", "FCPU", "ACPU", "TMEM", "FMEM", "AMEM", "STAT"]
        assert [line.split()[-1] for line in lines] == ["on", "on"]
        for host in product.json("host", "list"):
            witness = lab[host["name"]]
            assert host["total_cpu"] == 100 * int(stated(witness.virsh("nodeinfo"))["CPU(s)"])
            assert host["total_memory_kib"] == int(stated(witness.virsh("nodememstats"))["total"].split()[0])

        for host in lab.hosts:
            product.run("host", "disable", host.name)
        assert product.run("template", "instantiate", "guest", "--name", "web") == "VM ID: 0\n"
        time.sleep(3)  # three cycles of placement
        header, line = product.run("list").splitlines()
        assert header.split() == ["ID", "USER", "GROUP", "NAME", "STAT", "CPU", "MEM", "HOSTNAME", "TIME"]
        assert re.fullmatch(r"0 +root +oneadmin +web +pend +0 +0K +0d 00h00", line.strip())

        product.run("host", "enable", "h2")
        vm = product.until(0, "runn")
        assert vm["host"] == "h2"
        domains.check(lab, vm)
        vm = product.eventually(lambda: product.vm(0), lambda seen: seen["memory_kib"] > 0 and seen["cpu"] > 0)
        assert re.search(r" web +runn +\d+ +[\d.]+[KMG] h2 ", product.run("list"))
        assert "LCM_STATE           : RUNNING" in product.run("show", "0")
        assert vm.keys() >= FIELDS
        assert product.json("list")[0].keys() >= FIELDS
        assert (vm["name"], vm["state"], vm["lcm_state"], vm["vcpu"], vm["memory_max_kib"]) == (
            "web", "ACTIVE", "RUNNING", 1, 96 * 1024,
        )  # fmt: skip


@pytest.mark.covers(
    "ON-014", "ON-015", "ON-016", "ON-018", "ON-022", "ON-027", "ON-031", "ON-032", "ON-054", "ON-072", "ON-073",
    "ON-075", "ON-078", "ON-079", "ON-080", "ON-081",
)  # fmt: skip
def test_a_vm_lives_through_every_rest_and_its_memory_comes_back(session_lab: Lab, product: Product) -> None:
    lab = session_lab
    number, host = running(product, lab, "guest")
    other = next(candidate for candidate in lab.hosts if candidate is not host)
    booted(host, number)
    count = counted(lab, product.vm(number))

    vm = act(product, lab, number, "suspend")
    assert (vm["stat"], vm["host"]) == ("susp", host.name)
    assert f"one-{number}.save" in domains.files(lab)
    vm = act(product, lab, number, "resume")
    assert (vm["stat"], vm["host"]) == ("runn", host.name)
    assert f"one-{number}.save" not in domains.files(lab)
    assert count < (count := counted(lab, vm)) < count + 10

    vm = act(product, lab, number, "poweroff")
    assert (vm["stat"], vm["host"], vm["state"], vm["lcm_state_number"]) == ("poff", host.name, "POWEROFF", 0)
    assert domains.life(host, f"one-{number}")[-1] == "shutdown"
    assert f"one-{number}-disk-0" in domains.files(lab)
    vm = act(product, lab, number, "resume")
    assert (vm["stat"], vm["host"]) == ("runn", host.name)
    booted(host, number)

    # Stopped here, resumed on the other host: the memory goes along.
    count = counted(lab, vm)
    product.run("host", "disable", host.name)
    vm = act(product, lab, number, "stop")
    assert (vm["stat"], vm["host"]) == ("stop", None)
    assert {f"one-{number}.checkpoint", f"one-{number}-disk-0"} <= domains.files(lab)
    product.run("resume", str(number))
    assert positions(product.operation(product.json("operation", "list", "--vm", str(number))[0]["id"]))
    vm = product.until(number, "runn")
    assert vm["host"] == other.name
    domains.check(lab, vm)
    resumed, deployed = newest(product, number, "resume"), newest(product, number, "deploy")
    assert positions(resumed) == ["PENDING"]
    assert positions(deployed) == ["PROLOG_RESUME", "BOOT_STOPPED", "RUNNING"]
    assert count < counted(lab, vm) < count + 15
    assert f"one-{number}.checkpoint" not in domains.files(lab)
    product.run("host", "enable", host.name)

    vm = act(product, lab, number, "undeploy")
    assert (vm["stat"], vm["host"], vm["cpu"], vm["memory_kib"]) == ("unde", None, 0, 0)
    assert product.host(other.name)["running_vms"] == 0
    assert domains.life(other, f"one-{number}")[-1] == "shutdown"
    assert f"one-{number}-disk-0" in domains.files(lab)
    product.run("resume", str(number))
    vm = product.until(number, "runn")
    domains.check(lab, vm)
    assert positions(newest(product, number, "deploy")) == ["PROLOG_UNDEPLOY", "BOOT_UNDEPLOY", "RUNNING"]

    booted(lab[vm["host"]], number)
    vm = act(product, lab, number, "terminate")
    assert (vm["stat"], vm["state"], vm["state_number"]) == ("done", "DONE", 6)
    assert not [name for name in domains.files(lab) if name.startswith(f"one-{number}")]
    assert number not in [listed["id"] for listed in product.json("list")]
    assert re.search(r"^STATE +: DONE$", product.run("show", str(number)), re.MULTILINE)

    noted = [(record["host"], record["action"]) for record in vm["history"]]
    last = vm["history"][-1]["host"]
    assert noted == [
        (host.name, "suspend"), (host.name, "poweroff"), (host.name, "stop"), (other.name, "undeploy"),
        (last, "terminate"),
    ]  # fmt: skip
    assert [record["seq"] for record in vm["history"]] == list(range(5))
    for earlier, later in pairwise(vm["history"]):
        assert earlier["start_time"] <= earlier["end_time"] <= later["start_time"] <= later["end_time"]
    shown = product.run("show", str(number)).partition("VIRTUAL MACHINE HISTORY")[2].splitlines()[1:]
    assert shown[0].split() == ["SEQ", "HOSTNAME", "REASON", "START", "TIME", "PTIME"]
    assert [tuple(line.split()[:3]) for line in shown[1:6]] == [
        (str(seq), *record) for seq, record in enumerate(noted)
    ]  # fmt: skip


@pytest.mark.covers("ON-002", "ON-060", "ON-062", "ON-063")
def test_a_held_vm_is_not_placed_until_it_is_released_or_deployed(session_lab: Lab, product: Product) -> None:
    (number,) = product.instantiate("bare", "--hold")
    product.settings(placement_period=0.2)
    time.sleep(0.2 * CYCLES + 0.5)
    product.settings(placement_period=1)
    assert product.vm(number)["stat"] == "hold"
    product.run("deploy", str(number), "h2")
    vm = product.at_rest(number)
    assert (vm["stat"], vm["host"]) == ("runn", "h2")
    domains.check(session_lab, vm)
    assert positions(product.last_operation(number)) == ["PROLOG", "BOOT", "RUNNING"]
    assert re.search(rf"^ *{number} .* h2 ", product.run("list"), re.MULTILINE)
    for refused in ("hold", "release"):
        assert "RUNNING" in product.complaint(refused, str(number), status=5)
    assert product.vm(number)["history"] == vm["history"]
    product.run("terminate", "--hard", str(number))

    for host in session_lab.hosts:
        product.run("host", "disable", host.name)
    (number,) = product.instantiate("bare")
    product.run("hold", str(number))
    assert product.vm(number)["stat"] == "hold"
    product.run("release", str(number))
    assert product.vm(number)["stat"] == "pend"
    product.complaint("release", str(number), status=5)
    for host in session_lab.hosts:
        product.run("host", "enable", host.name)
    product.until(number, "runn")
    product.run("terminate", "--hard", str(number))


@pytest.mark.covers("ON-067")
def test_a_vm_that_does_not_run_is_terminated_from_wherever_it_rests(session_lab: Lab, product: Product) -> None:
    lab = session_lab
    product.add_template("broken", 'CPU = "0.1"\nMEMORY = "32"\nNIC = [ BRIDGE = "nowhere" ]')
    (held,) = product.instantiate("bare", "--hold")
    (broken,) = product.instantiate("broken")
    numbers = product.instantiate("bare", "--multiple", "4")
    for number, command in zip(numbers, ("poweroff --hard", "suspend", "stop", "undeploy --hard"), strict=True):
        product.until(number, "runn")
        product.run(*command.split(), str(number))
    product.until(broken, "fail")
    for host in lab.hosts:
        product.run("host", "disable", host.name)
    (pending,) = product.instantiate("bare")
    everything = [pending, held, *numbers, broken]
    assert [product.vm(number)["stat"] for number in everything] == [
        "pend", "hold", "poff", "susp", "stop", "unde", "fail",
    ]  # fmt: skip
    for host in lab.hosts:
        product.run("host", "enable", host.name)
    product.run("terminate", ",".join(map(str, (held, *numbers, broken))))
    product.run("terminate", "--hard", str(pending))
    for number in everything:
        domains.check(lab, product.until(number, "done"))
    left = {name for number in everything for name in domains.files(lab) if name.startswith(f"one-{number}")}
    assert left == set()


@pytest.mark.covers("ON-065")
def test_what_a_vm_holds_is_free_again_when_it_is_terminated(
    session_lab: Lab, product: Product, guest: GuestFiles
) -> None:
    for host in session_lab.hosts:
        host.virsh("net-start", "default")
    product.run("image", "create", "--name", "own", "--path", guest.image, "--type", "os", "--persistent")
    product.add_template("owner", 'CPU = "0.1"\nMEMORY = "96"\nDISK = [ IMAGE = "own" ]\nNIC = [ NETWORK = "default" ]')
    number, host = running(product, session_lab, "owner")
    booted(host, number)
    assert product.json("network", "list")[0]["leases"] == 1
    assert product.json("image", "show", "own")["state"] == "used"
    assert "IMAGE_BUSY" in product.complaint("template", "instantiate", "owner", status=5)
    vm = act(product, session_lab, number, "terminate")
    assert vm["stat"] == "done"
    assert positions(product.last_operation(number)) == ["SHUTDOWN", "EPILOG", "DONE"]
    assert product.json("network", "list")[0]["leases"] == 0
    assert product.json("image", "show", "own")["state"] == "rdy"
    number, _ = running(product, session_lab, "owner")
    product.run("terminate", "--hard", str(number))


@pytest.mark.covers("LV-047")
def test_a_host_serves_itself_over_its_local_socket_and_another_over_ssh(lab: Lab, tmp_path: Path) -> None:
    here, there = lab.hosts
    with Product(tmp_path) as ours:

        def inside(*words: str) -> str:
            surroundings = (f"VMCONSOLE_DB={ours.store}", f"PYTHONPATH={ROOT}")
            return here.run("env", *surroundings, sys.executable, "-m", "vmconsole", *words)

        (tmp_path / "bare").write_text(BARE)
        inside("host", "create", "qemu:///system", "--name", "here")
        inside("host", "create", known(lab, there), "--name", "there")
        inside("template", "create", str(tmp_path / "bare"), "--name", "bare")
        for number, name, host in (("0", "here", here), ("1", "there", there)):
            assert inside("template", "instantiate", "bare", "--hold") == f"VM ID: {number}\n"
            inside("deploy", number, name)
            assert host.domains() == {f"one-{number}"}
