"""Who may do what: refused before anything is queued."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.batch import rows
from tests.batch.rows import NOW, ROOT
from vmconsole.batch.outcome import Outcome, combined
from vmconsole.batch.run import COMMON
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.parsing import parse
from vmconsole.commands.request import Request
from vmconsole.commands.results import Listing
from vmconsole.errors import Denied, VmconsoleError
from vmconsole.store import operations
from vmconsole.store.session import Session
from vmconsole.store.users import User, account


def prepared(session: Session, user: User, line: str) -> Sequence[Request]:
    command, rest = registry.find(line.split())
    return command.prepare(Context(session, user, "batch", lambda: NOW), parse(command, rest, common=COMMON))


def status(session: Session, user: User, line: str) -> int:
    """The exit status that checking a changing command leads to; 0 means that it would be queued."""
    try:
        requests = prepared(session, user, line)
    except VmconsoleError as error:
        return error.exit
    return combined([Outcome(request, None, request.error).status for request in requests])


def listed(session: Session, user: User, line: str = "list") -> list[object]:
    command, rest = registry.find(line.split())
    answer = command.read(Context(session, user, "batch", lambda: NOW), parse(command, rest, common=COMMON))
    assert isinstance(answer, Listing)
    return [document["id"] for document in answer.documents()]


@pytest.mark.parametrize(
    ("mode", "line", "allowed"),
    [
        (0o600, "stop 0", {"root", "owner"}),
        (0o640, "stop 0", {"root", "owner"}),
        (0o660, "stop 0", {"root", "owner", "mate"}),
        (0o666, "stop 0", {"root", "owner", "mate", "stranger"}),
        (0o700, "resched 0", {"root", "owner"}),
        (0o600, "resched 0", {"root"}),
        (0o666, "migrate 0 h0", {"root"}),
        (0o666, "recover 0 --delete", {"root"}),
        (0o600, "chown 0 mate", {"root"}),
        (0o600, "chgrp 0 team", {"root"}),
        (0o600, "chmod 0 640", {"root", "owner"}),
        (0o600, "chmod 0 700", {"root"}),
        (0o600, "rename 0 web2", {"root", "owner"}),
        (0o600, "host disable h0", {"root"}),
        (0o600, "host create test:///default", {"root"}),
        (0o600, "config set sweep_period 3", {"root"}),
    ],
)
def test_a_command_is_for_those_whose_bits_allow_it(
    session: Session, people: dict[str, User], mode: int, line: str, allowed: set[str]
) -> None:
    with session.write():
        session.execute("UPDATE vm SET mode = ? WHERE id = 0", (mode,))
    statuses = {name: status(session, user, line) for name, user in people.items()}
    assert {name for name, found in statuses.items() if found == 0} == allowed
    assert {found for name, found in statuses.items() if name not in allowed} <= {77}


@pytest.mark.covers("ON-171")
@pytest.mark.parametrize("line", ["deploy 1 h0", "migrate 0 h0", "resched 0", "recover 0 --retry"])
def test_a_plain_owner_may_not_do_what_is_for_administrators(
    session: Session, people: dict[str, User], line: str
) -> None:
    rows.vm(session, 1, "new", user_id=1, group_id=100)
    assert status(session, people["owner"], line) == 77
    assert status(session, ROOT, line) in (0, 5)


@pytest.mark.covers("ON-168")
def test_after_chmod_640_the_group_lists_the_vm_and_cannot_stop_it(session: Session, people: dict[str, User]) -> None:
    assert listed(session, people["mate"]) == []
    (request,) = prepared(session, people["owner"], "chmod 0 640")
    with session.write():
        session.execute("UPDATE vm SET mode = ? WHERE id = 0", (request.arguments["mode"],))
    assert listed(session, people["mate"]) == [0]
    assert listed(session, people["stranger"]) == []
    assert status(session, people["mate"], "stop 0") == 77
    assert status(session, people["owner"], "stop 0") == 0


def test_the_refusal_names_the_user_the_right_and_the_vm(session: Session, people: dict[str, User]) -> None:
    (request,) = prepared(session, people["stranger"], "stop 0")
    assert isinstance(request.error, Denied)
    assert request.error.message == "user stranger lacks MANAGE on VM 0 (web)"


def test_a_locked_vm_is_for_nobody_until_who_locked_it_or_an_administrator_unlocks_it(
    session: Session, people: dict[str, User]
) -> None:
    with session.write():
        session.execute("UPDATE vm SET lock_level = 1, lock_user_id = 1, mode = 438 WHERE id = 0")
    assert {status(session, user, "stop 0") for user in people.values()} == {77}
    assert {name for name, user in people.items() if status(session, user, "unlock 0") == 0} == {"root", "owner"}


@pytest.mark.parametrize("kind", ["template", "image"])
def test_templates_and_images_are_for_those_who_may_use_them(
    session: Session, people: dict[str, User], kind: str
) -> None:
    common = {"user_id": 1, "group_id": 100, "registered": NOW}
    extra = {"body": 'CPU = "1"'} if kind == "template" else {"datastore_id": 1, "type": "OS", "state": "rdy"}
    rows.insert(session, kind, id=0, name="own", mode=0o600, **common, **extra)
    rows.insert(session, kind, id=1, name="shared", mode=0o640, **common, **extra)
    seen = {name: sorted(map(str, listed(session, user, f"{kind} list"))) for name, user in people.items()}
    assert seen == {"root": ["0", "1"], "owner": ["0", "1"], "mate": ["1"], "stranger": []}
    command, rest = registry.find([kind, "show", "own"])
    with pytest.raises(Denied):
        command.read(Context(session, people["mate"], "batch", lambda: NOW), parse(command, rest, common=COMMON))
    assert {name for name, user in people.items() if status(session, user, f"{kind} delete 0") == 0} == {
        "root",
        "owner",
    }


def test_an_operation_is_seen_by_who_asked_or_may_use_its_vm_and_cancelled_by_who_may_manage_it(
    session: Session, people: dict[str, User]
) -> None:
    identity = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    with session.write():
        session.execute("UPDATE vm SET mode = ? WHERE id = 0", (0o640,))
        operations.insert(session, identity, "stop", {}, user_id=0, asked_by="root", face="batch", now=NOW, vm_id=0)
    assert {name for name, user in people.items() if listed(session, user, "operation list")} == {
        "root",
        "owner",
        "mate",
    }
    command, rest = registry.find(["operation", "cancel", identity])
    values = parse(command, rest, common=COMMON)
    for name in ("mate", "stranger"):
        with pytest.raises(Denied):
            command.read(Context(session, people[name], "batch", lambda: NOW), values)
    command.read(Context(session, people["owner"], "batch", lambda: NOW), values)
    assert operations.states(session, [identity]) == {identity: "cancelled"}


def test_a_retry_is_checked_like_a_first_time(session: Session, people: dict[str, User]) -> None:
    identity = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    with session.write():
        operations.insert(session, identity, "stop", {}, user_id=0, asked_by="root", face="batch", now=NOW, vm_id=0)
    assert status(session, ROOT, f"operation retry {identity}") == 5  # it is queued
    assert operations.request_cancel(session, identity, NOW)
    assert status(session, people["mate"], f"operation retry {identity}") == 77
    (request,) = prepared(session, ROOT, f"operation retry {identity}")
    assert (request.command, request.vm_id, request.error) == ("stop", 0, None)
    with session.write():
        session.execute("UPDATE vm SET state = 4, lcm_state = 0 WHERE id = 0")
    assert status(session, ROOT, f"operation retry {identity}") == 5  # it is stopped by now


def test_only_administrators_give_a_nic_a_mac_of_their_own_or_rank_hosts(
    session: Session, people: dict[str, User], tmp_path: Path
) -> None:
    nic = 'NIC = [ NETWORK = "default", MAC = "02:00:00:00:00:99" ]'
    (tmp_path / "vm").write_text(f'NAME = "web"\nMEMORY = "64"\n{nic}\n')
    (tmp_path / "nic").write_text(nic)
    lines = (f"create {tmp_path}/vm", f"nic-attach 0 --file {tmp_path}/nic")
    mate = account(session, people["mate"].id)
    assert [status(session, ROOT, line) for line in lines] == [0, 0]
    assert [status(session, mate, line) for line in lines] == [77, 77]
    (tmp_path / "vm").write_text('NAME = "web"\nMEMORY = "64"\nNIC = [ NETWORK = "default" ]\n')
    assert status(session, mate, lines[0]) == 0
    assert [status(session, ROOT, f"config set placement_rank {rank}") for rank in ("FREE_CPU", "FREE_CPU+")] == [0, 65]
