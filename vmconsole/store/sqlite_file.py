"""The file of an SQLite store: which one it is, whether it is ours, and how it comes into being."""

from __future__ import annotations

import errno
import os
import sqlite3

from vmconsole.errors import Denied, OutputFailed, Unusable, VmconsoleError
from vmconsole.store.location import make_private
from vmconsole.store.sqlite_errors import moved, not_ours, translate
from vmconsole.store.sqlite_safety import SIDE_FILES, check_local, check_safe_directory

APPLICATION_ID = 0x766D636E  # "vmcn"
BUSY_SECONDS = 5.0

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def connect(path: str, options: str) -> sqlite3.Connection:
    """A connection in which transactions are begun by hand.

    Args:
        path: the file.
        options: parameters of an SQLite URI, such as ``mode=rw``.
    """
    name = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{name}?{options}", uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def identity(path: str) -> tuple[int, int]:
    """Device and inode: what makes a file the same file.

    Raises:
        Unusable: DB_MOVED, there is no file.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise moved(path) from error
    return status.st_dev, status.st_ino


def peek(path: str) -> int:
    """The schema version in the header of a store, read without a lock and without leaving a trace.

    SQLite does the reading: closing a plain descriptor would drop the locks that another session of this process holds.

    Raises:
        Unusable: DB_NOT_OURS, another program's file or no database at all.
    """
    try:
        connection = connect(path, "mode=ro&immutable=1")
        try:
            if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise not_ours(path)
            return int(connection.execute("PRAGMA user_version").fetchone()[0])
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB:
            raise not_ours(path) from error
        raise translate(error, path) from error


def create(path: str, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Makes the store, complete or not at all: it is filled under another name and then linked to its own.

    Of several processes that do this at once one wins, and the others find the winner's store; nobody ever sees a
    store that is not ready.

    Args:
        path: where it shall be; its directory is made (0700) when it is missing.
        fill: gets an open connection to an empty store and writes the schema.

    Raises:
        Unusable: DB_UNSAFE, others may write to the directory, or it lies on a network file system.
        Denied: DB_DENIED, the directory may not be written.
    """
    directory = os.path.dirname(path)
    draft = f"{path}.{os.getpid()}.{os.urandom(4).hex()}.new"
    try:
        if not os.path.exists(directory):
            make_private(directory)
        check_safe_directory(directory)
        check_local(directory)
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
        try:
            _fill(draft, fill)
            os.link(draft, path)
        except FileExistsError:
            return
        finally:
            for suffix in ("", *SIDE_FILES):
                if os.path.lexists(draft + suffix):
                    os.unlink(draft + suffix)
        sync_directory(directory)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    except OSError as error:
        raise _cannot_create(path, error) from error


def _fill(draft: str, fill: Callable[[sqlite3.Connection], None]) -> None:
    connection = connect(draft, "mode=rw")
    try:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA journal_mode = wal")
        connection.execute("PRAGMA synchronous = full")
        connection.execute("PRAGMA foreign_keys = on")
        fill(connection)
    finally:
        connection.close()


def sync_directory(directory: str) -> None:
    """Makes sure that a new name in a directory survives a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _cannot_create(path: str, error: OSError) -> VmconsoleError:
    message = f"{path}: the store cannot be made: {error.strerror}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputFailed(message, code="DB_FULL")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return Denied(message, code="DB_DENIED")
    return Unusable(message, code="DB_MISSING", hint="name another file with --db")
