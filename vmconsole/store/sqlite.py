"""The store in one SQLite file."""

from __future__ import annotations

import os
import sqlite3

from vmconsole.errors import Unusable, VmconsoleError
from vmconsole.store.schema import VERSION
from vmconsole.store.session import Session
from vmconsole.store.sqlite_errors import moved, translate, wal_lost
from vmconsole.store.sqlite_file import connect, identity, peek
from vmconsole.store.sqlite_file import create as create_file
from vmconsole.store.sqlite_safety import check_journal, check_safe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any


class SqliteSession(Session):
    """A connection to an SQLite store that is known to be ours and of the right version."""

    def __init__(self, path: str, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self._identity = identity(path)
        self._wal: tuple[int, int] | None = None
        self.connection = _open(path, read_only=read_only)
        if identity(path) != self._identity:
            self.connection.close()
            raise moved(path)

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            return self.connection.execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise self.translate(error) from error

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        self._require_write()
        try:
            return self.connection.execute(sql, params).rowcount
        except sqlite3.Error as error:
            raise self.translate(error) from error

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._require_write()
        try:
            self.connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self.translate(error) from error

    def changed_marker(self) -> object:
        return self.query("PRAGMA data_version")[0][0]

    def translate(self, error: sqlite3.Error) -> VmconsoleError:
        """The error of our tree for one of this connection's; a `write` in which it happened is not committed."""
        self.broken = self.writing
        return translate(error, self.path)

    def close(self) -> None:
        self.writing = False
        self.connection.close()

    def _begin(self) -> None:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self.translate(error) from error
        try:
            self._check_unmoved()
        except BaseException:
            self._rollback()
            raise

    def _check_unmoved(self) -> None:
        """SQLite in WAL mode goes on writing into a deleted file, where nobody will ever read it."""
        if identity(self.path) != self._identity:
            raise moved(self.path)
        try:
            status = os.stat(f"{self.path}-wal")
        except OSError as error:
            raise wal_lost(self.path) from error
        wal = status.st_dev, status.st_ino
        if self._wal is None:
            self._wal = wal
        elif wal != self._wal:
            raise wal_lost(self.path)
        _check_version(self.path, self.query("PRAGMA user_version")[0][0])

    def _commit(self) -> None:
        try:
            self.connection.execute("COMMIT")
        except sqlite3.Error as error:
            raise self.translate(error) from error

    def _rollback(self) -> None:
        if self.connection.in_transaction:  # a full disk has rolled back already
            try:
                self.connection.execute("ROLLBACK")
            except sqlite3.Error:
                self.connection.close()


def open_sqlite(path: str, *, create: bool, read_only: bool) -> SqliteSession:
    """Does what `vmconsole.store.session.open_session` promises, for an SQLite file."""
    if not os.path.lexists(path):
        if not create:
            raise Unusable(f"{path}: there is no store", code="DB_MISSING", hint="name it with --db")
        from vmconsole.store.sqlite_schema import fill

        create_file(path, fill)
    check_safe(path)
    check_journal(path)
    version = peek(path)
    if version < VERSION:
        from vmconsole.store.sqlite_schema import upgrade

        upgrade(path)
    else:
        _check_version(path, version)
    return SqliteSession(path, read_only=read_only)


def _open(path: str, *, read_only: bool) -> sqlite3.Connection:
    mode = "mode=rw"
    if read_only:
        mode = "mode=ro&immutable=1" if _cannot_change(path) else "mode=ro"
    try:
        connection = connect(path, mode)
        try:
            if not read_only:
                connection.execute("PRAGMA foreign_keys = on")
                connection.execute("PRAGMA synchronous = full")
            # Once more: a newer program may have left its version in the journal only, where `peek` does not look.
            _check_version(path, connection.execute("PRAGMA user_version").fetchone()[0])
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise translate(error, path) from error
    return connection


def _cannot_change(path: str) -> bool:
    """Whether the store is complete in itself and lies where the side files that readers share cannot be made."""
    if os.access(os.path.dirname(path), os.W_OK):
        return False
    try:
        return os.stat(f"{path}-wal").st_size == 0
    except OSError:
        return True


def _check_version(path: str, version: int) -> None:
    if version > VERSION:
        raise Unusable(
            f"{path}: the store has version {version}, this program knows {VERSION}; it was left as it is",
            code="DB_TOO_NEW",
            hint="use the newer program",
        )
