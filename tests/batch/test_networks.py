"""Networks, groups, images, configuration and reports as commands check and print them, before any controller acts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.batch import rows
from tests.batch.conftest import Program
from tests.batch.rows import NOW, ROOT
from tests.batch.test_permissions import listed, prepared, status
from vmconsole.batch.run import COMMON
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.parsing import parse
from vmconsole.commands.results import Listing, Sheet
from vmconsole.commands.user import check_name
from vmconsole.errors import BadInput, Denied, Usage, VmconsoleError
from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import User
from vmconsole.templates import syntax
from vmconsole.templates.network import check_network


@pytest.fixture
def owner(session: Session) -> User:
    rows.host(session, 0, "h0")
    return rows.user(session, 1, "owner")


def read(session: Session, line: str, user: User = ROOT) -> Any:
    """What a reading command answers."""
    command, rest = registry.find(line.split())
    return command.read(Context(session, user, "batch", lambda: NOW), parse(command, rest, common=COMMON))


def refused(session: Session, line: str, user: User = ROOT) -> VmconsoleError:
    with pytest.raises(VmconsoleError) as caught:
        prepared(session, user, line)
    return caught.value


# Networks -------------------------------------------------------------------------------------------------------


def test_a_network_of_options_is_the_one_of_a_file(session: Session, tmp_path: Path) -> None:
    path = tmp_path / "lan.net"
    path.write_text(
        'NAME = "lan"\nBRIDGE = "br0"\nGATEWAY = "10.0.0.1"\nNETWORK_MASK = "255.0.0.0"\nDNS = "10.0.0.2"\n'
        'AR = [ TYPE = "IP4", IP = "10.0.0.10", SIZE = "20" ]\n'
    )
    options = "--name lan --bridge br0 --gateway 10.0.0.1 --netmask 255.0.0.0 --dns 10.0.0.2 --ip 10.0.0.10 --size 20"
    specs = [
        check_network(syntax.parse(prepared(session, ROOT, f"network create {words}")[0].arguments["template"]))
        for words in (str(path), options)
    ]
    assert specs[0] == specs[1]
    assert (specs[0].kind, specs[0].source, specs[0].ranges[0].size) == ("bridge", "br0", 20)


def test_a_network_that_cannot_be_is_refused_before_anything_is_queued(session: Session) -> None:
    error = refused(session, "network create --name lan --bridge br0 --ip 10.0.0.1")
    assert isinstance(error, BadInput)
    assert "SIZE" in error.message


def test_show_tells_a_networks_ranges_and_who_has_which_address(session: Session, owner: User) -> None:
    rows.insert(session, "address_range", network_id=0, range_id=0, ip="10.0.0.8", size=8)
    rows.vm(session, 4, "web", at.RUNNING, host_id=0)
    for ip, mac in (("10.0.0.10", "02:00:0a:00:00:0a"), ("10.0.0.9", "02:00:0a:00:00:09")):
        rows.insert(session, "network_lease", network_id=0, mac=mac, ip=ip, vm_id=4, nic_id=0)
    answer = read(session, "network show default", owner)
    assert isinstance(answer, Sheet)
    document = answer.documents()
    assert document["ranges"] == [
        {"id": 0, "first": "10.0.0.8", "last": "10.0.0.15", "size": 8, "used": 2, "mac": "of the IP"}
    ]
    assert [(lease["ip"], lease["vm"], lease["vm_name"]) for lease in document["leases"]] == [
        ("10.0.0.9", 4, "web"), ("10.0.0.10", 4, "web"),
    ]  # fmt: skip
    assert [row["leases"] for row in read(session, "network list").documents()] == [2]


# Who may --------------------------------------------------------------------------------------------------------


GUARDED = (
    "network create --name lan --bridge br0", "network addar default --ip 10.0.0.1 --size 2", "network delete default",
    "user create ann", "user chgrp owner oneadmin", "user addgroup owner oneadmin", "user delgroup owner users",
    "group create team", "host flush h0", "image chown disk owner", "image chmod disk 644", "image rename disk other",
    "image disable disk", "image clone disk copy",
)  # fmt: skip


def test_what_is_for_administrators_or_the_owner_is_refused_to_others(session: Session, owner: User) -> None:
    rows.insert(
        session, "image", id=0, name="disk", user_id=0, group_id=0, mode=0o600, datastore_id=1, type="OS", state="rdy",
        registered=NOW,
    )  # fmt: skip
    assert {line: status(session, owner, line) for line in GUARDED} == dict.fromkeys(GUARDED, 77)
    assert {line: status(session, ROOT, line) for line in GUARDED} == dict.fromkeys(GUARDED, 0)


@pytest.mark.parametrize("name", ["", "7", "a b", "-x", "a/b", "ä", "a" * 65])
def test_a_name_no_login_can_have_is_refused(name: str) -> None:
    with pytest.raises(BadInput):
        check_name("user", name)


# Flush ----------------------------------------------------------------------------------------------------------


def test_a_flush_disables_the_host_and_asks_only_those_to_move_that_can(session: Session) -> None:
    for number in (0, 1):
        rows.host(session, number, f"h{number}")
    for number, place in enumerate((at.RUNNING, at.POWEROFF, at.UNKNOWN, at.SUSPENDED, at.RUNNING)):
        rows.vm(session, number, f"vm-{number}", place, host_id=int(number == 4))
    requests = prepared(session, ROOT, "host flush h0")
    assert [(request.command, request.vm_id) for request in requests] == [
        ("host.disable", None), ("resched", 0), ("resched", 1), ("resched", 2), ("resched", 3),
    ]  # fmt: skip
    assert [bool(request.already) for request in requests] == [False, False, False, False, True]
    assert "SUSPENDED" in requests[4].already


def test_a_flush_says_beforehand_where_each_vm_goes_or_why_it_stays(session: Session) -> None:
    for number in range(3):
        rows.host(session, number, f"h{number}")
    rows.insert(session, "cluster", id=1, name="east")
    with session.write():
        session.execute("UPDATE host SET cluster_id = 1 WHERE id = 2")
    rows.vm(session, 9, "there", at.RUNNING, host_id=1)
    picky = {"SCHED_REQUIREMENTS": 'CLUSTER = "east"'}
    rows.vm(session, 0, "large", at.RUNNING, host_id=0, cpu=6.0)
    rows.vm(session, 1, "picky", at.RUNNING, host_id=0, attributes=picky)
    rows.vm(session, 2, "wide", at.RUNNING, host_id=0, cpu=3.0)
    rows.vm(session, 3, "netted", at.RUNNING, host_id=0)
    nic = {"network_id": 0, "source_kind": "network", "source": "default", "mac": "02:00:00:00:00:01"}
    rows.insert(session, "nic", vm_id=3, nic_id=0, **nic)
    rows.vm(session, 4, "mine", at.RUNNING, host_id=0, imported=1)
    plan = {request.vm_id: request.caveats for request in prepared(session, ROOT, "host flush h0")[1:]}
    assert plan == {
        0: ("it goes to h2, as things are now",),  # it has no VMs yet
        1: ("it goes to h2, as things are now",),
        2: ("it goes to h1, as things are now",),  # there are fewer than on h2 by now
        3: ("it goes to h1, as things are now",),  # its network does not serve east
        4: ("it stays: its disks lie there and are not ours to move",),
    }


# Configuration --------------------------------------------------------------------------------------------------


@pytest.fixture
def configured(session: Session, owner: User) -> User:
    template = {"MEMORY": "64", "GRAPHICS": {"TYPE": "vnc", "PASSWD": "old"}}
    for number, place in enumerate((at.POWEROFF, at.SUSPENDED)):
        rows.vm(session, number, f"vm-{number}", place, host_id=0, user_id=1, template=template)
    return owner


def change(folder: Path, text: str) -> Path:
    path = folder / "change"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('CPU = "2"', BadInput), ('DISK = [ TYPE = "fs", SIZE = "1" ]', BadInput), ("", BadInput),
        ('GRAPHICS = [ TYPE = "telepathy" ]', BadInput), ('OS = [ BOOT = "disk7" ]', BadInput),
        ('RAW = [ TYPE = "kvm", DATA = "<devices/>" ]', Denied),
    ],
)  # fmt: skip
def test_updateconf_refuses_what_is_not_to_be_changed(
    session: Session, configured: User, tmp_path: Path, text: str, error: type[VmconsoleError]
) -> None:
    assert isinstance(refused(session, f"updateconf 0 {change(tmp_path, text)}", configured), error)


def test_updateconf_is_refused_where_the_table_says_and_without_a_file_nobody_can_edit(
    session: Session, configured: User, tmp_path: Path
) -> None:
    path = change(tmp_path, 'CONTEXT = [ GREETING = "hello" ]')
    assert status(session, configured, f"updateconf 0 {path}") == 0
    assert status(session, configured, f"updateconf 1 {path}") == 5
    assert isinstance(refused(session, "updateconf 0", configured), Usage)


# Reports --------------------------------------------------------------------------------------------------------


@pytest.fixture
def sampled(session: Session, owner: User) -> User:
    """VM 0 of the owner and VM 1 of root; VM 0 was on h0 for a hundred seconds and started anew in the middle."""
    for number, user in ((0, 1), (1, 0)):
        rows.vm(session, number, f"vm-{number}", at.POWEROFF, host_id=0, user_id=user, cpu=0.5)
        rows.insert(
            session, "history", vm_id=number, seq=0, host_id=0, host_name="h0", action="poweroff",
            start_time=NOW - 200, end_time=NOW - 100,
        )  # fmt: skip
        for at_, received in ((NOW - 190, 1000), (NOW - 160, 3000), (NOW - 130, 500)):
            rows.insert(
                session, "sample", kind="vm", id=number, at=at_, cpu_percent=12.5, memory_kib=2048,
                net_rx_bytes=received, net_tx_bytes=0, disk_read_bytes=0, disk_write_bytes=0,
            )  # fmt: skip
    rows.insert(session, "disk", vm_id=0, disk_id=0, type="file", target="vda", size_bytes=1 << 20)
    return owner


@pytest.mark.covers("ON-174")
def test_monitoring_tells_the_samples_of_one_vm_and_of_all_that_one_may_use(session: Session, sampled: User) -> None:
    answer = read(session, "monitoring 0", sampled)
    assert isinstance(answer, Listing)
    assert [(sample["vm"], sample["at"], sample["net_rx_bytes"]) for sample in answer.documents()] == [
        (0, NOW - 190, 1000), (0, NOW - 160, 3000), (0, NOW - 130, 500),
    ]  # fmt: skip
    assert answer.documents()[0]["cpu"] == 12.5
    assert {sample["vm"] for sample in read(session, "monitoring", sampled).documents()} == {0}
    assert {sample["vm"] for sample in read(session, "monitoring").documents()} == {0, 1}
    within = read(session, f"monitoring 0,1 --start {NOW - 170} --end {NOW - 150}")
    assert [(sample["vm"], sample["at"]) for sample in within.documents()] == [(0, NOW - 160), (1, NOW - 160)]
    with pytest.raises(Denied):
        read(session, "monitoring 1", sampled)


@pytest.mark.covers("ON-173")
def test_accounting_tells_what_each_stay_used(session: Session, sampled: User) -> None:
    answer = read(session, "accounting --user owner")
    assert answer.documents() == [
        {
            "vm": 0, "name": "vm-0", "user": "owner", "seq": 0, "host": "h0", "action": "poweroff",
            "start_time": NOW - 200, "end_time": NOW - 100, "memory_mib": 1024, "cpu": 0.5, "disk_bytes": 1 << 20,
            "net_rx_bytes": 3500, "net_tx_bytes": 0,
        }
    ]  # fmt: skip
    assert list(answer.shown) == [
        "VID", "USER", "HOSTNAME", "ACTION", "START_TIME", "END_TIME", "MEMORY", "CPU", "NETRX", "NETTX", "DISK",
    ]  # fmt: skip
    assert [stay["vm"] for stay in read(session, "accounting").documents()] == [0, 1]
    assert [stay["vm"] for stay in read(session, "accounting", sampled).documents()] == [0]
    assert read(session, f"accounting --start {NOW - 90}").documents() == []
    assert read(session, f"accounting --end {NOW - 201}").documents() == []


@pytest.mark.parametrize("words", ["--start tomorrow", f"--start {NOW} --end {NOW - 1}", "--end 2026-13-01"])
def test_a_period_that_cannot_be_is_refused(session: Session, words: str) -> None:
    for command in ("accounting", "monitoring"):
        with pytest.raises(BadInput):
            read(session, f"{command} {words}")


def test_a_datastore_shows_the_images_one_may_use(session: Session, owner: User) -> None:
    for number, mode in ((0, 0o600), (1, 0o644)):
        rows.insert(
            session, "image", id=number, name=f"disk-{number}", user_id=0, group_id=0, mode=mode, datastore_id=1,
            type="OS", state="rdy", registered=NOW,
        )  # fmt: skip
    seen = [[image["id"] for image in read(session, "datastore show default", user).documents()["images"]]
            for user in (ROOT, owner)]  # fmt: skip
    assert seen == [[0, 1], [1]]
    assert json.dumps(read(session, "datastore show 0").documents())
    assert listed(session, ROOT, "group list") == [0, 1]


# With a controller ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """The program on a store with VM 0 on hold, the user ann and the group team."""
    folder = tmp_path_factory.mktemp("held")
    running = Program(folder / "store" / "vmconsole.db")
    (folder / "small.tmpl").write_text('MEMORY = "16"\n')
    try:
        assert running("create", folder / "small.tmpl", "--hold", "--name", "web").returncode == 0
        assert running("user", "create", "ann").stdout == "User ID: 1\n"
        assert running("group", "create", "team").stdout == "Group ID: 2\n"
        yield running
    finally:
        running.end_controller()


@pytest.mark.covers("ON-169")
def test_an_administrator_gives_a_vm_away_and_an_ordinary_user_cannot(held: Program) -> None:
    assert held("chown", "0", "ann").returncode == 0
    assert held("chgrp", "0", "team").returncode == 0
    vm = held.json("show", "0")
    assert (vm["user"], vm["group"]) == ("ann", "team")
    ann = User(1, "ann", 1, frozenset({1, 2}), administrator=False, asked_by="ann")
    with open_session(str(held.store), create=False) as session:
        assert [status(session, ann, line) for line in ("chown 0 root", "chgrp 0 users", "hold 0")] == [77, 77, 5]
    assert held("chown", "0", "0", "oneadmin").returncode == 0
    vm = held.json("show", "0")
    assert (vm["user"], vm["group"]) == (held.json("user", "list")[0]["name"], "oneadmin")


def test_a_network_is_made_filled_and_removed(held: Program, tmp_path: Path) -> None:
    made = held("network", "create", "--name", "lan", "--bridge", "br0", "--ip", "10.0.0.10", "--size", "2")
    assert made.stdout == "Network ID: 1\n", made.stderr
    template = change(tmp_path, 'MEMORY = "16"\nNIC = [ NETWORK = "lan" ]')
    assert held("create", template, "--hold", "--multiple", "2").returncode == 0
    assert [network["leases"] for network in held.json("network", "list")] == [0, 2]
    assert "10.0.0.11" in held("network", "show", "lan").stdout
    assert held("network", "delete", "lan", "--yes").returncode == 5
    assert held("terminate", "1,2").returncode == 0
    assert held("network", "delete", "lan", "--yes").returncode == 0
    assert [network["name"] for network in held.json("network", "list")] == ["default"]
