from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.base import DiskKind, DiskSpec, DomainSeen, DomainState, GraphicsSpec, InvalidInput, NicSpec, Power, Tag
from backends.libvirt import device_xml, domain_reading, domain_xml, tags, xml

from .specs import KVM_HOST, SPEC, TAG, UUID

STATE = DomainState(UUID, "one-7", Power.SHUTOFF, 0)


def seen(text: str) -> DomainSeen:
    return domain_reading.seen(text, STATE, persistent=True, has_saved_memory=False)


def built(**changes: object) -> ET.Element:
    return ET.fromstring(domain_xml.build(replace(SPEC, **changes), KVM_HOST))  # type: ignore[arg-type]


def test_what_is_defined_is_what_is_read_back() -> None:
    back = seen(domain_xml.build(SPEC, KVM_HOST))
    assert (back.memory_kib, back.vcpus, back.title, back.tag) == (65536, 2, "web", TAG)
    assert [(d.target, d.source, d.format, d.bus) for d in back.disks] == [
        ("vda", "/pool/a.qcow2", "qcow2", "virtio")
    ]  # fmt: skip
    assert [(n.mac, n.source_kind, n.source, n.model) for n in back.nics] == [
        ("52:54:00:00:00:01", "network", "default", "virtio")
    ]


def test_every_domain_has_a_serial_console_and_reports_its_memory() -> None:
    domain = built()
    assert domain.find("devices/serial[@type='pty']") is not None
    assert domain.find("devices/console[@type='pty']/target[@type='serial']") is not None
    assert domain.find("devices/memballoon/stats[@period='5']") is not None
    assert domain.findtext("on_crash") == "destroy"


@given(st.text(max_size=50), st.text(max_size=50))
def test_text_of_users_stays_text(title: str, record: str) -> None:
    spec = replace(SPEC, title=title, tag=replace(TAG, record=record))
    try:
        text = domain_xml.build(spec, KVM_HOST)
    except InvalidInput:
        return
    domain = ET.fromstring(text)
    assert domain.findtext("name") == "one-7"
    assert len(domain.findall("devices")) == 1
    assert (domain.findtext("title") or "") == " ".join(title.split())


@given(st.text(max_size=70))
def test_a_name_is_taken_as_it_is_or_refused(name: str) -> None:
    try:
        domain = built(name=name)
    except InvalidInput:
        return
    assert domain.findtext("name") == name
    assert name.isascii()
    assert name.isprintable()
    assert name[0].isalnum()


@pytest.mark.parametrize(
    "name", ["", "-n", " lead", "a/b", "..", "a\n", "x</name><name>y", "a" * 64, "\u202eevil", "é"]
)
def test_a_name_that_libvirt_would_take_badly_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        built(name=name)


def test_a_control_character_in_a_value_is_refused() -> None:
    with pytest.raises(InvalidInput):
        built(kernel_cmd="a\x1bb")


def test_a_cdrom_is_read_only_and_never_on_virtio() -> None:
    disk = built(disks=(DiskSpec("sda", "", "raw", kind=DiskKind.CDROM),)).find("devices/disk")
    assert disk is not None
    assert disk.get("device") == "cdrom"
    assert disk.find("source") is None
    assert disk.find("readonly") is not None
    assert xml.attribute(disk, "target", "bus") == "sata"


def test_a_device_file_is_a_block_disk() -> None:
    disk = built(disks=(DiskSpec("vda", "/dev/vg/lv", "raw"),)).find("devices/disk")
    assert disk is not None
    assert (disk.get("type"), xml.attribute(disk, "source", "dev")) == ("block", "/dev/vg/lv")


def test_a_network_interface_of_the_user_kind_has_no_source() -> None:
    nic = built(nics=(NicSpec("52:54:00:00:00:01", "user", ""),)).find("devices/interface")
    assert nic is not None
    assert nic.find("source") is None


@pytest.mark.parametrize("shares", [0, 1, 262144])
def test_cpu_weight_is_kept_within_what_both_cgroup_versions_take(shares: int) -> None:
    assert 2 <= int(built(cpu_shares=shares).findtext("cputune/shares") or 0) <= 10_000


def test_a_foreign_architecture_is_emulated() -> None:
    assert built(arch="aarch64").get("type") == "qemu"
    assert built(arch="x86_64").get("type") == "kvm"


def test_room_to_grow_is_left_where_it_is_wanted() -> None:
    grown = seen(domain_xml.build(replace(SPEC, vcpus_max=8, memory_max_kib=131072), KVM_HOST))
    assert (grown.vcpus, grown.vcpus_max, grown.memory_kib, grown.memory_max_kib) == (2, 8, 65536, 131072)
    plain = seen(domain_xml.build(replace(SPEC, vcpus_max=1, memory_max_kib=1024), KVM_HOST))
    assert (plain.vcpus, plain.vcpus_max, plain.memory_kib, plain.memory_max_kib) == (2, 2, 65536, 65536)


def test_a_disk_that_is_pointed_elsewhere_forgets_what_it_lay_on() -> None:
    disk = ET.fromstring(
        "<disk type='block'><driver name='qemu' type='raw' cache='none'/><source dev='/dev/x'/>"
        "<backingStore type='file'><source file='/b'/><backingStore/></backingStore><target dev='vda'/></disk>"
    )
    device_xml.point_at(disk, "/pool/a", "qcow2")
    assert (disk.get("type"), device_xml.source_of(disk)) == ("file", "/pool/a")
    assert [(child.tag, child.get("type"), child.get("cache")) for child in disk if child.tag == "driver"] == [
        ("driver", "qcow2", "none")
    ]
    assert disk.find("backingStore") is None
    device_xml.point_at(disk, "", "raw")
    assert device_xml.source_of(disk) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"firmware": "coreboot"},
        {"nics": (NicSpec("52:54:00:00:00:01", "direct", "eth0"),)},
        {"graphics": (GraphicsSpec("sdl"),)},
        {"tag": Tag("i", 1, 1, "", "x" * 5000)},
    ],
)
def test_what_is_not_offered_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        built(**changes)


def test_a_password_is_not_in_the_representation_of_a_specification() -> None:
    assert "hidden" not in repr(SPEC)


def test_cpu_weight_can_be_taken_out_again() -> None:
    text = domain_xml.without_cpu_shares(domain_xml.build(SPEC, KVM_HOST))
    assert text is not None
    assert "shares" not in text
    assert domain_xml.without_cpu_shares(text) is None


def test_a_saved_domain_follows_its_disks_and_gets_the_new_tag() -> None:
    newer = replace(TAG, generation=4)
    spec = replace(
        SPEC,
        disks=(replace(SPEC.disks[0], source="/other/a.qcow2"),),
        nics=(replace(SPEC.nics[0], source="lan"),),
        tag=newer,
    )
    text = domain_xml.moved(domain_xml.build(SPEC, KVM_HOST), spec)
    back = seen(text)
    assert (back.disks[0].source, back.nics[0].source, back.tag) == ("/other/a.qcow2", "lan", newer)
    assert len(ET.fromstring(text).findall(f"metadata/{{{tags.NAMESPACE}}}tag")) == 1
    assert "hidden" in text


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE d [<!ENTITY a "b">]><domain>&a;</domain>',
        '<?xml version="1.0"?><!DOCTYPE d SYSTEM "file:///etc/passwd"><domain/>',
        "<domain>&nosuch;</domain>",
        "<domain>",
        "",
        "<domain>" + " " * xml.MAX_BYTES + "</domain>",
    ],
    ids=["entity", "external", "undeclared", "open", "empty", "huge"],
)
def test_dangerous_or_broken_xml_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        seen(text)


def test_a_foreign_or_damaged_tag_is_no_tag() -> None:
    fragment = f'<tag xmlns="{tags.NAMESPACE}" instance="x" vm="seven" generation="1"/>'
    assert seen(f"<domain><metadata>{fragment}</metadata></domain>").tag is None
    assert seen("<domain><metadata><tag instance='x'/></metadata></domain>").tag is None


@given(st.recursive(st.text("<>&'\"/ab= ", max_size=20), lambda inner: st.builds("<a>{}</a>".format, inner)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        seen(f"<domain>{text}</domain>")
    except InvalidInput:
        return


def test_raw_elements_are_added_to_the_sections_that_are_there() -> None:
    raw = (
        "<devices><watchdog model='i6300esb'/></devices><sysinfo type='smbios'/>"
        "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-s'/></q:commandline>"
    )
    domain = built(raw=raw)
    assert len(domain.findall("devices")) == 1
    assert domain.find("devices/watchdog[@model='i6300esb']") is not None
    assert domain.find("devices/disk") is not None
    assert domain.find("sysinfo[@type='smbios']") is not None
    assert domain.find("{http://libvirt.org/schemas/domain/qemu/1.0}commandline") is not None


@pytest.mark.parametrize("raw", ["<devices>", "</pieces><name>x</name>", "<!DOCTYPE x><devices/>", "</domain>"])
def test_raw_text_that_is_no_sequence_of_elements_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInput):
        built(raw=raw)
