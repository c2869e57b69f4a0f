"""What the read commands load: nothing that costs more than the answer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.fill import fill

HEAVY = {"argparse", "asyncio", "croniter", "dataclasses", "libvirt", "peewee", "psycopg", "rich", "textual"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("startup") / "vmconsole.db"
    fill(path, vms=3)
    return path


@pytest.mark.parametrize(
    "words", ["--version", "--batch list", "--batch list --json", "--batch show 0", "list", "show 0"]
)
def test_a_read_command_loads_nothing_heavy(words: str, database: Path) -> None:
    # Python itself tells what it imports, even if the program ends without its usual clean-up.
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "vmconsole", *words.split()],
        check=False,
        env={**os.environ, "VMCONSOLE_DB": str(database)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "vmconsole" in loaded
    assert not loaded & HEAVY
