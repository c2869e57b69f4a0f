"""What is left of a VM that is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.batch.conftest import Program


@pytest.mark.covers("ON-172")
def test_a_vm_that_is_done_is_shown_by_the_next_controllers_store_too(program: Program, tmp_path: Path) -> None:
    template = tmp_path / "small.tmpl"
    template.write_text('MEMORY = "16"\nDESCRIPTION = "kept"\n')
    assert program("host", "create", "test:///default", "--name", "h1").returncode == 0
    assert program("create", template, "--name", "web").returncode == 0
    program.wait_until(0, "runn")
    assert program("terminate", "0", "--hard").returncode == 0
    before = program.json("show", "0")
    (first,) = program.controllers()
    program.end_controller()
    assert program.json("show", "0") == before  # nobody needs a controller for looking
    assert program("create", template, "--name", "other", "--hold").returncode == 0
    (second,) = program.controllers()
    assert second != first
    after = program.json("show", "0")
    assert (after["state"], after["name"], after["attributes"]) == ("DONE", "web", {"DESCRIPTION": "kept"})
    assert after["end_time"] == before["end_time"] > 0
    assert [record["host"] for record in after["history"]] == ["h1"]
    shown = program("show", "0").stdout
    assert "STATE               : DONE" in shown
    assert "VIRTUAL MACHINE HISTORY" in shown
    assert [vm["name"] for vm in program.json("list")] == ["other"]
    assert [record["vm"] for record in program.json("accounting")] == [0]
