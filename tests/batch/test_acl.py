"""What access rules grant beyond the permission bits, and that nothing else changes by them."""

from __future__ import annotations

import pytest

from tests.batch import rows
from tests.batch.rows import NOW, ROOT
from tests.batch.test_permissions import listed, status
from vmconsole.lifecycle.rules import parse
from vmconsole.store.feed import Feed
from vmconsole.store.session import Session
from vmconsole.store.users import User, account


def rule(session: Session, text: str) -> None:
    """A rule in the store."""
    who, kinds, objects, rights = parse(text)
    number = session.query("SELECT COALESCE(MAX(id) + 1, 0) FROM access_rule")[0][0]
    rows.insert(session, "access_rule", id=number, who=who, kinds=kinds, objects=objects, rights=rights)


def again(session: Session, user: User) -> User:
    """The account as a process that begins now reads it."""
    return account(session, user.id)


@pytest.mark.covers("ON-170")
@pytest.mark.parametrize("who", ["#3", "@1", "*"])
def test_a_rule_grants_an_action_that_the_bits_do_not(session: Session, people: dict[str, User], who: str) -> None:
    stranger = people["stranger"]
    assert (status(session, stranger, "stop 0"), listed(session, stranger)) == (77, [])
    rule(session, f"{who} VM/#0 USE+MANAGE")
    rows.vm(session, 1, "other", user_id=1, group_id=100)
    stranger = again(session, stranger)
    assert status(session, stranger, "stop 0") == 0
    assert listed(session, stranger) == [0]
    assert [vm.id for vm in Feed(session, stranger).opening(10).vms] == [0]
    assert status(session, stranger, "stop 1") == 77
    assert status(session, stranger, "migrate 0 h0") == 77  # ADMIN was not granted


def test_a_rule_for_a_group_of_objects_and_for_a_cluster_of_hosts(
    session: Session,
    people: dict[str, User],
) -> None:
    rule(session, "#3 VM/@100 ADMIN")
    rule(session, "#3 HOST/%1 ADMIN")
    rows.insert(session, "cluster", id=1, name="east")
    rows.host(session, 1, "h1")
    with session.write():
        session.execute("UPDATE host SET cluster_id = 1 WHERE id = 1")
        session.execute("UPDATE vm SET state = 1, lcm_state = 0, host_id = NULL WHERE id = 0")
    stranger = again(session, people["stranger"])
    assert [status(session, stranger, f"host disable h{number}") for number in (0, 1)] == [77, 0]
    assert status(session, stranger, "deploy 0 h1") == 0
    assert status(session, stranger, "hold 0") == 77


def test_without_the_rule_that_every_store_begins_with_hosts_are_for_administrators(
    session: Session,
    people: dict[str, User],
) -> None:
    rule(session, "#1 VM/#0 ADMIN")
    with session.write():
        session.execute("UPDATE vm SET state = 1, lcm_state = 0, host_id = NULL WHERE id = 0")
    assert status(session, again(session, people["owner"]), "deploy 0 h0") == 0
    with session.write():
        session.execute("DELETE FROM access_rule WHERE kinds = 'HOST'")
    assert status(session, again(session, people["owner"]), "deploy 0 h0") == 77
    assert status(session, ROOT, "deploy 0 h0") == 0


def test_what_only_administrators_make_a_rule_lets_others_make(session: Session, people: dict[str, User]) -> None:
    lines = ("network create --name lan --bridge br0", "cluster create east", "host create test:///x")
    assert [status(session, again(session, people["mate"]), line) for line in lines] == [77, 77, 77]
    rule(session, "@100 NET+CLUSTER+HOST/* CREATE")
    assert [status(session, again(session, people["mate"]), line) for line in lines] == [0, 0, 0]
    assert [status(session, again(session, people["stranger"]), line) for line in lines] == [77, 77, 77]


def test_a_lock_stops_whom_a_rule_allows_and_the_rule_does_not_unlock(
    session: Session,
    people: dict[str, User],
) -> None:
    rule(session, "#3 VM/* USE+MANAGE+ADMIN")
    with session.write():
        session.execute("UPDATE vm SET lock_level = 1, lock_user_id = 1, lock_time = ? WHERE id = 0", (NOW,))
    stranger = again(session, people["stranger"])
    assert [status(session, stranger, line) for line in ("stop 0", "unlock 0")] == [77, 77]


def test_rules_are_checked_before_anything_is_queued(session: Session, people: dict[str, User]) -> None:
    expected = {
        "acl create #1 VM/* USE": 0,
        "acl create #77 VM/* USE": 4,
        "acl create @77 VM/* USE": 4,
        "acl create * HOST/%77 USE": 4,
        "acl create * PONY/* USE": 65,
        "acl delete 0": 0,
        "acl delete 77": 4,
        "acl delete x": 4,
    }
    assert {line: status(session, ROOT, line) for line in expected} == expected
    assert {status(session, people["owner"], line) for line in expected} == {77}
