"""`show`: everything about one VM."""

from __future__ import annotations

import time

import pytest

from tests.batch import rows
from tests.batch.rows import NOW, ROOT
from vmconsole.batch import tables
from vmconsole.batch.run import COMMON
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.parsing import parse
from vmconsole.commands.results import Sheet
from vmconsole.errors import BadInput, Conflict, Denied, NotFound
from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import User


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def sheet(session: Session, word: str, user: User = ROOT) -> Sheet:
    command, rest = registry.find(["show", word])
    answer = command.read(Context(session, user, "batch", lambda: NOW), parse(command, rest, common=COMMON))
    assert isinstance(answer, Sheet)
    return answer


def text(session: Session, word: str) -> str:
    return tables.sheet(sheet(session, word), colour=False)


GOLDEN = """\
VIRTUAL MACHINE 7 INFORMATION                                                   |
ID                  : 7
NAME                : web
USER                : root
GROUP               : oneadmin
STATE               : ACTIVE
LCM_STATE           : RUNNING
LOCK                : Use
RESCHED             : Yes
HOST                : host0
CLUSTER ID          : 0
CLUSTER             : default
START TIME          : 01/15 07:57:20
END TIME            : -
DEPLOY ID           : one-7

VIRTUAL MACHINE MONITORING                                                      |
NET_TX              : 2K
NET_RX              : 1K
USED MEMORY         : 4096K
USED CPU            : 12.5

PERMISSIONS                                                                     |
OWNER               : um-
GROUP               : u--
OTHER               : ---

VM DISKS                                                                        |
 ID DATASTORE  TARGET IMAGE                              SIZE TYPE    SAVE
  0 system     vda    root.qcow2                        1024M file      NO

VM NICS                                                                         |
 ID NETWORK              VLAN BRIDGE       IP              MAC
  0 default              no   -            10.0.0.7        02:00:0a:00:00:07

VIRTUAL MACHINE HISTORY                                                         |
SEQ HOSTNAME        REASON                    START         TIME        PTIME
  0 host0           poweroff         01/14 07:57:20    1d 00h00m    0d 00h00m
  1 host0           none             01/15 07:57:40    0d 00h02m    0d 00h01m

USER TEMPLATE                                                                   |
ROOT_GENERATED_PASSWORD="1234"

VIRTUAL MACHINE TEMPLATE                                                        |
MEMORY="1024"
GRAPHICS=[ TYPE="VNC", PASSWD="***" ]
DISK=[ IMAGE="a" ]
DISK=[ IMAGE="b" ]
"""


@pytest.fixture
def web(session: Session) -> Session:
    """One running VM with a bit of everything."""
    rows.rename_founder(session)
    rows.host(session, 0, "host0")
    rows.vm(
        session, 7, "web", at.RUNNING, host_id=0, resched=1, lock_level=1, deploy_id="one-7", mode=0o640,
        start_time=NOW - 160, net_tx_bytes=2048, net_rx_bytes=1536, memory_used_kib=4096, cpu_percent=12.5,
        attributes={"ROOT_GENERATED_PASSWORD": "1234"},
        template={
            "MEMORY": "1024", "GRAPHICS": {"TYPE": "VNC", "PASSWD": "secret"}, "DISK": [{"IMAGE": "a"}, {"IMAGE": "b"}],
        },
    )  # fmt: skip
    rows.insert(
        session, "disk", vm_id=7, disk_id=0, datastore_id=0, type="file", target="vda", size_bytes=2**30,
        path="/pool/root.qcow2",
    )  # fmt: skip
    rows.nic(session, 7, 0, mac="02:00:0a:00:00:07", ip="10.0.0.7")
    rows.insert(
        session, "history", vm_id=7, seq=0, host_id=0, host_name="host0", action="poweroff", start_time=NOW - 86560,
        end_time=NOW - 160,
    )  # fmt: skip
    rows.insert(
        session, "history", vm_id=7, seq=1, host_id=0, host_name="host0", start_time=NOW - 140, prolog_start=NOW - 140,
        prolog_end=NOW - 80,
    )  # fmt: skip
    return session


@pytest.mark.covers("ON-053", "ON-111")
def test_the_sheet_to_the_byte(web: Session) -> None:
    expected = GOLDEN.replace("|\n", "\n")  # the editor's own view of the blanks at the end
    assert text(web, "7") == expected
    assert text(web, "web") == expected


def test_a_vm_without_a_host_shows_none_and_empty_blocks_are_left_out(session: Session) -> None:
    rows.vm(session, 0, "new")
    shown = text(session, "0")
    assert "HOST " not in shown
    assert [line.rstrip() for line in shown.splitlines() if ":" not in line and line.strip()] == [
        "VIRTUAL MACHINE 0 INFORMATION",
        "VIRTUAL MACHINE MONITORING",
        "PERMISSIONS",
    ]


@pytest.mark.covers("ON-022")
def test_a_done_vm_is_not_listed_and_still_shown(session: Session) -> None:
    rows.vm(session, 0, "gone", at.DONE, end_time=NOW)
    assert "STATE               : DONE\n" in text(session, "0")
    with pytest.raises(NotFound):
        sheet(session, "gone")  # its name is free again
    command, _ = registry.find(["list"])
    listing = command.read(Context(session, ROOT, "batch", lambda: NOW), parse(command, [], common=COMMON))
    assert listing.documents() == []


@pytest.mark.covers("ON-025", "ON-026", "ON-027")
@pytest.mark.parametrize("position", [each for each in at.POSITIONS if each.is_visible], ids=repr)
def test_json_carries_both_numbers_and_names_of_every_state(sqlite_path: str, position: at.Position) -> None:
    with open_session(sqlite_path, create=True) as session:
        rows.vm(session, 0, "vm", position)
        document = sheet(session, "0").documents()
    assert (document["state_number"], document["lcm_state_number"]) == position.numbers
    assert (document["state"], document["lcm_state"]) == (position.state_name, position.lcm_name)
    assert document["stat"] == position.alias


def test_json_of_a_vm_has_the_fields_of_the_contract(web: Session) -> None:
    document = sheet(web, "7").documents()
    assert document.keys() >= {
        "id", "uuid", "name", "user", "group", "state", "state_number", "lcm_state", "lcm_state_number", "stat", "host",
        "cpu", "memory_kib", "vcpu", "memory_max_kib", "net_rx_bytes", "net_tx_bytes", "start_time", "end_time",
        "resched", "disks", "nics", "snapshots", "disk_snapshots", "schedules", "history", "permissions", "attributes",
    }  # fmt: skip
    assert (document["host"], document["cpu"], document["memory_kib"], document["end_time"]) == (
        "host0",
        12.5,
        4096,
        None,
    )
    assert document["memory_max_kib"] == 1024 * 1024
    assert document["permissions"] == {"owner": "um-", "group": "u--", "other": "---", "octal": "640"}
    assert [record["seq"] for record in document["history"]] == [0, 1]


@pytest.mark.covers("ON-148")
def test_scheduled_actions_show_when_how_often_and_until_when(session: Session) -> None:
    rows.vm(session, 0, "web")
    common = {"vm_id": 0, "user_id": 0, "time_zone": "UTC"}
    rows.insert(session, "schedule", id=0, number=0, action="suspend", time=NOW, repeat=0, days="1,5", **common)
    rows.insert(
        session, "schedule", id=1, number=1, action="resume", time=NOW, repeat=3, days="10", end_type=1, end_value=5,
        done=NOW, message="late", **common,
    )  # fmt: skip
    rows.insert(session, "schedule", id=2, number=2, action="stop", time=NOW, end_type=2, end_value=NOW, **common)
    block = text(session, "0").partition("SCHEDULED ACTIONS")[2].splitlines()[1:]
    assert [line.split() for line in block] == [
        ["ID", "ACTION", "SCHEDULED", "REP", "END", "DONE", "MESSAGE"],
        ["0", "suspend", "01/15", "08:00", "Weekly", "1,5", "None", "-"],
        ["1", "resume", "01/15", "08:00", "Each", "10", "hours", "After", "5", "times", "01/15", "08:00", "late"],
        ["2", "stop", "01/15", "08:00", "-", "On", "01/15/27", "-"],
    ]


def test_a_vm_is_named_by_its_number_or_by_a_name_that_only_one_has(session: Session) -> None:
    rows.vm(session, 0, "web")
    rows.vm(session, 1, "web")
    with pytest.raises(Conflict) as ambiguous:
        sheet(session, "web")
    assert "0, 1" in ambiguous.value.hint
    with pytest.raises(NotFound):
        sheet(session, "7")
    for malformed in ("-1", "0x1", "1.5", "\u0663", "5..1", "0,1", str(2**63)):
        with pytest.raises(BadInput):
            sheet(session, malformed)


def test_a_vm_is_shown_to_its_owner_its_group_or_others_as_its_bits_say(session: Session) -> None:
    owner, stranger = rows.user(session, 1, "owner"), rows.user(session, 2, "stranger", group=0)
    mate = rows.user(session, 3, "mate")
    for number, mode in enumerate((0o600, 0o640, 0o604)):
        rows.vm(session, number, f"vm{number}", user_id=1, group_id=rows.USERS, mode=mode)

    def seen(user: User) -> list[int]:
        found = []
        for number in range(3):
            try:
                found.append(int(sheet(session, str(number), user).documents()["id"]))
            except Denied:
                continue
        return found

    assert [seen(user) for user in (owner, mate, stranger)] == [[0, 1, 2], [1, 2], [2]]
