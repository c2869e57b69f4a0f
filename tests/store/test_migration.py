"""Bringing an older store to a newer schema."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from vmconsole.errors import Unusable
from vmconsole.resources import data_path
from vmconsole.store import schema
from vmconsole.store.backup import back_up
from vmconsole.store.session import open_session
from vmconsole.store.sqlite_file import connect
from vmconsole.store.sqlite_schema import upgrade

NEW_TABLES = 60


@pytest.fixture
def path(sqlite_path: str) -> str:
    """A store of the present version with something in it."""
    with open_session(sqlite_path, create=True) as session, session.write():
        session.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", [(f"k{i}", "x" * 100) for i in range(500)])
    return sqlite_path


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Scripts of a version after the present one."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    statements = [
        f"CREATE TABLE extra_{i} (a TEXT);\nINSERT INTO extra_{i} VALUES ('; -- no end');" for i in range(NEW_TABLES)
    ]
    (scripts / f"{schema.VERSION + 1:04}_more.sql").write_text("-- More.\n\n" + "\n".join(statements) + "\n")
    return str(scripts)


def state(path: str) -> tuple[int, int]:
    """Version and number of new tables."""
    connection = sqlite3.connect(path)
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'extra%'").fetchone()[0]
    connection.close()
    return version, tables


OLD, NEW = (schema.VERSION, 0), (schema.VERSION + 1, NEW_TABLES)


def backups(path: str) -> list[str]:
    directory = os.path.dirname(path)
    return [os.path.join(directory, name) for name in os.listdir(directory) if name.endswith(".backup")]


def test_the_version_is_the_number_of_the_last_script() -> None:
    numbers = sorted(int(name.partition("_")[0]) for name in os.listdir(data_path("schema")))
    assert numbers == list(range(1, schema.VERSION + 1))


def test_a_statement_without_an_end_is_a_fault_of_the_script() -> None:
    with pytest.raises(ValueError, match="without an end"):
        list(schema.statements("CREATE TABLE a (b TEXT);\nDROP TABLE a"))


def test_an_upgrade_keeps_every_row_and_makes_one_private_backup_of_the_old_version(path: str, folder: str) -> None:
    assert upgrade(path, to=NEW[0], folder=folder) == backups(path)[0]
    assert upgrade(path, to=NEW[0], folder=folder) is None
    assert state(path) == NEW
    [backup] = backups(path)
    assert state(backup) == OLD
    assert os.stat(backup).st_mode & 0o777 == 0o600
    for each in (path, backup):
        copy = sqlite3.connect(each)
        assert copy.execute("SELECT count(*) FROM meta WHERE key LIKE 'k%'").fetchone() == (500,)
        copy.close()


def test_an_upgrade_with_a_wrong_statement_changes_nothing(path: str, folder: str) -> None:
    with open(os.path.join(folder, f"{NEW[0]:04}_more.sql"), "a", encoding="utf-8") as script:
        script.write("INSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(Exception, match="nowhere"):
        upgrade(path, to=NEW[0], folder=folder)
    assert state(path) == OLD


def test_an_upgrade_that_would_leave_a_dangling_reference_changes_nothing(path: str, folder: str) -> None:
    with open(os.path.join(folder, f"{NEW[0]:04}_more.sql"), "a", encoding="utf-8") as script:
        script.write("DELETE FROM user_group;\n")
    with pytest.raises(Exception, match="references"):
        upgrade(path, to=NEW[0], folder=folder)
    assert state(path) == OLD


UPGRADE = """
import sys
from vmconsole.store.sqlite_schema import upgrade
print("ready", flush=True)
upgrade(sys.argv[1], to=int(sys.argv[2]), folder=sys.argv[3])
"""


@pytest.mark.slow
def test_an_upgrade_killed_at_any_moment_leaves_the_old_or_the_new_store(
    path: str, folder: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", UPGRADE]
    outcomes = {OLD: 0, NEW: 0}
    rounds = 40
    for number in range(rounds):
        copy = str(tmp_path / f"round-{number}.db")
        back_up(path, copy)
        mode = connect(copy, "mode=rw")
        mode.execute("PRAGMA journal_mode = wal")
        mode.close()
        process = subprocess.Popen([*command, copy, str(NEW[0]), folder], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(number * 0.001)
        process.kill()
        process.wait()
        process.stdout.close()
        outcomes[state(copy)] += 1
        connection = sqlite3.connect(copy)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
    assert sum(outcomes.values()) == rounds
    assert min(outcomes.values()) > 0, f"the kills all came too early or too late: {outcomes}"


def test_a_backup_of_a_store_in_use_is_complete(path: str) -> None:
    with open_session(path, create=True) as session:
        with session.write():
            session.execute("INSERT INTO meta (key, value) VALUES ('in the journal only', '')")
        copy = back_up(path)
    with open_session(copy, create=False, read_only=True) as restored:
        assert restored.query("SELECT count(*) FROM meta WHERE key = 'in the journal only'") == [(1,)]


def test_a_backup_overwrites_nothing(path: str, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    with pytest.raises(FileExistsError):
        back_up(path, str(target))
    assert target.read_text() == "precious"


def test_a_damaged_store_gives_no_backup(path: str, tmp_path: Path) -> None:
    with open(path, "r+b") as file:
        file.seek(4096 * 2)
        file.write(b"\xff" * 4096 * 4)
    with pytest.raises(Unusable) as refused:
        back_up(path, str(tmp_path / "copy"))
    assert refused.value.code == "DB_CORRUPT"
    assert not (tmp_path / "copy").exists()


@pytest.mark.postgres
def test_an_upgrade_on_postgresql_is_one_transaction_too(postgres_url: str, folder: str) -> None:
    from vmconsole.store import postgres

    open_session(postgres_url, create=True).close()
    script = os.path.join(folder, f"{NEW[0]:04}_more.sql")
    sound = Path(script).read_text(encoding="utf-8")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        tables = "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE 'extra%'"
        Path(script).write_text(f"{sound}INSERT INTO nowhere VALUES (1);\n", encoding="utf-8")
        with pytest.raises(psycopg.errors.UndefinedTable):
            postgres.upgrade(connection, "here", to=NEW[0], folder=folder)
        assert connection.execute(tables).fetchone() == (0,)
        Path(script).write_text(sound, encoding="utf-8")
        postgres.upgrade(connection, "here", to=NEW[0], folder=folder)
        assert connection.execute(tables).fetchone() == (NEW_TABLES,)
    with pytest.raises(Unusable) as refused:
        open_session(postgres_url, create=True)
    assert refused.value.code == "DB_TOO_NEW"
