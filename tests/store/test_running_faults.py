"""What happens to a store while it is in use."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmconsole.errors import TryAgain, Unusable
from vmconsole.store.session import Session, open_session

INSERT = "INSERT INTO meta (key, value) VALUES (?, ?)"


@pytest.fixture
def path(sqlite_path: str) -> Path:
    return Path(sqlite_path)


@pytest.fixture
def session(path: Path) -> Iterator[Session]:
    with open_session(str(path), create=True) as opened:
        yield opened


def insert(session: Session, key: str) -> None:
    with session.write():
        session.execute(INSERT, (key, ""))


def refuses_to_write(session: Session, code: str) -> None:
    with pytest.raises(Unusable) as refused:
        insert(session, "phantom")
    assert (refused.value.code, refused.value.exit) == (code, 78)


def test_nothing_is_written_into_a_deleted_store(session: Session, path: Path) -> None:
    insert(session, "before")
    path.unlink()
    refuses_to_write(session, "DB_MOVED")
    assert session.query("SELECT key FROM meta WHERE key IN ('before', 'phantom')") == [("before",)]


def test_nothing_is_written_when_another_file_took_the_place_of_the_store(session: Session, path: Path) -> None:
    path.rename(path.with_name("aside.db"))
    other = path.with_name("other.db")
    open_session(str(other), create=True).close()
    content = other.read_bytes()
    other.rename(path)
    refuses_to_write(session, "DB_MOVED")
    assert path.read_bytes() == content


def test_nothing_is_written_after_the_journal_was_deleted(session: Session, path: Path) -> None:
    insert(session, "before")
    os.unlink(f"{path}-wal")
    refuses_to_write(session, "DB_CORRUPT")


def test_a_store_whose_journal_was_deleted_under_another_process_is_refused(session: Session, path: Path) -> None:
    insert(session, "before")
    os.unlink(f"{path}-wal")
    done = subprocess.run(
        [sys.executable, "-c", OPEN_AND_WRITE, str(path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "DB_CORRUPT 78\n", done.stderr


def test_a_leftover_of_the_shared_memory_that_nobody_uses_does_no_harm(path: Path) -> None:
    open_session(str(path), create=True).close()
    path.with_name(f"{path.name}-shm").write_bytes(bytes(32768))
    with open_session(str(path), create=True) as session:
        insert(session, "after")


def test_another_session_of_the_same_process_leaves_the_locks_of_the_first(session: Session, path: Path) -> None:
    """Had the first session lost its lock, the other process would remove the journal as the last to leave."""
    insert(session, "before")
    open_session(str(path), create=True).close()
    open_session(str(path), create=True, read_only=True).close()
    subprocess.run([sys.executable, "-c", OPEN_AND_WRITE, str(path)], check=True)
    insert(session, "after")
    assert session.query("SELECT value FROM counter WHERE name = 'change'") == [(1,)]


def test_a_store_that_a_newer_program_has_upgraded_is_no_longer_written(session: Session, path: Path) -> None:
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    refuses_to_write(session, "DB_TOO_NEW")


def test_a_lock_that_another_process_keeps_is_waited_for_and_then_reported(session: Session, path: Path) -> None:
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    with pytest.raises(TryAgain) as refused:
        insert(session, "late")
    waited = time.monotonic() - started
    assert (refused.value.code, refused.value.exit) == ("DB_BUSY", 75)
    assert 4 < waited < 8
    assert session.query("SELECT count(*) FROM cluster") == [(1,)]
    holder.execute("ROLLBACK")
    holder.close()
    insert(session, "in time")


def test_the_lock_of_a_killed_process_is_free_and_its_row_is_gone(session: Session, path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD_THE_LOCK, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    holder.kill()
    holder.wait()
    holder.stdout.close()
    insert(session, "after")
    assert session.query("SELECT key FROM meta WHERE key IN ('after', 'half')") == [("after",)]


def test_a_full_disk_refuses_the_write_and_keeps_what_was_there() -> None:
    lines = in_a_mount_of_its_own(FILL_THE_DISK)
    assert lines == ["DB_FULL 74", "integrity ok", "earlier row kept", "writes again"]


def test_a_disk_too_small_for_a_store_leaves_no_trace() -> None:
    assert in_a_mount_of_its_own(CREATE_ON_A_FULL_DISK) == ["DB_FULL 74", "left: []"]


def test_a_store_on_a_read_only_disk_can_be_looked_at_but_not_changed() -> None:
    assert in_a_mount_of_its_own(READ_ONLY_MOUNT) == ["1 cluster", "DB_DENIED 77"]


def test_a_network_file_system_is_recognised_by_its_type(tmp_path: Path) -> None:
    from vmconsole.store import sqlite_safety

    device = tmp_path.stat().st_dev
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"36 35 {os.major(device)}:{os.minor(device)} / /mnt rw,noatime shared:1 - nfs4 server:/vol rw\n")
    with pytest.raises(Unusable) as refused:
        sqlite_safety.check_local(str(tmp_path), mounts=str(mounts))
    assert refused.value.code == "DB_UNSAFE"
    sqlite_safety.check_local(str(tmp_path))


def in_a_mount_of_its_own(script: str) -> list[str]:
    """Runs a script that mounts what it needs over /mnt; nothing of it is seen outside or stays."""
    kind = ["--mount"] if os.geteuid() == 0 else ["--mount", "--user", "--map-root-user"]
    command = ["unshare", *kind, sys.executable, "-c", PRELUDE + script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip(f"mounts of our own are not allowed here: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


OPEN_AND_WRITE = """
import sys
from vmconsole.errors import VmconsoleError
from vmconsole.store.session import open_session
try:
    session = open_session(sys.argv[1], create=True)
    with session.write():
        session.next_change()
except VmconsoleError as error:
    print(error.code, error.exit)
"""

HOLD_THE_LOCK = """
import sys, time
from vmconsole.store.session import open_session
session = open_session(sys.argv[1], create=True)
with session.write():
    session.execute("INSERT INTO meta (key, value) VALUES ('half', '')")
    print("holding", flush=True)
    time.sleep(60)
"""

PRELUDE = """
import os, subprocess
from vmconsole.errors import VmconsoleError
from vmconsole.store.session import open_session

def mount(*arguments):
    subprocess.run(["mount", *arguments, "/mnt"], check=True)

def insert(session, key, value=""):
    with session.write():
        session.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (key, value))
"""

FILL_THE_DISK = """
mount("-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs")
session = open_session("/mnt/store.db", create=True)
insert(session, "earlier")
with open("/mnt/ballast", "wb", buffering=0) as ballast:
    try:
        while True:
            ballast.write(bytes(4096))
    except OSError:
        pass
try:
    insert(session, "late", "x" * 300_000)
except VmconsoleError as error:
    print(error.code, error.exit)
print("integrity", session.query("PRAGMA integrity_check")[0][0])
if session.query("SELECT key FROM meta WHERE key IN ('earlier', 'late')") == [("earlier",)]:
    print("earlier row kept")
os.unlink("/mnt/ballast")
insert(session, "late")
print("writes again")
"""

CREATE_ON_A_FULL_DISK = """
mount("-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs")
try:
    open_session("/mnt/store.db", create=True)
except VmconsoleError as error:
    print(error.code, error.exit)
print("left:", os.listdir("/mnt"))
"""

READ_ONLY_MOUNT = """
mount("-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs")
open_session("/mnt/store.db", create=True).close()
mount("-o", "remount,ro")
session = open_session("/mnt/store.db", create=True, read_only=True)
print(len(session.query("SELECT * FROM cluster")), "cluster")
session.close()
try:
    insert(open_session("/mnt/store.db", create=True), "late")
except VmconsoleError as error:
    print(error.code, error.exit)
"""
