"""Addresses on real hosts: NICs come and go on running and powered-off guests; VMs leave a host that is flushed."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .guests import GuestFiles
from .hosts import Host, Lab
from .product import Product, furnished
from .vms import act, booted, newest, positions, running

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("networks"), guest) as product:
        for host in session_lab.hosts:
            host.virsh("net-start", "default")
        product.run(
            "network", "create", "--name", "lan", "--network", "default", "--ip", "192.168.122.50", "--size", "3",
            "--gateway", "192.168.122.1", "--netmask", "255.255.255.0", "--dns", "192.168.122.1",
        )  # fmt: skip
        yield product


def macs(host: Host, number: int, *, inactive: bool = False) -> list[str]:
    """The addresses of a domain's interfaces, as virsh tells them."""
    words = ["domiflist", f"one-{number}", *(["--inactive"] if inactive else [])]
    return re.findall(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}", host.virsh(*words))


@pytest.mark.covers("ON-108", "ON-110", "ON-111")
def test_a_nic_is_plugged_with_an_address_of_its_network_and_gives_it_back(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "guest")
    booted(host, number)
    product.run("nic-attach", str(number), "--network", "lan")
    (nic,) = product.vm(number)["nics"]
    assert (nic["nic_id"], nic["ip"], nic["mac"]) == (0, "192.168.122.50", "02:00:c0:a8:7a:32")
    assert macs(host, number) == macs(host, number, inactive=True) == [nic["mac"]]
    shown = product.run("show", str(number)).partition("VM NICS")[2].splitlines()[1:3]
    assert shown[0].split() == ["ID", "NETWORK", "VLAN", "BRIDGE", "IP", "MAC"]
    assert shown[1].split()[:3] == ["0", "lan", "no"]
    assert shown[1].split()[4:] == [nic["ip"], nic["mac"]]

    product.run("nic-attach", str(number), "--network", "lan", "--ip", "192.168.122.52")
    assert [nic["ip"] for nic in product.vm(number)["nics"]] == ["192.168.122.50", "192.168.122.52"]
    assert "ADDRESS_TAKEN" in product.complaint(
        "nic-attach", str(number), "--network", "lan", "--ip", "192.168.122.52", status=5
    )
    product.run("nic-detach", str(number), "1")
    assert [nic["nic_id"] for nic in product.vm(number)["nics"]] == [0]
    assert macs(host, number) == macs(host, number, inactive=True) == ["02:00:c0:a8:7a:32"]
    assert [lease["ip"] for lease in product.json("network", "show", "lan")["leases"]] == ["192.168.122.50"]

    product.run("terminate", "--hard", str(number))
    assert product.json("network", "show", "lan")["leases"] == []


@pytest.mark.covers("ON-109")
def test_a_nic_attached_while_off_or_suspended_is_there_at_the_next_start(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "bare")
    for count, rest in enumerate(("poweroff --hard", "suspend", "pause"), start=1):
        product.run(*rest.split(), str(number))
        product.run("nic-attach", str(number), "--network", "lan")
        assert product.vm(number)["stat"] == ("poff" if count == 1 else "susp")
        act(product, session_lab, number, "resume")
        given = [nic["mac"] for nic in product.vm(number)["nics"]]
        assert len(given) == count
        assert macs(host, number) == macs(host, number, inactive=True) == given
    product.run("terminate", "--hard", str(number))


@pytest.mark.covers("ON-132", "ON-133")
def test_a_vm_that_is_off_is_resized_and_one_that_is_saved_is_not(session_lab: Lab, product: Product) -> None:
    product.add_template("netted", 'CPU = "0.1"\nMEMORY = "32"\nNIC = [ NETWORK = "lan" ]')
    number, _ = running(product, session_lab, "netted")
    address = product.vm(number)["nics"][0]["ip"]
    for rest in ("suspend", "stop"):
        act(product, session_lab, number, rest)
        assert (
            product.vm(number)["stat"] in product.complaint("resize", str(number), "--memory", "64", status=5).lower()
        )
        assert product.vm(number)["memory_max_kib"] == 32 * 1024
        product.run("resume", str(number))
        product.until(number, "runn")
    for rest in ("poweroff --hard", "undeploy --hard"):
        act(product, session_lab, number, rest)
        size = 64 if rest.startswith("poweroff") else 96
        product.run("resize", str(number), "--memory", str(size), "--vcpu", "2")
        product.run("resume", str(number))
        vm = product.until(number, "runn")
        told = session_lab[vm["host"]].virsh("dominfo", f"one-{number}")
        assert re.search(rf"Max memory: +{size * 1024} KiB", told), told
        assert re.search(r"CPU\(s\): +2\b", told), told
        assert vm["nics"][0]["ip"] == address
    product.run("terminate", "--hard", str(number))


@pytest.mark.covers("ON-138")
def test_a_changed_context_is_told_at_the_next_boot(session_lab: Lab, product: Product, tmp_path: Path) -> None:
    product.add_template(
        "told", 'CPU = "0.1"\nMEMORY = "32"\nNIC = [ NETWORK = "lan" ]\nCONTEXT = [ NETWORK = "YES", GREETING = "old" ]'
    )
    number, host = running(product, session_lab, "told")
    change = tmp_path / "change"
    change.write_text('CONTEXT = [ GREETING = "hello $NAME", NETWORK = "YES" ]\nGRAPHICS = [ TYPE = "vnc" ]\n')
    act(product, session_lab, number, "suspend")
    assert "SUSPENDED" in product.complaint("updateconf", str(number), change, status=5)
    act(product, session_lab, number, "resume")
    act(product, session_lab, number, "poweroff --hard")
    product.run("updateconf", str(number), change)
    act(product, session_lab, number, "resume")
    vm = product.vm(number)
    told = content(host, number)
    assert f"GREETING='hello {vm['name']}'" in told
    assert f"ETH0_IP='{vm['nics'][0]['ip']}'" in told
    assert "ETH0_MASK='255.255.255.0'" in told
    assert "ETH0_GATEWAY='192.168.122.1'" in told
    assert "ETH0_DNS='192.168.122.1'" in told
    assert host.virsh("domdisplay", f"one-{number}").startswith("vnc:")

    change.write_text('CONTEXT = [ GREETING = "now", NETWORK = "YES" ]\n')
    product.run("updateconf", str(number), change)
    assert positions(newest(product, number, "updateconf")) == ["HOTPLUG", "RUNNING"]
    assert "GREETING='now'" in content(host, number)
    product.run("terminate", "--hard", str(number))


def content(host: Host, number: int) -> str:
    """The assignments on the CD-ROM that a domain has in its drive."""
    listed = host.virsh("domblklist", f"one-{number}")
    path = next(line.split()[1] for line in listed.splitlines() if line.split()[:1] == ["hda"])
    return host.run("grep", "-a", "='", path)


@pytest.mark.covers("ON-087", "ON-088", "ON-089")
def test_a_host_that_is_flushed_is_left_by_its_vms_live_or_cold_as_configured(
    session_lab: Lab, product: Product
) -> None:
    h1, h2 = session_lab.hosts
    numbers = product.instantiate("guest", "--multiple", "2", "--hold")
    for number in numbers:
        product.run("deploy", str(number), h1.name)
        product.until(number, "runn")
    live, off = numbers
    act(product, session_lab, off, "poweroff --hard")
    booted(h1, live)

    # With nowhere to go it keeps its flag, says why, and stays when the flag is taken back.
    product.run("host", "disable", h2.name)
    product.run("resched", str(live))
    vm = product.eventually(lambda: product.vm(live), lambda seen: "no other host is on" in seen["message"])
    assert vm["resched"]
    assert re.search(rf"\*{vm['name']}", product.run("list"))
    assert re.search(r"RESCHED +: Yes", product.run("show", str(live)))
    product.run("unresched", str(live))
    product.run("host", "enable", h2.name)
    product.settings(placement_period=0.2)
    time.sleep(1)  # five cycles of placement
    assert not product.vm(live)["resched"]
    assert not {"migrate", "live-migrate"} & {
        done["command"] for done in product.json("operation", "list", "--vm", str(live))
    }
    assert product.vm(live)["host"] == h1.name

    plan = product.run("host", "flush", h1.name, "--dry-run")
    assert [line.partition(":")[0] for line in plan.splitlines()] == [
        f"host {h1.name}", *(f"VM {number} ({product.vm(number)['name']})" for number in numbers)
    ]  # fmt: skip
    assert product.host(h1.name)["stat"] == "on"

    product.run("config", "set", "live_resched", "yes")
    product.run("host", "flush", h1.name, "--yes")
    for number, stat in ((live, "runn"), (off, "poff")):
        vm = product.eventually(
            lambda number=number: product.vm(number),  # type: ignore[misc]
            lambda seen, stat=stat: seen["host"] == h2.name and seen["stat"] == stat,  # type: ignore[misc]
        )
        assert not vm["resched"]
    assert h1.domains("--all") == set()
    assert h2.domains() == {f"one-{live}"}
    assert positions(newest(product, live, "live-migrate"))[0] == "MIGRATE"
    assert product.host(h1.name)["running_vms"] == 0

    product.run("config", "set", "live_resched", "no")
    product.run("host", "enable", h1.name)
    product.run("resched", str(live))
    product.eventually(lambda: product.vm(live), lambda seen: seen["host"] == h1.name and seen["stat"] == "runn")
    assert positions(newest(product, live, "migrate"))[0] == "SAVE_MIGRATE"
    product.settings(placement_period=1)
    for number in numbers:
        product.run("terminate", "--hard", str(number))


def test_a_vm_whose_network_is_off_says_how_to_start_it_and_then_boots(session_lab: Lab, product: Product) -> None:
    for host in session_lab.hosts:
        host.virsh("net-destroy", "default")
    product.add_template("unplugged", 'CPU = "0.1"\nMEMORY = "32"\nNIC = [ NETWORK = "lan" ]')
    (number,) = product.instantiate("unplugged")
    vm = product.until(number, "fail")
    assert vm["lcm_state"] == "BOOT_FAILURE"
    assert re.search(r"network 'default' is not active; start it on h[12]: virsh net-start", vm["message"])
    shown = product.run("show", str(number))
    assert re.search(r"WAYS OUT +: recover --retry, --success, --recreate, --delete\n", shown)
    for host in session_lab.hosts:
        host.virsh("net-start", "default")
    act(product, session_lab, number, "recover --retry")
    assert product.vm(number)["message"] == ""
    product.run("terminate", "--hard", str(number))
