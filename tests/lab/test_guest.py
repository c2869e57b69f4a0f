from __future__ import annotations

import shutil
from pathlib import Path

from .guests import DEAF, READY, GuestFiles, build_guest, domain_xml
from .hosts import Lab
from .witness import eventually, next_count, start


def test_a_built_guest_is_not_built_again(guest: GuestFiles) -> None:
    before = guest.image.stat()
    assert build_guest() == guest
    assert guest.image.stat().st_mtime_ns == before.st_mtime_ns


def test_a_guest_boots_counts_and_obeys_the_power_button(lab: Lab, guest: GuestFiles) -> None:
    host = lab["h1"]
    start(host, domain_xml("web", files=guest))
    with host.console("web") as console:
        console.wait_for(READY, timeout=30)
        console.wait_for("count 2", timeout=10)
        host.virsh("shutdown", "web")
        console.wait_for("power button", timeout=10)
    assert eventually(lambda: not host.domains())


def test_the_deaf_guest_ignores_the_power_button(lab: Lab, guest: GuestFiles) -> None:
    host = lab["h1"]
    start(host, domain_xml("web", files=guest, parameters=DEAF))
    host.serial("web", until="count 2")
    host.virsh("shutdown", "web")
    host.serial("web", until="count 4")
    assert host.domains() == {"web"}


def test_the_disk_image_boots_with_no_file_of_the_host(lab: Lab, guest_image: Path) -> None:
    host = lab["h1"]
    shutil.copy(guest_image, host.folder / "var/lib/libvirt/images/web.img")
    start(host, domain_xml("web", disk="/var/lib/libvirt/images/web.img"))
    host.serial("web", until=READY)
    host.virsh("shutdown", "web")
    assert eventually(lambda: not host.domains())


def test_the_deaf_disk_image_ignores_the_power_button(lab: Lab, guest: GuestFiles) -> None:
    host = lab["h1"]
    shutil.copy(guest.deaf_image, host.folder / "var/lib/libvirt/images/web.img")
    start(host, domain_xml("web", disk="/var/lib/libvirt/images/web.img"))
    host.serial("web", until="count 1")
    host.virsh("shutdown", "web")
    host.serial("web", until="count 3")
    assert host.domains() == {"web"}


def test_the_count_goes_on_after_a_save_and_restore(lab: Lab, guest: GuestFiles) -> None:
    host = lab["h1"]
    host.virsh("define", "/dev/stdin", feed=domain_xml("web", files=guest))
    host.virsh("start", "web")
    host.serial("web", until="count 2\n")
    before = next_count(host, "web")
    host.virsh("managedsave", "web")
    assert host.domains() == set()
    host.virsh("start", "web")
    assert before < next_count(host, "web") <= before + 2


def test_the_shell_of_the_guest_keeps_a_word_on_a_data_disk(lab: Lab, guest: GuestFiles) -> None:
    host = lab["h1"]
    disk = host.folder / "var/lib/libvirt/images/data.img"
    disk.write_bytes(bytes(1024 * 1024))
    start(host, domain_xml("web", files=guest, disk="/var/lib/libvirt/images/data.img"))
    host.serial("web", until="count 1")
    host.serial("web", say="keep vda treasure", until="kept")
    host.virsh("destroy", "web")
    assert disk.read_bytes().startswith(b"treasure\n")
    start(host, domain_xml("web", files=guest, disk="/var/lib/libvirt/images/data.img"))
    host.serial("web", until="count 1")
    assert "kept treasure" in host.serial("web", say="keep vda", until="kept treasure")


def test_a_guest_gets_an_address_from_the_hosts_network(lab: Lab, guest: GuestFiles) -> None:
    host = lab["h1"]
    host.virsh("net-start", "default")
    start(host, domain_xml("web", files=guest, network="default"))
    assert "192.168.122." in host.serial("web", until="guest address 192.168.122.")


def test_a_guest_moves_alive_between_hosts(lab: Lab, guest: GuestFiles) -> None:
    h1, h2 = lab.hosts
    disk = lab.shared / "web.img"
    disk.write_bytes(bytes(1024 * 1024))
    start(h1, domain_xml("web", files=guest, disk=str(disk)))
    h1.serial("web", until="count 2\n")
    before = next_count(h1, "web")
    h1.virsh("migrate", "--live", "--p2p", "--unsafe", "web", "qemu+ssh://root@h2/system")
    assert (h1.domains(), h2.domains()) == (set(), {"web"})
    assert next_count(h2, "web") > before
