"""Name, owner, bits and lock of templates, images, networks and datastores: the same commands for each kind."""

from __future__ import annotations

from typing import Any

import pytest

from tests.batch import rows
from tests.batch.rows import NOW, ROOT
from tests.batch.test_permissions import prepared, status
from vmconsole.commands import registry
from vmconsole.store.session import Session
from vmconsole.store.users import User

KINDS = ("template", "image", "network", "datastore")
LOCKABLE = KINDS[:3]
MORE: dict[str, dict[str, Any]] = {
    "template": {"registered": NOW, "body": "MEMORY = 1"},
    "image": {"registered": NOW, "datastore_id": 1, "type": "OS", "state": "rdy"},
    "network": {"source_kind": "bridge", "source": "br0"},
    "datastore": {"type": "system", "pool": "p", "directory": "d"},
}


def own(session: Session, kind: str, number: int = 7, **columns: Any) -> None:
    """One object of the owner's."""
    bare: dict[str, Any] = {"id": number, "name": "thing", "user_id": 1, "group_id": 100, "mode": 0o600}
    rows.insert(session, kind, **(bare | MORE[kind] | columns))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_the_commands_on_name_owner_and_bits(
    session: Session, people: dict[str, User], kind: str
) -> None:
    own(session, kind)
    allowed = {
        f"{kind} rename thing other": {"root", "owner"},
        f"{kind} chmod thing 640": {"root", "owner"},
        f"{kind} chmod thing 700": {"root"},
        f"{kind} chown thing mate": {"root"},
        f"{kind} chown thing mate users": {"root"},
        f"{kind} chgrp thing users": {"root"},
    }
    seen = {line: {name for name, user in people.items() if status(session, user, line) == 0} for line in allowed}
    assert seen == allowed
    (request,) = prepared(session, ROOT, f"{kind} chown thing mate users")
    assert (request.command, request.arguments) == (
        f"{kind}.change",
        {f"{kind}_id": 7, "columns": {"user_id": 2, "group_id": 1}},
    )
    assert status(session, ROOT, f"{kind} chmod thing 9") == 65
    assert status(session, ROOT, f"{kind} rename nothing other") == 4


@pytest.mark.parametrize("kind", LOCKABLE)
def test_a_lock_stops_even_administrators_until_its_owner_or_one_of_them_takes_it_off(
    session: Session, people: dict[str, User], kind: str
) -> None:
    own(session, kind, mode=0o666, lock_level=1, lock_user_id=1, lock_time=NOW)
    delete = f"{kind} delete thing"
    assert {status(session, user, delete) for user in people.values()} == {77}
    assert {name for name, user in people.items() if status(session, user, f"{kind} unlock thing") == 0} == {
        "root",
        "owner",
    }
    command, _ = registry.find([kind, "show"])
    assert command.reader, "looking is never locked"
    with session.write():
        session.execute(f"UPDATE {kind} SET lock_level = 3 WHERE id = 7")
    assert status(session, people["owner"], delete) == 0
    (request,) = prepared(session, people["owner"], f"{kind} lock thing --manage")
    assert request.arguments["columns"] == {"lock_level": 2, "lock_user_id": 1, "lock_time": NOW}


def test_a_locked_template_is_shown_and_not_instantiated(session: Session, people: dict[str, User]) -> None:
    own(session, "template", lock_level=1, lock_user_id=1)
    from tests.batch.test_networks import read

    document = read(session, "template show thing", people["owner"]).documents()
    assert (document["lock"], document["mode"]) == (1, 0o600)
    assert status(session, people["owner"], "template instantiate thing") == 77
