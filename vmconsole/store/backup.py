"""Copies of an SQLite store. Only SQLite itself can make one: a plain copy of a live file may lack everything."""

from __future__ import annotations

import os
import sqlite3
import time

from vmconsole.errors import Unusable
from vmconsole.store.sqlite_errors import translate
from vmconsole.store.sqlite_file import connect, sync_directory


def back_up(path: str, target: str | None = None) -> str:
    """Copies a store that may be in use, and verifies the copy.

    Args:
        path: the store.
        target: the copy, which must not exist; by default a name beside the store with version and time (UTC).

    Returns:
        The name of the copy, whose mode is 0600.

    Raises:
        Unusable: DB_CORRUPT, the copy is not complete; it was removed.
        OutputFailed: DB_FULL, there is no room for the copy; it was removed.
    """
    try:
        source = connect(path, "mode=ro")
        try:
            source.execute("BEGIN")
            version = source.execute("PRAGMA user_version").fetchone()[0]
            target = target or time.strftime(f"{path}.v{version}.%Y%m%dT%H%M%SZ.{os.getpid()}.backup", time.gmtime())
            os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
            try:
                _copy(source, path, target)
            except BaseException:
                os.unlink(target)
                raise
        finally:
            source.close()
    except sqlite3.Error as error:
        raise translate(error, path) from error
    sync_directory(os.path.dirname(target))
    return target


def _copy(source: sqlite3.Connection, path: str, target: str) -> None:
    copy = connect(target, "mode=rw")
    try:
        source.backup(copy)
        sound = copy.execute("PRAGMA quick_check").fetchall() == [("ok",)]
        if not sound or _row_counts(copy) != _row_counts(source):
            raise Unusable(
                f"{path}: a backup cannot be verified; the store may be damaged",
                code="DB_CORRUPT",
                outcome="not_started",
            )
    finally:
        copy.close()
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _row_counts(connection: sqlite3.Connection) -> dict[str, int]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for (name,) in tables}
