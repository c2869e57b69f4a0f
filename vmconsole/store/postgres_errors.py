"""What an error of PostgreSQL means to the person who meets it."""

from __future__ import annotations

import psycopg

from vmconsole.errors import (
    Conflict,
    Denied,
    Internal,
    OutputFailed,
    TryAgain,
    Unavailable,
    Unusable,
    VmconsoleError,
)

# Lock timeout, statement timeout, deadlock, serialisation, too many connections: in all of them nothing has happened.
_BUSY = frozenset({"55P03", "57014", "40P01", "40001", "53300"})
_LOGIN_REFUSED = ("28", "42501")
_SHUTDOWN = ("08", "57P")
# The code of a refused login does not reach the client, only its text; when it is in another language than English,
# the server counts as one that does not answer.
_LOGIN = (
    ("authentication failed", "28000"),
    ("no password supplied", "28000"),
    ("no pg_hba.conf entry", "28000"),
    ("not permitted to log in", "28000"),
    ('FATAL: role "', "28000"),
    ("permission denied for database", "42501"),
    ('FATAL: database "', "3D000"),
    ("connection slots are reserved", "53300"),
    ("too many", "53300"),
)


def translate(error: psycopg.Error, where: str, *, outcome: str = "not_started") -> VmconsoleError:
    """The error of our tree for one that psycopg raised.

    Args:
        error: what was raised.
        where: the store's URL without its password.
        outcome: what is known of the effect when the connection was lost.
    """
    text = " ".join(str(error).split())
    state = error.sqlstate or next((code for words, code in _LOGIN if words in text), "")
    if state in _BUSY:
        return TryAgain(
            f"{where}: the database is busy", code="DB_BUSY", hint="nothing was changed; try again", detail=text
        )
    if state.startswith("23"):
        return Conflict(text, code="DB_DUPLICATE" if state == "23505" else "DB_CONSTRAINT", detail=text)
    if state.startswith(_LOGIN_REFUSED):
        return Denied(f"{where}: the database server refuses: {text}", code="DB_DENIED", detail=text)
    if state == "3D000":
        return Unusable(
            f"{where}: there is no such database", code="DB_MISSING", hint="createdb makes one", detail=text
        )
    if state == "25006":
        return Unavailable(f"{where}: the database server is a read-only copy", code="DB_READ_ONLY", detail=text)
    if state in ("53100", "53200"):
        return OutputFailed(f"{where}: the database server is out of space", code="DB_FULL", detail=text)
    if state in ("XX001", "XX002"):
        return Unusable(f"{where}: the database is damaged", code="DB_CORRUPT", detail=text)
    if state.startswith(_SHUTDOWN) or (not state and isinstance(error, psycopg.OperationalError)):
        return Unavailable(
            f"{where}: the database server does not answer", code="DB_UNREACHABLE", outcome=outcome, detail=text
        )
    return Internal(f"{where}: {text}", detail=text)
