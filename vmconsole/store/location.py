"""Which store is meant, and the private directory that belongs to it."""

from __future__ import annotations

import os
import stat

from vmconsole.errors import Denied, Unusable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

POSTGRES_SCHEMES = ("postgresql://", "postgres://")


def store_url(given: str | None, environ: Mapping[str, str]) -> str:
    """The store to use: a PostgreSQL URL, or the absolute path of an SQLite file.

    Args:
        given: value of ``--db``; None or empty means that it was not given.
        environ: the environment; ``VMCONSOLE_DB`` and ``XDG_STATE_HOME`` are looked at.
    """
    chosen = given or environ.get("VMCONSOLE_DB")
    if not chosen:
        return os.path.join(state_dir(environ), "vmconsole.db")
    return chosen if is_postgres(chosen) else os.path.abspath(os.path.expanduser(chosen))


def state_dir(environ: Mapping[str, str]) -> str:
    """Where this user's program keeps its state; it may not exist yet. A relative XDG_STATE_HOME is ignored."""
    home = environ.get("XDG_STATE_HOME", "")
    if os.path.isabs(home):
        return os.path.join(home, "vmconsole")
    if os.geteuid() == 0:
        return "/var/lib/vmconsole"
    return os.path.join(os.path.expanduser("~"), ".local", "state", "vmconsole")


def is_postgres(url: str) -> bool:
    """Whether the URL names a PostgreSQL database; everything else is the path of an SQLite file."""
    return url.startswith(POSTGRES_SCHEMES)


def run_dir(url: str, environ: Mapping[str, str] = os.environ) -> str:
    """The private directory (0700) of a store for sockets, logs and host keys; made when it is missing.

    Args:
        url: what `store_url` returned.
        environ: used for PostgreSQL only, whose directory lies under `state_dir`.

    Raises:
        Unusable: DB_UNSAFE, somebody else may write there.
        Denied: DB_DENIED, it cannot be made.
    """
    if is_postgres(url):
        directory = os.path.join(state_dir(environ), f"{_fingerprint(url)}.run")
    else:
        directory = f"{os.path.splitext(url)[0]}.run"
    make_private(directory)
    return directory


def make_private(directory: str) -> None:
    """Makes a directory and its missing parents, all 0700, and checks that it belongs to this user alone.

    Raises:
        Unusable: DB_UNSAFE, it is a link, not a directory, somebody else's or open to others.
        Denied: DB_DENIED, it cannot be made.
    """
    missing: list[str] = []
    above = directory
    while not os.path.lexists(above):
        missing.append(above)
        above = os.path.dirname(above)
    try:
        for each in reversed(missing):
            try:
                os.mkdir(each, 0o700)
            except FileExistsError:  # another process of ours was faster
                pass
        status = os.lstat(directory)
    except OSError as error:
        raise Denied(f"{directory}: {error.strerror}", code="DB_DENIED") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise Unusable(
            f"{directory}: must be a directory that belongs to you alone",
            code="DB_UNSAFE",
            hint=f"chmod 700 {directory}",
        )


def without_password(url: str) -> str:
    """The URL as it may be shown and logged."""
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    query = [(key, value) for key, value in parse_qsl(parts.query) if "password" not in key]
    return urlunsplit(parts._replace(netloc=login.partition(":")[0] + at + host, query=urlencode(query)))


def _fingerprint(url: str) -> str:
    from hashlib import sha256

    return sha256(without_password(url).encode()).hexdigest()[:16]
