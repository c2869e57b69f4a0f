"""What a read command pays before it can read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from vmconsole.store.session import open_session

HEAVY = {
    "argparse", "asyncio", "contextlib", "croniter", "dataclasses", "enum", "inspect", "json", "libvirt", "logging",
    "pathlib", "peewee", "psycopg", "re", "rich", "socket", "tempfile", "textual", "threading", "typing", "uuid",
}  # fmt: skip

READ = """
import sys, time
before = time.perf_counter()
import sqlite3
at_sqlite, bare = time.perf_counter(), set(sys.modules)
from vmconsole.store.location import store_url
from vmconsole.store.session import open_session
from vmconsole.store.users import current_user
imported = time.perf_counter()
session = open_session(store_url(sys.argv[1], {}), create=True, read_only=True)
opened = time.perf_counter()
user = current_user(session, {})
rows = session.query("SELECT * FROM vm")
done = time.perf_counter()
loaded = sorted(set(sys.modules) - bare)
import json
print(json.dumps({"sqlite3": at_sqlite - before, "imports": imported - at_sqlite, "open": opened - imported,
                  "first queries": done - opened, "modules": loaded}))
"""


def test_reading_the_store_imports_nothing_heavy(
    sqlite_path: str, record_property: Callable[[str, object], None]
) -> None:
    open_session(sqlite_path, create=True).close()
    # -I -S: without the site packages' own imports, which are not ours to answer for.
    code = f"import sys; sys.path.insert(0, {sys.path[0]!r}); sys.path[:0] = {sys.path!r}\n{READ}"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, sqlite_path], capture_output=True, text=True, check=True
    )
    report = json.loads(done.stdout)
    modules = report.pop("modules")
    for name, seconds in report.items():
        record_property(f"{name} in ms", round(seconds * 1000, 2))
        print(f"{name}: {seconds * 1000:.2f} ms")
    print("modules beyond sqlite3:", modules)
    assert not HEAVY & set(modules)
