"""Whether the place of an SQLite store can be relied upon: nobody else may change it, and no journal may be missing."""

from __future__ import annotations

import os
import stat
import time

from vmconsole.errors import Unusable
from vmconsole.store.sqlite_errors import moved, not_ours, wal_lost

SIDE_FILES = ("-wal", "-shm", "-journal")
_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs"})


def check_safe(path: str) -> None:
    """Refuses a store that somebody else could change, as ssh does with keys.

    Raises:
        Unusable: DB_UNSAFE; DB_MOVED when it has just gone; DB_NOT_OURS when it is not a regular file with content.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError as error:
        raise moved(path) from error
    if stat.S_ISLNK(status.st_mode):
        raise Unusable(f"{path}: is a symbolic link", code="DB_UNSAFE", hint="name the file itself")
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0:
        raise not_ours(path)
    _check_owned(path, status)
    if status.st_mode & 0o022:
        raise _unsafe(path, "others may write to it", f"chmod 600 {path}")
    for suffix in SIDE_FILES:
        try:
            _check_owned(path + suffix, os.lstat(path + suffix))
        except FileNotFoundError:
            continue
    check_safe_directory(os.path.dirname(path))


def check_safe_directory(directory: str) -> None:
    """Refuses a directory whose entries others could exchange; the sticky bit, as on /tmp, prevents that.

    Raises:
        Unusable: DB_UNSAFE.
    """
    innermost = directory
    while True:
        status = os.stat(directory)
        open_to = 0o022 if directory == innermost else 0o002
        if status.st_mode & open_to and not status.st_mode & stat.S_ISVTX:
            raise _unsafe(directory, "others may write to it", f"chmod go-w {directory}")
        above = os.path.dirname(directory)
        if above == directory:
            return
        directory = above


def check_journal(path: str) -> None:
    """Refuses a store whose journal was deleted while a process uses it: the next writer would make one with holes.

    Raises:
        Unusable: DB_CORRUPT.
    """
    shared = f"{path}-shm"
    # Whoever closes last removes first the journal and then the shared memory: that moment is waited for.
    for pause in (0.0, 0.02, 0.2):
        time.sleep(pause)
        if os.path.exists(f"{path}-wal") or not os.path.exists(shared):
            return
    if _is_locked(shared):
        raise wal_lost(path)


def check_local(directory: str, mounts: str = "/proc/self/mountinfo") -> None:
    """Refuses network file systems, whose locks SQLite cannot rely upon.

    Raises:
        Unusable: DB_UNSAFE.
    """
    device = os.stat(directory).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with open(mounts, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            fields = line.split()
            if fields[2] == number and fields[fields.index("-") + 1] in _REMOTE:
                raise _unsafe(directory, "is on a network file system", "use a local disk, or PostgreSQL")


def _is_locked(path: str) -> bool:
    """Whether a process holds a lock on the file. Asking by a lock of our own would drop those we hold already."""
    status = os.stat(path)
    file = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with open("/proc/locks", encoding="ascii") as locks:
        return any(file in line.split() for line in locks)


def _check_owned(path: str, status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise _unsafe(path, "belongs to another user", "run as that user, or use PostgreSQL to share a store")


def _unsafe(path: str, why: str, hint: str) -> Unusable:
    return Unusable(f"{path}: {why}", code="DB_UNSAFE", hint=hint)
