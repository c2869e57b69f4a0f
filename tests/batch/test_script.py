"""Scripts: one command a line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.batch.conftest import Program


def test_a_script_runs_its_lines_and_passes_over_comments(program: Program, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(
        '# first\n\n  config set sweep_period "6"\nconfig list --csv -f NAME=sweep_period -l NAME,VALUE\n'
    )
    done = program("--batch", "-f", script)
    assert (done.returncode, done.stdout) == (0, "NAME,VALUE\nsweep_period,6\n")


def test_a_script_is_read_from_standard_input_and_its_options_are_for_every_line(program: Program) -> None:
    done = program("--batch", "-f", "-", "--json", stdin="list\nhost list\n")
    assert (done.returncode, [json.loads(line) for line in done.stdout.splitlines()]) == (0, [[], []])


def test_a_script_stops_at_the_first_failure(program: Program) -> None:
    done = program("-f", "-", stdin="list\nshow 7\nhost list\n")
    assert done.returncode == 4
    assert done.stdout.count("\n") == 1
    assert done.stderr.splitlines()[1] == "vmconsole: script -, line 2: exit 4"


@pytest.mark.parametrize(
    ("lines", "status"), [("show 7\nlist\n", 3), ("show 7\nshow 8\n", 4), ("show 7\nnonsense\n", 1)]
)
def test_a_script_told_to_keep_going_runs_all_and_combines_the_statuses(
    program: Program, lines: str, status: int
) -> None:
    assert program("--batch", "--keep-going", "-f", "-", stdin=lines).returncode == status


def test_nothing_of_a_script_runs_when_a_line_cannot_be_read(program: Program) -> None:
    done = program("-f", "-", stdin="config set sweep_period 9\nshow 'x\n")
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert not program.store.exists()


def test_a_script_that_is_not_there_is_no_input(program: Program, tmp_path: Path) -> None:
    assert program("--batch", "-f", tmp_path / "absent").returncode == 66
    assert json.loads(program("-f", tmp_path, "--json").stdout)["error"]["code"] == "INPUT_FILE"


def test_a_command_beside_a_script_is_refused(program: Program) -> None:
    assert program("-f", "-", "list").returncode == 2


def test_a_hash_within_a_word_begins_no_comment(program: Program) -> None:
    done = program("-f", "-", stdin="show web#1\n")
    assert "web#1" in done.stderr
