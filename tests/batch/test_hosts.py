"""What is said of a host: its name, its attributes, what of it is reserved, and how it was."""

from __future__ import annotations

import json
from pathlib import Path

from tests.batch import rows
from tests.batch.rows import NOW, ROOT
from tests.batch.test_networks import read
from tests.batch.test_permissions import prepared, status
from vmconsole.store.session import Session
from vmconsole.store.users import User


def test_attributes_are_set_or_merged_and_what_is_reserved_is_taken_from_them(
    session: Session, people: dict[str, User], tmp_path: Path
) -> None:
    file = tmp_path / "host"
    file.write_text('RESERVED_CPU = "-200"\nRESERVED_MEM = "1024"\nPRIORITY = "5"\n')
    with session.write():
        session.execute("UPDATE host SET attributes = ? WHERE id = 0", ('{"RACK": "7"}',))
    seen = []
    for option in ("", " --append"):
        (request,) = prepared(session, ROOT, f"host update h0 {file}{option}")
        columns = request.arguments["columns"]
        assert (columns["reserved_cpu"], columns["reserved_memory_kib"]) == (-200, 1024)
        seen.append(json.loads(columns["attributes"]).get("RACK"))
    assert seen == [None, "7"]
    assert status(session, people["owner"], f"host update h0 {file}") == 77
    file.write_text('RESERVED_CPU = "half"\n')
    assert status(session, ROOT, f"host update h0 {file}") == 65


def test_a_host_is_renamed_by_who_administers_it(session: Session, people: dict[str, User]) -> None:
    (request,) = prepared(session, ROOT, "host rename h0 node-1")
    assert request.arguments == {"host_id": 0, "columns": {"name": "node-1"}}
    assert [status(session, user, "host rename h0 node-1") for user in people.values()] == [0, 77, 77, 77]
    assert status(session, ROOT, "host rename h0 a/b") == 65


def test_the_samples_of_hosts_can_be_read(session: Session) -> None:
    for number in range(2):
        rows.host(session, number, f"h{number}")
        for age in (60, 0):
            rows.insert(session, "sample", kind="host", id=number, at=NOW - age, cpu_percent=12.5, memory_kib=2048)
    samples = read(session, "host monitoring").documents()
    assert [(sample["name"], sample["at"]) for sample in samples] == [
        ("h0", NOW - 60), ("h0", NOW), ("h1", NOW - 60), ("h1", NOW),
    ]  # fmt: skip
    assert len(read(session, "host monitoring h1").documents()) == 2
    assert len(read(session, "host monitoring --describe").documents()) == 5
