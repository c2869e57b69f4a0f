"""The store with models on top: peewee and text SQL on one connection, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast

import peewee

from vmconsole.errors import Internal
from vmconsole.store.models import TABLES
from vmconsole.store.session import Session, open_session
from vmconsole.store.sqlite import SqliteSession

if TYPE_CHECKING:
    from vmconsole.store.postgres import PostgresSession

_CHANGING = ("INSERT", "UPDATE", "DELETE", "REPLACE")
"""How the statements begin that peewee builds to change rows."""


class ModelStore:
    """A session whose connection the models use too; one at a time in a process, and for one thread.

    Models change rows inside `write` only; ``database.atomic()`` within it is a savepoint.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.read_only = session.read_only
        self.query = session.query
        self.execute = session.execute
        self.executemany = session.executemany
        self.write = session.write
        self.next_value = session.next_value
        self.next_values = session.next_values
        self.next_change = session.next_change
        self.changed_marker = session.changed_marker
        self.database = _database(session)
        self.database.connect()
        self.database.bind(TABLES)

    def close(self) -> None:
        """Ends the session and sets the models free for another one. Closing twice is allowed."""
        self.session.close()
        self.database.close()
        if TABLES[0]._meta.database is self.database:
            for model in TABLES:
                model.bind(None)  # type: ignore[arg-type]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_model_store(url: str, *, create: bool = True) -> ModelStore:
    """Opens the store as `vmconsole.store.session.open_session` does, for reading and writing, and binds the models.

    Raises:
        Internal: the models are bound to another open store of this process.
    """
    if TABLES[0]._meta.database is not None:
        raise Internal("the models are bound to another open store of this process")
    session = open_session(url, create=create)
    try:
        return ModelStore(session)
    except BaseException:
        session.close()
        raise


def _database(session: Session) -> peewee.Database:
    if isinstance(session, SqliteSession):
        return _SqliteModels(session)
    return _PostgresModels(cast("PostgresSession", session))


class _BorrowedConnection(peewee.Database):
    """A peewee database that works on a session's connection and leaves transactions to the session."""

    _session: SqliteSession | PostgresSession

    def _connect(self) -> Any:
        return self._session.connection

    def _close(self, conn: Any) -> None:
        """The session closes it."""

    def transaction_depth(self) -> int:
        return int(self._session.writing) + super().transaction_depth()

    def begin(self, *_: Any, **__: Any) -> None:
        raise Internal("a transaction was to begin outside ModelStore.write")

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        if not self._session.writing and sql.startswith(_CHANGING):
            raise Internal("the store was to be changed outside a transaction")
        try:
            return super().execute_sql(sql, params)  # type: ignore[no-untyped-call]
        except peewee.PeeweeException as error:
            raise self._session.translate(error.orig) from error  # type: ignore[attr-defined]


class _SqliteModels(_BorrowedConnection, peewee.SqliteDatabase):
    def __init__(self, session: SqliteSession) -> None:
        self._session = session
        super().__init__(session.path, thread_safe=False, autoconnect=False)


class _PostgresModels(_BorrowedConnection, peewee.PostgresqlDatabase):
    def __init__(self, session: PostgresSession) -> None:
        self._session = session
        super().__init__(session.where, thread_safe=False, autoconnect=False, prefer_psycopg3=True)
