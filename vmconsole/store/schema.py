"""The schema: numbered scripts in `data/schema`, each bringing a store from one version to the next."""

from __future__ import annotations

import os
import sqlite3

from vmconsole.resources import data_path

VERSION = 1
"""The version this program understands: the number of the last script."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def scripts(after: int, folder: str | None = None) -> Iterator[str]:
    """The texts of the scripts that a store of version `after` lacks, in order.

    Args:
        after: version of the store; 0 when it is empty.
        folder: where the scripts lie, instead of `data/schema`.
    """
    folder = folder or data_path("schema")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".sql") and int(name.partition("_")[0]) > after:
            with open(os.path.join(folder, name), encoding="utf-8") as script:
                yield script.read()


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: sqlite3's own `executescript` would commit the transaction it runs in."""
    statement = ""
    for line in script.splitlines():
        if not statement and (not line.strip() or line.lstrip().startswith("--")):
            continue
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement:
        raise ValueError(f"a statement without an end: {statement[:60]!r}")
