from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

from tests import checklist
from tests.conformance import verdicts
from tests.covering import Witness

ROOT = Path(__file__).resolve().parent.parent


def run_marked(folder: Path, *tests: str) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Runs pytest on a file of these tests, each "ID: body"; returns what it said and where the record would be."""
    lines = ["import pytest"]
    for number, (row, body) in enumerate(test.split(": ") for test in tests):
        lines += [f"@pytest.mark.covers({row!r})", f"def test_{number}():", f"    {body}"]
    file, record = folder / "test_marked.py", folder / "record.json"
    file.write_text("\n".join(lines))
    options = ["-p", "tests.covering", "-c", "/dev/null", "-p", "no:cacheprovider", f"--record-covered={record}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(file)], check=False, cwd=ROOT, capture_output=True, text=True
    )
    return done, record


def test_every_row_has_an_id_of_its_own() -> None:
    assert len(checklist.rows()) == len(checklist.FILE.read_text(encoding="utf-8").splitlines()) - 1 == 295


def test_a_row_is_proven_by_a_marked_test_that_passes_and_by_no_other(tmp_path: Path) -> None:
    _, record = run_marked(
        tmp_path, "ON-001: pass", "ON-002: assert 0", "ON-003: pytest.skip()", "ON-004: pytest.xfail()"
    )
    found = verdicts(json.loads(record.read_text()))
    assert [row for row, verdict in found.items() if verdict.proven] == ["ON-001"]
    assert found["ON-002"].tests.startswith("failed: ")


def test_a_row_with_one_failing_test_is_not_proven_by_another_that_passes() -> None:
    good = Witness(test="test_a", rows=["ON-001"], outcome="passed")
    bad = Witness(test="test_b[x]", rows=["ON-001"], outcome="failed")
    assert verdicts([good, bad])["ON-001"] == (False, "failed: test_b")


def test_a_mark_with_an_id_that_the_checklist_does_not_have_stops_the_run(tmp_path: Path) -> None:
    done, _ = run_marked(tmp_path, "ON-999: pass")
    assert done.returncode == 4
    assert "ON-999" in done.stderr


def test_a_row_that_has_a_reason_not_to_be_proven_is_proven_by_no_test() -> None:
    marks = set()
    for path in ROOT.joinpath("tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.covers":
                marks |= {ast.literal_eval(argument) for argument in node.args}
    assert checklist.reasons().keys() <= checklist.rows().keys() - marks
