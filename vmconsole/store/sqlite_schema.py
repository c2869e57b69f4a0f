"""Bringing an SQLite store to the present schema in one transaction: killed at any point, it is the old or the new."""

from __future__ import annotations

import sqlite3

from vmconsole.store import schema
from vmconsole.store.backup import back_up
from vmconsole.store.first_rows import insert_first_rows
from vmconsole.store.sqlite_errors import translate
from vmconsole.store.sqlite_file import connect


def fill(connection: sqlite3.Connection) -> None:
    """Writes schema and first rows into an empty store."""
    connection.execute("BEGIN EXCLUSIVE")
    _run(connection, 0, schema.VERSION, None)
    insert_first_rows(connection.execute)
    connection.execute("COMMIT")


def upgrade(path: str, *, to: int = schema.VERSION, folder: str | None = None) -> str | None:
    """Brings an older store to version `to`; the name of the backup made before, or None if it was new enough.

    Args:
        path: the store.
        to: the version to reach.
        folder: where the scripts lie, instead of `data/schema`.

    Raises:
        TryAgain: DB_BUSY, another process kept the store locked.
        Unusable: DB_CORRUPT, the backup could not be verified; the store is as it was.
        OutputFailed: DB_FULL, there is no room for the backup or the upgrade; the store is as it was.
    """
    connection = connect(path, "mode=rw")
    try:
        connection.execute("PRAGMA synchronous = full")
        # From here on nobody else writes: one process upgrades, and nothing is written after the backup.
        connection.execute("BEGIN EXCLUSIVE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version >= to:
            return None
        backup = back_up(path)
        _run(connection, version, to, folder)
        connection.execute("COMMIT")
        return backup
    except sqlite3.Error as error:
        raise translate(error, path) from error
    finally:
        connection.close()


def _run(connection: sqlite3.Connection, after: int, to: int, folder: str | None) -> None:
    for script in schema.scripts(after, folder):
        for statement in schema.statements(script):
            connection.execute(statement)
    if broken := connection.execute("PRAGMA foreign_key_check").fetchall():
        raise sqlite3.IntegrityError(f"the upgrade leaves {len(broken)} references without an object")
    connection.execute(f"PRAGMA user_version = {to}")
