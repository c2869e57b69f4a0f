"""The wheel: what a user installs, as opposed to the checkout that all other tests run from."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

import vmconsole

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program of an environment with the wheel, and beside it what the project's own environment has."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip("--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([python, "-c", code], text=True).strip())
    # A folder named in a .pth is searched, but its own .pth files are not read: the checkout stays out of sight.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "bin" / "vmconsole"


def pip(*words: str) -> None:
    done = subprocess.run([sys.executable, "-m", "pip", *words], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def run(program: Path, *words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VMCONSOLE"))}
    environment["VMCONSOLE_DB"] = str(folder / "state" / "vmconsole.db")
    return subprocess.run([program, *words], check=False, cwd=folder, env=environment, capture_output=True, text=True)


def test_the_wheel_claims_no_generic_name(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {"vmconsole", f"vmconsole-{vmconsole.__version__}.dist-info"}


def test_the_wheel_holds_the_drivers_and_the_data_and_nothing_made_in_passing(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "vmconsole/_lib/backends/base.py",
        "vmconsole/data/DATA",
        "vmconsole/data/schema/0001_foundation.sql",
    } <= names
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_the_installed_program_runs_in_any_folder(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "--version", folder=tmp_path)
    assert (done.returncode, done.stdout.split()[-1:]) == (0, [vmconsole.__version__]), done.stderr


def test_the_installed_program_makes_its_store_and_lists_it(installed: Path, tmp_path: Path) -> None:
    done = run(installed, "--batch", "list", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "state" / "vmconsole.db").exists()


def test_the_installed_program_finds_its_drivers_in_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = "import vmconsole, backends.base; print(backends.base.__file__)"
    done = run(installed.with_name("python"), "-c", code, folder=tmp_path)
    assert Path(done.stdout.strip()).parts[-4:] == ("vmconsole", "_lib", "backends", "base.py"), done.stderr
