"""Many processes that all want to make the same store."""

from __future__ import annotations

import os
import subprocess
import sys

from vmconsole.store.location import is_postgres
from vmconsole.store.session import open_session

PROCESSES = 20

FIRST_START = """
import sys
from vmconsole.store.session import open_session
sys.stdin.read(1)
with open_session(sys.argv[1], create=True) as session:
    with session.write():
        print(session.query("SELECT value FROM meta WHERE key = 'instance'")[0][0], session.next_value("vm"))
"""


def test_of_twenty_simultaneous_first_starts_one_makes_the_store_and_all_use_it(store_url: str) -> None:
    command = [sys.executable, "-c", FIRST_START, store_url]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("g")
        process.stdin.flush()
    results = [process.communicate() for process in started]
    assert [errors for _, errors in results] == [""] * PROCESSES
    instances, ids = zip(*(output.split() for output, _ in results), strict=True)
    assert len(set(instances)) == 1
    assert sorted(map(int, ids)) == list(range(PROCESSES))
    with open_session(store_url, create=False) as session:
        assert session.query("SELECT count(*) FROM user_account") == [(1,)]
    if not is_postgres(store_url):
        assert os.listdir(os.path.dirname(store_url)) == [os.path.basename(store_url)]


def test_a_first_start_that_was_killed_leaves_nothing_under_the_name_of_the_store(sqlite_path: str) -> None:
    script = (
        "import os, signal, sys\n"
        "from vmconsole.store import sqlite_file\n"
        "sqlite_file.create(sys.argv[1], lambda connection: os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, sqlite_path], check=False)
    assert killed.returncode == -9
    assert not os.path.exists(sqlite_path)
    open_session(sqlite_path, create=True).close()
