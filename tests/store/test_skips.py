"""CI skips nothing: the rule in tests/conftest.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPING = """
import pytest

def test_skipped_inside():
    pytest.skip("no such program")

@pytest.mark.skip(reason="not today")
def test_skipped_by_a_mark():
    pass

@pytest.fixture
def missing():
    pytest.skip("no such server")

def test_skipped_by_a_fixture(missing):
    pass

@pytest.mark.xfail(reason="known", strict=True)
def test_expected_to_fail():
    assert False
"""


@pytest.mark.parametrize(
    ("ci", "status", "summary"), [("true", 1, "1 failed, 1 xfailed, 2 errors"), ("", 0, "3 skipped, 1 xfailed")]
)
def test_a_skipped_test_counts_as_failed_in_ci_only(tmp_path: Path, ci: str, status: int, summary: str) -> None:
    root = Path(__file__).parents[2]
    (tmp_path / "test_skipping.py").write_text(SKIPPING)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(
        command,
        cwd=root,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout
    assert summary in done.stdout
