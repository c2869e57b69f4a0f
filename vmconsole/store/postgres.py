"""The store in a PostgreSQL database, which many machines may share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.types.bool import BoolDumper

from vmconsole.errors import Unusable, VmconsoleError
from vmconsole.store import schema
from vmconsole.store.first_rows import insert_first_rows
from vmconsole.store.location import without_password
from vmconsole.store.postgres_errors import translate
from vmconsole.store.session import Session

# A frozen or unreachable client may hold neither locks nor connection: seconds, unless the URL says otherwise.
_CONNECTION: dict[str, Any] = {
    "fallback_application_name": "vmconsole",
    "connect_timeout": 10,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_LIMITS = b"SET lock_timeout = '5s'; SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '10s'"
_TABLES = b"""
    SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
"""
_MIGRATION_LOCK = 0x766D636E


class PostgresSession(Session):
    """A connection to a PostgreSQL store. Once lost it stays lost: close the session and open another."""

    def __init__(self, url: str, connection: psycopg.Connection[tuple[Any, ...]], *, read_only: bool) -> None:
        self.where = without_password(url)
        self.connection = connection
        self.read_only = read_only

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        try:
            cursor = self.connection.execute(_placeholders(sql), params)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise self.translate(error) from error

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        self._require_write()
        try:
            return self.connection.execute(_placeholders(sql), params).rowcount
        except psycopg.Error as error:
            raise self.translate(error) from error

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        self._require_write()
        try:
            with self.connection.cursor() as cursor:
                cursor.executemany(_placeholders(sql), rows)
        except psycopg.Error as error:
            raise self.translate(error) from error

    def changed_marker(self) -> object:
        return self.query("SELECT value FROM counter WHERE name = 'change'")[0][0]

    def translate(self, error: psycopg.Error) -> VmconsoleError:
        """The error of our tree for one of this connection's; a `write` in which it happened is not committed."""
        self.broken = self.writing
        return translate(error, self.where)

    def close(self) -> None:
        self.writing = False
        self.connection.close()

    def _begin(self) -> None:
        try:
            # One message, as every round trip counts.
            cursor = self.connection.execute(b"BEGIN; SELECT value FROM meta WHERE key = 'schema'")
            cursor.nextset()
            version = int(cursor.fetchall()[0][0])
        except psycopg.Error as error:
            self._rollback()
            raise self.translate(error) from error
        if version > schema.VERSION:
            self._rollback()
            raise _too_new(self.where, version)

    def _commit(self) -> None:
        try:
            self.connection.execute(b"COMMIT")
        except psycopg.Error as error:
            raise translate(error, self.where, outcome="unknown") from error

    def _rollback(self) -> None:
        try:
            self.connection.execute(b"ROLLBACK")
        except psycopg.Error:
            self.connection.close()


def open_postgres(url: str, *, create: bool, read_only: bool) -> PostgresSession:
    """Does what `vmconsole.store.session.open_session` promises, for a PostgreSQL URL."""
    where = without_password(url)
    connection = _connect(url, where)
    try:
        version = _version(connection, where)
        if version == 0 and not create:
            raise Unusable(f"{where}: there is no store in this database", code="DB_MISSING")
        if version > schema.VERSION:
            raise _too_new(where, version)
        if version < schema.VERSION:
            upgrade(connection, where)
        if read_only:
            connection.execute(b"SET default_transaction_read_only = on")
    except psycopg.Error as error:
        connection.close()
        raise translate(error, where) from error
    except BaseException:
        connection.close()
        raise
    return PostgresSession(url, connection, read_only=read_only)


def upgrade(
    connection: psycopg.Connection[tuple[Any, ...]],
    where: str,
    *,
    to: int = schema.VERSION,
    folder: str | None = None,
) -> None:
    """Makes the schema, or brings an older one to version `to`, in one transaction.

    There is no backup: that of a database server is its administrator's.

    Args:
        connection: in autocommit mode.
        where: the store's URL without its password.
        to: the version to reach.
        folder: where the scripts lie, instead of `data/schema`.
    """
    with connection.transaction():
        connection.execute(b"SET LOCAL statement_timeout = 0")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
        version = _version(connection, where)
        if version >= to:
            return
        for script in schema.scripts(version, folder):
            for statement in schema.statements(script):
                connection.execute(statement.encode())
        if version == 0:
            connection.execute("INSERT INTO meta (key, value) VALUES ('schema', %s)", (str(to),))
            insert_first_rows(lambda sql, params: connection.execute(_placeholders(sql), params))
        else:
            connection.execute("UPDATE meta SET value = %s WHERE key = 'schema'", (str(to),))


class _FlagDumper(BoolDumper):
    """Flags are INTEGER columns on both engines; SQLite takes a bool for one, PostgreSQL does not."""

    oid = psycopg.adapters.types["int2"].oid

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"


def _connect(url: str, where: str) -> psycopg.Connection[tuple[Any, ...]]:
    try:
        settings = make_conninfo("", **{**_CONNECTION, **conninfo_to_dict(url)})
        connection = psycopg.connect(settings, autocommit=True)
    except psycopg.ProgrammingError as error:
        raise Unusable(f"{where}: is not a PostgreSQL URL", code="DB_URL", detail=str(error)) from error
    except psycopg.Error as error:
        raise translate(error, where) from error
    try:
        connection.execute(_LIMITS)
    except psycopg.Error as error:
        connection.close()
        raise translate(error, where) from error
    connection.adapters.register_dumper(bool, _FlagDumper)
    return connection


def _version(connection: psycopg.Connection[tuple[Any, ...]], where: str) -> int:
    """The version of the store in this database, 0 when the database is empty."""
    tables = {name for (name,) in connection.execute(_TABLES)}
    if not tables:
        return 0
    if {"meta", "counter", "operation", "vm"} <= tables:
        for (value,) in connection.execute(b"SELECT value FROM meta WHERE key = 'schema'"):
            return int(value)
    raise Unusable(
        f"{where}: the database belongs to another program; it was left as it is",
        code="DB_NOT_OURS",
        hint="createdb makes an empty one",
    )


def _too_new(where: str, version: int) -> Unusable:
    return Unusable(
        f"{where}: the store has version {version}, this program knows {schema.VERSION}; it was left as it is",
        code="DB_TOO_NEW",
        hint="use the newer program",
    )


@cache
def _placeholders(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
