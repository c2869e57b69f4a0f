"""What an error of SQLite means to the person who meets it."""

from __future__ import annotations

import sqlite3

from vmconsole.errors import Conflict, Denied, Internal, OutputFailed, TryAgain, Unusable, VmconsoleError

_READABLE_COPY = "stop using it and restore the newest backup beside it"


def translate(error: sqlite3.Error, path: str) -> VmconsoleError:
    """The error of our tree for one that SQLite raised while it used the store at `path`."""
    extended = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    primary = extended & 0xFF
    detail = f"{getattr(error, 'sqlite_errorname', type(error).__name__)}: {error}"
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return TryAgain(
            f"{path}: another process keeps the store locked",
            code="DB_BUSY",
            hint="nothing was changed; try again",
            detail=detail,
        )
    if primary == sqlite3.SQLITE_CONSTRAINT:
        unique = extended in (sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
        return Conflict(str(error), code="DB_DUPLICATE" if unique else "DB_CONSTRAINT", detail=detail)
    if extended == sqlite3.SQLITE_READONLY_DBMOVED:
        return moved(path)
    # A short read means that the -wal file was taken away or cut.
    if primary in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or extended == sqlite3.SQLITE_IOERR_SHORT_READ:
        return Unusable(f"{path}: the store is damaged", code="DB_CORRUPT", hint=_READABLE_COPY, detail=detail)
    if primary == sqlite3.SQLITE_FULL:
        return OutputFailed(
            f"{path}: the disk is full; nothing was changed", code="DB_FULL", hint="free some space", detail=detail
        )
    if primary == sqlite3.SQLITE_IOERR:
        return OutputFailed(f"{path}: the disk reports an error", code="DB_IO", outcome="unknown", detail=detail)
    if primary in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_CANTOPEN):
        return Denied(
            f"{path}: the store may not be changed by you",
            code="DB_DENIED",
            hint="look at the owner and the mode of the file and of its directory",
            detail=detail,
        )
    return Internal(f"{path}: {error}", detail=detail)


def not_ours(path: str) -> Unusable:
    """The error for a file that is not a store of this program."""
    return Unusable(
        f"{path}: is not a store of vmconsole; it was left as it is",
        code="DB_NOT_OURS",
        hint="name another file with --db, or move this one away",
    )


def moved(path: str) -> Unusable:
    """The error for a store whose file is no longer the one that was opened."""
    return Unusable(
        f"{path}: the file was moved, replaced or deleted while it was in use; nothing more is written",
        code="DB_MOVED",
        hint="put the file back, or start again",
    )


def wal_lost(path: str) -> Unusable:
    """The error for a store whose journal was deleted under it."""
    return Unusable(
        f"{path}-wal: the journal was deleted while the store was in use; nothing more is written",
        code="DB_CORRUPT",
        hint=_READABLE_COPY,
    )
