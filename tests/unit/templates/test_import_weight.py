"""What the reading commands import from here must cost them next to nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"re", "typing", "dataclasses", "enum", "inspect", "ipaddress", "difflib", "fnmatch", "json"}


@pytest.mark.parametrize("module", ["syntax", "template", "selection", "names", "sizes", "errors"])
def test_a_module_on_the_reading_path_imports_nothing_heavy(module: str) -> None:
    program = f"import sys, vmconsole.templates.{module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True)
    assert not HEAVY & set(done.stdout.split())
