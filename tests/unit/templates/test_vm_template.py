"""VM templates with their meaning: what they stand for, and everything that is wrong with them at once."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.templates.devices import DiskSpec, NicSpec, VolatileType
from vmconsole.templates.errors import MOST_PROBLEMS, TemplateError
from vmconsole.templates.machine import GraphicsSpec, InputSpec, OsSpec
from vmconsole.templates.scheduled import ARGUMENTS, End, Repeat, ScheduledAction
from vmconsole.templates.syntax import parse
from vmconsole.templates.template import Template
from vmconsole.templates.vm import (
    MOST_OF_A_KIND,
    REPEATED_VECTORS,
    SINGLE_VECTORS,
    check,
    check_disk,
    check_nic,
    check_scheduled_action,
)

FULL = r"""
NAME = "web 1"
CPU = 0.5
VCPU = 2
MEMORY = 2g
DISK = [ IMAGE_ID = 4, SIZE = 2000, READONLY = yes, DISCARD = unmap, IO = native, DRIVER = qcow2 ]
DISK = [ IMAGE = "debian", IMAGE_UNAME = "ann", DEV_PREFIX = vd, CACHE = none ]
DISK = [ TYPE = swap, SIZE = 0.5g, TARGET = vdc ]
DISK = [ TYPE = FS, SIZE = 1t, FORMAT = raw, FS = ext4 ]
NIC = [ NETWORK = "public", NETWORK_UNAME = ann, IP = 10.0.0.1, MAC = 02:00:0C:00:4C:DD, MODEL = virtio ]
NIC = [ NETWORK_ID = 7, NAME = inner ]
NIC = [ NETWORK_MODE = auto ]
NIC = [ BRIDGE = br0 ]
NIC_ALIAS = [ NETWORK = public, PARENT = inner, IP = "2001:DB8::0:1" ]
OS = [ ARCH = x86_64, MACHINE = pc-q35-7.2, KERNEL = /boot/vmlinuz, INITRD = /boot/initrd, KERNEL_CMD = "ro quiet",
       ROOT = /dev/vda1, BOOT = "disk0, nic3,cdrom", UUID = C7A5FDBD-EDAF-9455-926A-D65C16DB1809, FIRMWARE = uefi ]
FEATURES = [ ACPI = yes, HYPERV = NO ]
INPUT = [ TYPE = tablet, BUS = usb ]
INPUT = [ TYPE = keyboard ]
GRAPHICS = [ TYPE = VNC, LISTEN = 0.0.0.0, PORT = 5905, PASSWD = "s3cret", KEYMAP = de-ch ]
CPU_MODEL = [ MODEL = host-passthrough ]
RAW = [ TYPE = kvm, DATA = "<devices><serial type='pty'/></devices>" ]
CONTEXT = [ NETWORK = YES, SSH_PUBLIC_KEY = "$USER[SSH_PUBLIC_KEY]" ]
USER_INPUTS = [ PW = "M|password|Root password" ]
SCHED_ACTION = [ ACTION = terminate, TIME = +3600 ]
SCHED_REQUIREMENTS = "NAME = \"kvm*\" & FREE_CPU > 50"
SCHED_DS_REQUIREMENTS = "FREE_MB > 1000"
SCHED_RANK = "- RUNNING_VMS"
ROOT_GENERATED_PASSWORD = "1234"
LABELS = [ A = 1 ]
VMID = 12
"""


def problems(text: str) -> list[str]:
    with pytest.raises(TemplateError) as caught:
        check(parse(text))
    return [str(problem) for problem in caught.value.problems]


def test_every_section_is_read_into_typed_values() -> None:
    vm = check(parse(FULL))
    assert (vm.name, vm.cpu, vm.vcpu, vm.memory_mib) == ("web 1", 0.5, 2, 2048)
    assert vm.disks == (
        DiskSpec(image_id=4, size_mib=2000, readonly=True, discard="unmap", io="native", format="qcow2"),
        DiskSpec(image="debian", image_owner="ann", prefix="vd", cache="none"),
        DiskSpec(volatile=VolatileType.SWAP, size_mib=512, target="vdc"),
        DiskSpec(volatile=VolatileType.FS, size_mib=1 << 20, format="raw", file_system="ext4"),
    )
    assert vm.nics == (
        NicSpec(network="public", network_owner="ann", ip="10.0.0.1", mac="02:00:0c:00:4c:dd", model="virtio"),
        NicSpec(network_id=7, name="inner"),
        NicSpec(automatic=True),
        NicSpec(bridge="br0"),
    )
    assert vm.aliases == (NicSpec(network="public", parent="inner", ip="2001:db8::1"),)
    assert vm.os == OsSpec(
        arch="x86_64",
        machine="pc-q35-7.2",
        kernel="/boot/vmlinuz",
        initrd="/boot/initrd",
        kernel_cmd="ro quiet",
        root="/dev/vda1",
        boot=("disk0", "nic3", "cdrom"),
        uuid="c7a5fdbd-edaf-9455-926a-d65c16db1809",
        firmware="UEFI",
    )
    assert vm.features == {"ACPI": True, "HYPERV": False}
    assert vm.inputs == (InputSpec("tablet", "usb"), InputSpec("keyboard"))
    assert vm.graphics == GraphicsSpec("vnc", "0.0.0.0", 5905, "s3cret", "de-ch")
    assert vm.cpu_model == "host-passthrough"
    assert vm.raw == "<devices><serial type='pty'/></devices>"
    assert vm.context == {"NETWORK": "YES", "SSH_PUBLIC_KEY": "$USER[SSH_PUBLIC_KEY]"}
    assert [question.name for question in vm.user_inputs] == ["PW"]
    assert vm.scheduled_actions == (ScheduledAction("terminate", (), 3600, True),)
    assert (vm.requirements, vm.rank) == ('NAME = "kvm*" & FREE_CPU > 50', "- RUNNING_VMS")
    assert vm.datastore_requirements == "FREE_MB > 1000"


def test_what_the_template_does_not_know_belongs_to_the_user() -> None:
    assert check(parse(FULL)).user.to_data() == {
        "SCHED_REQUIREMENTS": 'NAME = "kvm*" & FREE_CPU > 50',
        "SCHED_DS_REQUIREMENTS": "FREE_MB > 1000",
        "SCHED_RANK": "- RUNNING_VMS",
        "ROOT_GENERATED_PASSWORD": "1234",
        "LABELS": {"A": "1"},
    }


def test_memory_is_all_a_vm_needs() -> None:
    vm = check(parse("MEMORY=512"))
    assert (vm.name, vm.cpu, vm.vcpu, vm.memory_mib, vm.disks, vm.context) == (None, 1.0, 1, 512, (), None)
    assert (vm.requirements, vm.rank) == ("", "")


def test_what_a_running_guest_may_grow_to_is_no_less_than_what_it_has() -> None:
    spec = check(parse("VCPU = 2\nVCPU_MAX = 4\nMEMORY = 512\nMEMORY_MAX = 1g"))
    assert (spec.vcpu_max, spec.memory_max_mib) == (4, 1024)
    plain = check(parse("MEMORY = 512"))
    assert (plain.vcpu_max, plain.memory_max_mib) == (None, None)
    with pytest.raises(TemplateError) as refused:
        check(parse("VCPU = 2\nVCPU_MAX = 1\nMEMORY = 512\nMEMORY_MAX = 256"))
    assert [str(problem) for problem in refused.value.problems] == [
        "line 2, column 1: VCPU_MAX: is less than VCPU, 2",
        "line 4, column 1: MEMORY_MAX: is less than MEMORY, 512",
    ]


def test_every_problem_of_a_template_is_listed_with_its_place() -> None:
    found = problems(
        'NAME = "-x"\n'
        "CPU = 1\n"
        "CPU = -1\n"
        "MEMORY = lots\n"
        "VCPU = 0\n"
        "DISK = [ IMAGE = a, IMAGE_ID = 1, SZIE = 3 ]\n"
        "DISK = [ TYPE = fs ]\n"
        "DISK = x\n"
        "NIC = [ MAC = 01:00:0c:00:4c:dd,\n"
        "  IP = 10.0.0.300 ]\n"
        'OS = [ KERNEL = "/boot/../../etc/x", BOOT = "disk7" ]\n'
        "GRAPHICS = [ PORT = 99999 ]\n"
        'SCHED_REQUIREMENTS = "NAME ~ 3"\n'
        'USER_INPUTS = [ A = "X|text|" ]\n'
    )
    places = [line.split(": ")[0] + ": " + line.split(": ")[1] for line in found]
    assert places == [
        "line 1, column 1: NAME",
        "line 3, column 1: CPU",
        "line 3, column 1: CPU is given more than once",
        "line 4, column 1: MEMORY",
        "line 5, column 1: VCPU",
        "line 6, column 1: DISK",
        "line 6, column 35: DISK/SZIE",
        "line 7, column 1: DISK",
        "line 8, column 1: DISK",
        "line 9, column 1: NIC",
        "line 9, column 9: NIC/MAC",
        "line 10, column 3: NIC/IP",
        "line 11, column 8: OS/KERNEL",
        "line 11, column 38: OS/BOOT",
        "line 12, column 1: GRAPHICS",
        "line 12, column 14: GRAPHICS/PORT",
        "line 13, column 1: SCHED_REQUIREMENTS",
        "line 14, column 17: USER_INPUTS/A",
    ]
    assert "line 6, column 35: DISK/SZIE: DISK has no such attribute; did you mean SIZE?" in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "MEMORY: is missing"),
        ("MEMORY = [ A = 1 ]", "MEMORY: expected a single value"),
        ("MEMORY = -512", "'-512' is not a size"),
        ("CPU = 0", "CPU: expected a number greater than 0"),
        ("CPU = nan", "CPU: expected a number greater than 0"),
        ("CPU = 1e3", "CPU: expected a number greater than 0"),
        ("VCPU = 1.5", "VCPU: expected a whole number"),
        ("VCPU = ٣", "VCPU: expected a whole number"),
        ("OS = x", "OS: expected a vector"),
        ("OS=[ARCH=a]\nOS=[ARCH=b]", "OS is given more than once"),
        ("SCHED_RANK=1\nSCHED_RANK=2", "SCHED_RANK is given more than once"),
        ("SCHED_RANK = FREE_CPU *", "SCHED_RANK: at character 11"),
        ("SCHED_DS_RANK = [ A = 1 ]", "SCHED_DS_RANK: expected a text"),
        ("DISK = []", "exactly one of IMAGE, IMAGE_ID and TYPE, found none"),
        ("DISK = [ TYPE = fs, SIZE = -5 ]", "DISK/SIZE: '-5' is not a size"),
        ("DISK = [ TYPE = floppy, SIZE = 5 ]", "DISK/TYPE: expected one of fs, swap"),
        ("DISK = [ IMAGE_ID = -4 ]", "DISK/IMAGE_ID: expected a whole number"),
        ("DISK = [ IMAGE_ID = 4, IMAGE_UNAME = ann ]", "DISK/IMAGE_UNAME"),
        ("DISK = [ IMAGE_ID = 4, CACHE = fast ]", "DISK/CACHE: expected one of default, none"),
        ("DISK = [ IMAGE_ID = 4, TARGET = ../vda ]", "DISK/TARGET: expected a device"),
        ("DISK = [ IMAGE_ID = 4, READONLY = perhaps ]", "DISK/READONLY: expected YES or NO"),
        ("DISK = [ IMAGE_ID = 4, DRIVER = raw, FORMAT = qcow2 ]", "DISK/FORMAT: DRIVER says 'raw'"),
        ("DISK=[IMAGE_ID=1,TARGET=vda]\nDISK=[IMAGE_ID=2,TARGET=vda]", "DISK/TARGET: vda is given 2 times"),
        ("NIC = [ NETWORK = a, NETWORK_ID = 1 ]", "found NETWORK and NETWORK_ID"),
        ("NIC = [ NETWORK_ID = 1, NETWORK_UNAME = a ]", "NIC/NETWORK_UNAME"),
        ("NIC = [ NETWORK_ID = 1, MAC = 02-00-0c-00-4c-dd ]", "NIC/MAC: expected a MAC address"),
        ("NIC = [ NETWORK_ID = 1, IP = 10.0.0.1/24 ]", "NIC/IP: expected an IP address"),
        ("NIC = [ NETWORK_ID = 1, IP = fe80::1%eth0 ]", "NIC/IP: expected an IP address"),
        ("NIC = [ NETWORK_ID = 1, PARENT = NIC0 ]", "NIC/PARENT: NIC has no such attribute"),
        ('NIC = [ NETWORK_ID = 1, BRIDGE = "br0; reboot" ]', "NIC/BRIDGE: expected a name"),
        ("NIC=[NETWORK_ID=1,MAC=02:00:00:00:00:01]\nNIC=[NETWORK_ID=1,MAC=02:00:00:00:00:01]", "NIC/MAC: 02"),
        ("NIC_ALIAS = [ NETWORK = a ]", "an alias needs the PARENT"),
        ("NIC_ALIAS = [ NETWORK = a, PARENT = NIC0 ]", "there is no NIC named NIC0"),
        ("OS = [ KERNEL = boot/vmlinuz ]", "OS/KERNEL: expected an absolute path"),
        ('OS = [ KERNEL = "/a\tb" ]', "OS/KERNEL: expected a text on one line"),
        ("OS = [ KERNEL_CMD = ro ]", "OS/KERNEL_CMD: is only used together with KERNEL"),
        ('OS = [ BOOT = "hd,hd" ]', "OS/BOOT: expected distinct devices"),
        ("OS = [ BOOT = usb ]", "OS/BOOT: expected distinct devices"),
        ("OS = [ UUID = 123 ]", "OS/UUID: expected a UUID"),
        ("OS = [ FIRMWARE = ../x ]", "OS/FIRMWARE: expected one of BIOS, UEFI"),
        ("GRAPHICS = [ TYPE = rdp ]", "GRAPHICS/TYPE: expected one of vnc"),
        ("GRAPHICS = [ TYPE = vnc, PORT = -1 ]", "GRAPHICS/PORT: expected a whole number"),
        ("GRAPHICS = [ TYPE = vnc, LISTEN = 300.0.0.1 ]", "GRAPHICS/LISTEN: expected an IP address"),
        ('GRAPHICS = [ TYPE = vnc, PASSWD = "a\nb" ]', "GRAPHICS/PASSWD: expected a text on one line"),
        ("INPUT = [ BUS = usb ]", "INPUT: needs a TYPE"),
        ("FEATURES = [ ACIP = yes ]", "did you mean ACPI?"),
        ('CPU_MODEL = [ MODEL = "x\'/>" ]', "CPU_MODEL/MODEL: expected a name"),
        ("RAW = [ TYPE = xen, DATA = x ]", "RAW/TYPE: expected one of kvm, qemu"),
    ],
)
def test_a_value_without_meaning_is_refused(text: str, problem: str) -> None:
    memory = "" if not text or text.startswith("MEMORY") else "MEMORY = 512\n"
    found = problems(memory + text)
    assert len(found) == 1
    assert problem in found[0]


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ('ACTION=suspend, TIME="1600000000"', ScheduledAction("suspend", (), 1600000000, False)),
        ("ACTION=shutdown-hard, TIME=+5", ScheduledAction("terminate-hard", (), 5, True)),
        ("ACTION=snapshot-create, TIME=1", ScheduledAction("snapshot-create", (), 1, False)),
        (
            'ACTION=disk-snapshot-create, ARGS="0, before", TIME=1, REPEAT=0, DAYS="5,1,1", END_TYPE=1, END_VALUE=5',
            ScheduledAction("disk-snapshot-create", ("0", "before"), 1, False, Repeat.WEEKLY, (1, 5), End.TIMES, 5),
        ),
        (
            "ID=3, ACTION=hold, TIME=1, REPEAT=3, DAYS=168, END_TYPE=2, END_VALUE=1700000000, DONE=1, MESSAGE=x",
            ScheduledAction("hold", (), 1, False, Repeat.HOURLY, (168,), End.DATE, 1700000000),
        ),
        (
            "ACTION=hold, TIME=1, REPEAT=2, DAYS=0, END_TYPE=0",
            ScheduledAction("hold", (), 1, False, Repeat.YEARLY, (0,)),
        ),
    ],
)
def test_a_scheduled_action_is_read(text: str, action: ScheduledAction) -> None:
    assert check_scheduled_action(parse(f"SCHED_ACTION=[{text}]")) == action


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("TIME=1", "needs ACTION"),
        ("ACTION=hold", "needs TIME"),
        ("ACTION=explode, TIME=1", "'explode' cannot be scheduled"),
        ("ACTION=hold, TIME=soon", "expected Unix seconds"),
        ("ACTION=hold, TIME=++5", "expected Unix seconds"),
        ('ACTION=hold, TIME="-5"', "expected Unix seconds"),
        ("ACTION=hold, TIME=+99999999999999", "expected Unix seconds"),
        ("ACTION=hold, TIME=1, REPEAT=4, DAYS=1", "expected a whole number from 0 to 3"),
        ("ACTION=hold, TIME=1, REPEAT=0", "needs DAYS"),
        ("ACTION=hold, TIME=1, REPEAT=0, DAYS=7", "from 0 to 6"),
        ("ACTION=hold, TIME=1, REPEAT=1, DAYS=0", "from 1 to 31"),
        ("ACTION=hold, TIME=1, REPEAT=2, DAYS=366", "from 0 to 365"),
        ("ACTION=hold, TIME=1, REPEAT=3, DAYS=0", "from 1 to 168"),
        ('ACTION=hold, TIME=1, REPEAT=3, DAYS="1,2"', "takes one number"),
        ("ACTION=hold, TIME=1, DAYS=1", "only used together with REPEAT"),
        ("ACTION=hold, TIME=1, END_TYPE=3", "from 0 to 2"),
        ("ACTION=hold, TIME=1, END_TYPE=1", "need END_VALUE"),
        ("ACTION=hold, TIME=1, END_TYPE=1, END_VALUE=0", "expected a whole number from 1"),
        ("ACTION=hold, TIME=1, END_VALUE=5", "only used together with END_TYPE"),
        ("ACTION=hold, TIME=1, ARGS=3", "hold takes no arguments"),
        ("ACTION=snapshot-revert, TIME=1", "snapshot-revert takes snapshot id"),
        ("ACTION=snapshot-revert, TIME=1, ARGS=x", "expected a snapshot id"),
        ("ACTION=disk-snapshot-create, TIME=1, ARGS=0", "takes disk id, name"),
        ("ACTION=backup, TIME=1", "backup takes datastore id"),
    ],
)
def test_a_scheduled_action_that_makes_no_sense_is_refused(text: str, problem: str) -> None:
    with pytest.raises(TemplateError, match=problem) as caught:
        check_scheduled_action(parse(f"SCHED_ACTION=[{text}]"))
    assert len(caught.value.problems) == 1


def test_the_number_of_devices_is_bounded() -> None:
    assert len(check(parse("MEMORY=1\n" + "DISK=[IMAGE_ID=1]\n" * MOST_OF_A_KIND)).disks) == MOST_OF_A_KIND
    assert problems("MEMORY=1\n" + "DISK=[IMAGE_ID=1]\n" * (MOST_OF_A_KIND + 1)) == [
        "line 514, column 1: DISK: a VM has at most 512, found 513"
    ]


def test_what_was_checked_does_not_change_with_the_template() -> None:
    template = parse("MEMORY=1\nLABELS=[A=1]")
    vm = check(template)
    template.vectors("LABELS")[0]["A"] = "2"
    assert vm.user.to_data() == {"LABELS": {"A": "1"}}


def test_an_attachment_is_exactly_one_disk_or_card() -> None:
    assert check_disk(parse("DISK=[IMAGE_ID=1]")) == DiskSpec(image_id=1)
    assert check_nic(parse("NIC=[NETWORK_ID=1]")) == NicSpec(network_id=1)
    assert check_nic(parse("NIC_ALIAS=[NETWORK_ID=1, PARENT=NIC0]")) == NicSpec(network_id=1, parent="NIC0")
    for text in (
        "",
        "DISK=[IMAGE_ID=1]\nDISK=[IMAGE_ID=2]",
        "DISK=[IMAGE_ID=1]\nCPU=1",
        "NIC=[NETWORK_ID=1]",
        "DISK=1",
    ):
        with pytest.raises(TemplateError):
            check_disk(parse(text))


def test_problems_of_a_template_without_text_name_the_attribute() -> None:
    with pytest.raises(TemplateError) as caught:
        check(Template.from_data({"MEMORY": 512, "DISK": [{"IMAGE_ID": "x"}]}))
    assert str(caught.value).startswith("DISK/IMAGE_ID: expected a whole number")


def assert_lists_problems(error: TemplateError) -> None:
    assert error.problems
    assert all(problem.message for problem in error.problems)


values = st.text(max_size=6) | st.sampled_from(
    ["1", "-1", "+5", "vda", "fs", "auto", "1,2", "NIC0", "10.0.0.1", "disk0"]
)
attributes = st.sampled_from(
    [
        *(
            "IMAGE",
            "IMAGE_ID",
            "TYPE",
            "SIZE",
            "TARGET",
            "NETWORK",
            "NETWORK_ID",
            "IP",
            "MAC",
            "PARENT",
            "NAME",
            "BOOT",
        ),
        *("ACTION", "TIME", "REPEAT", "DAYS", "END_TYPE", "END_VALUE", "ARGS", "A"),
    ]
)
sections = st.sampled_from(sorted(SINGLE_VECTORS | REPEATED_VECTORS))


@given(st.lists(st.tuples(sections, st.dictionaries(attributes, values, max_size=4)), max_size=5))
def test_any_sections_are_accepted_or_refused_with_problems(pairs: list[tuple[str, dict[str, str]]]) -> None:
    template = Template()
    try:
        for key, vector in pairs:
            template.add(key, vector)
        template.add("MEMORY", "512")
        vm = check(template)
    except TemplateError as err:
        assert_lists_problems(err)
    else:
        assert len(vm.disks) == sum(key == "DISK" for key, _ in pairs)


def test_every_schedulable_action_is_accepted_with_its_arguments() -> None:
    for action, arguments in ARGUMENTS.items():
        args = ",".join("1" for _ in arguments)
        text = f'SCHED_ACTION=[ACTION={action}, TIME=1, ARGS="{args}"]'
        assert check_scheduled_action(parse(text)).args == ("1",) * len(arguments)


@pytest.mark.parametrize(
    "text",
    [
        "DISK=[IMAGE_ID=x,Q=1]\n" * 40_000,
        "MEMORY=1\nDISK=[" + ",".join(f"A{number}=1" for number in range(90_000)) + "]",
        "MEMORY=1\n" + "".join(f"DISK=[IMAGE_ID=1,TARGET=vd{'abc'[number % 3]}]\n" for number in range(30_000)),
        "MEMORY=1\n" * 100_000,
        "MEMORY=1\n" + "NIC_ALIAS=[NETWORK=a,PARENT=b]\n" * 30_000,
    ],
)
def test_a_megabyte_of_wrong_sections_is_refused_within_seconds(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(TemplateError) as caught:
        check(parse(text))
    assert time.perf_counter() - started < 5
    assert len(caught.value.problems) <= MOST_PROBLEMS
