"""One connection to the store, the same over SQLite and PostgreSQL.

Statements are text with ``?`` for parameters and no other ``?`` or ``%``. This module, and what it imports for SQLite,
is on the path of every read command: nothing heavier than sqlite3 may be imported here.
"""

from __future__ import annotations

from vmconsole.errors import Internal, Unusable
from vmconsole.store.location import is_postgres

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import TracebackType
    from typing import Any, Protocol, Self

    class Store(Protocol):
        """What statements need; `Session` and `ModelStore` both offer it."""

        read_only: bool

        def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...
        def execute(self, sql: str, params: Sequence[Any] = ()) -> int: ...
        def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None: ...
        def write(self) -> Write: ...
        def next_value(self, counter_name: str) -> int: ...
        def next_values(self, counter_name: str, count: int) -> range: ...
        def next_change(self) -> int: ...
        def changed_marker(self) -> object: ...
        def close(self) -> None: ...


def open_session(url: str, *, create: bool, read_only: bool = False) -> Session:
    """Opens the store, migrating an older one first.

    Args:
        url: what `vmconsole.store.location.store_url` returned.
        create: make the store when there is none, instead of refusing.
        read_only: no statement may change anything. Creating and migrating still happen, before the session begins.

    Raises:
        Unusable: DB_MISSING, DB_NOT_OURS, DB_TOO_NEW, DB_CORRUPT, DB_UNSAFE; the store is as it was.
        TryAgain: DB_BUSY, another process kept it locked.
        Unavailable: DB_UNREACHABLE, the server does not answer.
        OutputFailed: DB_FULL, the disk is full.
        Denied: DB_DENIED, the permission is missing.
    """
    if is_postgres(url):
        try:
            from vmconsole.store.postgres import open_postgres
        except ModuleNotFoundError as error:
            raise Unusable(
                "PostgreSQL needs a driver that is not installed",
                code="DB_DRIVER",
                hint="pip install 'vmconsole[postgresql]'",
                detail=str(error),
            ) from error
        return open_postgres(url, create=create, read_only=read_only)
    from vmconsole.store.sqlite import open_sqlite

    return open_sqlite(url, create=create, read_only=read_only)


class Session:
    """One connection, for one thread. Each engine implements the methods that raise NotImplementedError here."""

    read_only: bool
    writing = False
    """Whether a `write` block is open."""
    broken = False
    """Whether a statement of the open block has failed."""

    def query(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement. Inside `write` it may also be one with RETURNING."""
        raise NotImplementedError

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Runs one changing statement inside `write`; returns the number of rows it touched.

        Raises:
            Conflict: DB_DUPLICATE, a unique key exists already; DB_CONSTRAINT, another constraint refuses.
        """
        raise NotImplementedError

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Runs one changing statement for each row, inside `write`; raises as `execute` does."""
        raise NotImplementedError

    def changed_marker(self) -> object:
        """A value that differs from the one before when another session has committed; cheap enough to poll."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends the session; an open `write` is rolled back. Closing twice is allowed."""
        raise NotImplementedError

    def _begin(self) -> None:
        raise NotImplementedError

    def _commit(self) -> None:
        raise NotImplementedError

    def _rollback(self) -> None:
        """Must not fail: it runs while another error is on its way."""
        raise NotImplementedError

    def write(self) -> Write:
        """``with session.write(): …`` is one transaction: committed at the end, rolled back by an exception.

        Nothing slow may happen inside: all other writers wait. One block inside another is a bug, and so is to pass
        over the failure of a statement: PostgreSQL would take back the block without a word, so both engines refuse.

        Raises:
            TryAgain: DB_BUSY, another process kept the store locked for 5 seconds; nothing was written.
            Unusable: DB_MOVED, DB_CORRUPT, DB_TOO_NEW: the store is no longer the one that was opened.
        """
        return Write(self)

    def next_value(self, counter_name: str) -> int:
        """The next number of a counter, from 0, never given out twice; inside `write`."""
        return self.next_values(counter_name, 1)[0]

    def next_values(self, counter_name: str, count: int) -> range:
        """The next `count` numbers of a counter; as `next_value`."""
        self._require_write()
        row = self.query(
            "INSERT INTO counter (name, value) VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = counter.value + ? RETURNING value",
            (counter_name, count - 1, count),
        )[0]
        last = int(row[0])
        return range(last - count + 1, last + 1)

    def next_change(self) -> int:
        """The number to put into `changed` of every row this transaction touches; inside `write`."""
        return self.next_value("change")

    def _require_write(self) -> None:
        if not self.writing:
            raise Internal("the store was to be changed outside a transaction")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Write:
    """The block of `Session.write`. A class, because contextlib's generators would cost the read path an import."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> None:
        if self._session.writing:
            raise Internal("a write inside a write")
        if self._session.read_only:
            raise Internal("a write in a session that was opened for reading")
        self._session._begin()
        self._session.writing, self._session.broken = True, False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.writing = False
        if error is not None:
            self._session._rollback()
            return
        if self._session.broken:
            self._session._rollback()
            raise Internal("a statement failed, and its transaction went on")
        try:
            self._session._commit()
        except BaseException:
            self._session._rollback()
            raise
