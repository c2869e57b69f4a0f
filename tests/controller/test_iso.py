"""The CD-ROM that carries a context."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from vmconsole.controller.iso import write_iso
from vmconsole.templates.context import context_files


@pytest.mark.skipif(shutil.which("blkid") is None, reason="blkid (util-linux) is not installed")
@pytest.mark.parametrize(("seed", "label"), [("one", "CONTEXT"), ("nocloud", "cidata")])
def test_the_disc_carries_the_label_its_reader_looks_for(tmp_path: Path, seed: str, label: str) -> None:
    path = tmp_path / "context.iso"
    content = context_files({"SEED": seed}, vm_id=7, name="web", attributes={}, nics=[])
    write_iso(content, path)
    found = subprocess.run(["blkid", "-p", "-o", "export", path], capture_output=True, text=True, check=True).stdout
    assert "TYPE=iso9660" in found
    assert f"LABEL={label}" in found
    assert path.stat().st_mode & 0o077 == 0
