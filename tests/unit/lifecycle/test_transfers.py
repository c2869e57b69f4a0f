"""What a transfer consists of, part by part."""

from __future__ import annotations

import pytest

from vmconsole.lifecycle.steps import Step
from vmconsole.lifecycle.transfers import Files, parts

FILES = Files(disks=(0, 2), own=(2,), memory=True)


@pytest.mark.parametrize(
    ("step", "files", "names"),
    [
        (Step.PROLOG, FILES, ["disk 0", "disk 2"]),
        (Step.FETCH, FILES, ["disk 0", "disk 2", "memory"]),
        (Step.FETCH, FILES._replace(memory=False), ["disk 0", "disk 2"]),
        (Step.TRANSFER, FILES, ["disk 0", "disk 2", "memory", "definition"]),
        (Step.TAKE_OVER, FILES, ["disk 0", "disk 2"]),
        (Step.STORE, FILES, ["memory", "definition"]),
        (Step.STORE, FILES._replace(memory=False), ["definition"]),
        (Step.EPILOG, FILES, ["definition", "disk 2", "memory"]),
        (Step.BOOT, FILES, []),
    ],
)
def test_a_transfer_has_a_part_for_each_thing_it_moves(step: Step, files: Files, names: list[str]) -> None:
    assert [part.name for part in parts(step, files)] == names
