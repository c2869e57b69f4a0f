"""Domains that were there before us, or whose store was lost, become VMs like any other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from . import domains
from .guests import READY, GuestFiles, bare_xml, domain_xml
from .hosts import Host, Lab
from .product import Document, Product, known
from .witness import next_count

pytestmark = pytest.mark.lab


def legacy(host: Host, guest: GuestFiles, name: str, *, start: bool = True) -> Path:
    """Define a domain by hand, with a disk of its own; returns where the disk lies on this machine."""
    disk = host.folder / f"var/lib/libvirt/images/{name}.img"
    shutil.copy(guest.image, disk)
    host.virsh("define", "/dev/stdin", feed=domain_xml(name, disk=f"/var/lib/libvirt/images/{name}.img"))
    if start:
        host.virsh("start", name)
    return disk


def test_a_wild_domain_is_shown_imported_and_lives_like_any_vm(lab: Lab, guest: GuestFiles, tmp_path: Path) -> None:
    host = lab["h1"]
    disk = legacy(host, guest, "mail")
    host.virsh("define", "/dev/stdin", feed=bare_xml("idle"))
    uuid = host.virsh("domuuid", "mail")
    with Product(tmp_path) as ours:
        ours.settings(sweep_period=1, placement_period=1)
        ours.add_hosts(lab)
        wild = {domain["name"]: domain for domain in ours.host("h1")["wild_domains"]}
        assert {name: domain["power"] for name, domain in wild.items()} == {"mail": "running", "idle": "off"}
        assert (wild["mail"]["uuid"], wild["mail"]["vcpu"], wild["mail"]["memory_kib"]) == (uuid, 1, 96 * 1024)
        assert ours.json("host", "list")[0]["wild"] == 2
        assert ours.json("list") == []

        assert ours.run("host", "importvm", "h1", "mail") == "VM ID: 0\n"
        vm = ours.vm(0)
        assert (vm["name"], vm["stat"], vm["host"], vm["uuid"], vm["imported"]) == ("mail", "runn", "h1", uuid, True)
        assert [domain["name"] for domain in ours.host("h1")["wild_domains"]] == ["idle"]
        assert "VM_DUPLICATE" in ours.complaint("host", "importvm", "h1", "mail", status=5)
        assert "NO_DOMAIN" in ours.complaint("host", "importvm", "h1", "nobody", status=4)
        walk(ours, lab, 0, "mail")
        assert host.virsh("domuuid", "mail") == uuid
        ours.run("terminate", "0")
        assert ours.vm(0)["stat"] == "done"
        assert "mail" not in host.domains()
        assert disk.exists()
        assert disk.stat().st_size == guest.image.stat().st_size
        assert host.domains("--all") >= {"idle"}


def walk(ours: Product, lab: Lab, number: int, domain: str) -> None:
    """Take an imported VM that runs through everything but its end; its memory and its host stay what they are."""
    host = lab["h1"]
    host.serial(domain, "count ")
    count = next_count(host, domain)
    for command, stat in (("suspend", "susp"), ("resume", "runn"), ("stop", "stop"), ("resume", "runn")):
        ours.run(command, str(number))
        vm = ours.until(number, stat)
        assert power_of(vm, host, domain) == expected(stat), command
    assert count < next_count(host, domain) < count + 20
    vm = ours.vm(number)
    assert vm["host"] == host.name
    for command, stat in (("poweroff", "poff"), ("resume", "runn"), ("undeploy", "unde"), ("resume", "runn")):
        ours.run(command, str(number))
        vm = ours.until(number, stat)
        assert power_of(vm, host, domain) == expected(stat), command
        if stat == "runn":
            host.serial(domain, READY)
    assert vm["history"][-1]["action"] == "deploy"


def power_of(vm: Document, host: Host, domain: str) -> tuple[str, bool] | None:
    assert vm["host"] in (host.name, None)
    return domains.power(host, domain)


def expected(stat: str) -> tuple[str, bool]:
    """What virsh says of an imported domain: it keeps its definition wherever its VM rests."""
    return {
        "runn": ("running", False),
        "susp": ("shut off", True),
        "stop": ("shut off", True),
        "poff": ("shut off", False),
        "unde": ("shut off", False),
    }[stat]


def test_a_host_is_taken_on_with_everything_that_is_on_it(lab: Lab, guest: GuestFiles, tmp_path: Path) -> None:
    host = lab["h1"]
    legacy(host, guest, "works")
    for name in ("rests", "paused", "saved"):
        host.virsh("define", "/dev/stdin", feed=bare_xml(name))
    host.virsh("start", "paused")
    host.virsh("suspend", "paused")
    host.virsh("start", "saved")
    host.virsh("managedsave", "saved")
    with Product(tmp_path) as ours:
        assert "Imported: 4 VMs" in ours.run("host", "create", known(lab, host), "--name", "h1", "--import-all")
        found = {vm["name"]: vm for vm in ours.json("list")}
        assert {name: vm["stat"] for name, vm in found.items()} == {
            "works": "runn", "rests": "poff", "paused": "susp", "saved": "susp",
        }  # fmt: skip
        assert found["paused"]["paused"]
        assert ours.host("h1")["wild_domains"] == []
        for name in ("rests", "paused", "saved"):
            ours.run("resume", str(found[name]["id"]))
            assert ours.vm(found[name]["id"])["stat"] == "runn"
            assert domains.power(host, name) == ("running", False)


def test_what_a_lost_store_knew_comes_back_from_the_host(lab: Lab, guest: GuestFiles, tmp_path: Path) -> None:
    (tmp_path / "lost").mkdir(mode=0o700)
    (tmp_path / "found").mkdir(mode=0o700)
    with Product(tmp_path / "lost") as lost:
        lost.add_hosts(lab)
        lost.run("image", "create", "--name", "guest", "--path", guest.image, "--type", "os")
        lost.add_template("web", 'CPU = "0.5"\nMEMORY = "96"\nDISK = [ IMAGE = "guest" ]')
        lost.instantiate("web", "--multiple", "3", "--hold")
        lost.run("deploy", "2", "h1")
        lost.run("rename", "2", "shop")
        before = lost.vm(2)
    lost.store.unlink()
    with Product(tmp_path / "found") as ours:
        ours.settings(placement_period=1)
        for host in lab.hosts:
            ours.run("host", "create", known(lab, host), "--name", host.name, "--import-all")
        assert [vm["id"] for vm in ours.json("list")] == [2]
        vm = ours.vm(2)
        same = ("id", "uuid", "name", "stat", "host", "vcpu", "memory_max_kib", "cpu_reserved", "template", "imported")
        assert {key: vm[key] for key in same} == {key: before[key] for key in same}
        assert [disk["path"] for disk in vm["disks"]] == [disk["path"] for disk in before["disks"]]

        lab["h1"].serial("one-2", "count ")
        count = next_count(lab["h1"], "one-2")
        for command, stat in (("suspend", "susp"), ("resume", "runn"), ("stop", "stop"), ("resume", "runn")):
            ours.run(command, "2")
            vm = ours.until(2, stat)
            domains.check(lab, vm)
        assert count < next_count(lab[vm["host"]], "one-2")
        ours.run("terminate", "2")
        domains.check(lab, ours.vm(2))
        assert domains.files(lab) == set()
        ours.add_template("bare", 'CPU = "0.1"\nMEMORY = "32"')
        assert ours.instantiate("bare", "--hold") == [3]
