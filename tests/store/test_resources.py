"""Where the files that the program ships are found."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from vmconsole import resources


def copy_in(package: Path) -> ModuleType:
    package.mkdir(parents=True)
    copy = package / "resources.py"
    shutil.copy(resources.__file__, copy)
    spec = importlib.util.spec_from_file_location("copied_resources", copy)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def data_in(folder: Path, *, marked: bool) -> Path:
    data = folder / "data"
    data.mkdir(parents=True)
    if marked:
        (data / "DATA").touch()
    return data


def test_a_checkout_finds_the_folder_beside_the_package() -> None:
    root = Path(__file__).parents[2]
    assert resources.data_path("schema") == str(root / "data" / "schema")


def test_a_wheel_finds_the_folder_inside_the_package_and_ignores_a_stranger_of_the_same_name(tmp_path: Path) -> None:
    module = copy_in(tmp_path / "vmconsole")
    data_in(tmp_path, marked=False)
    inside = data_in(tmp_path / "vmconsole", marked=True)
    assert module.data_path("a") == str(inside / "a")


def test_beside_comes_before_inside_so_that_an_editable_installation_shows_edits(tmp_path: Path) -> None:
    module = copy_in(tmp_path / "vmconsole")
    data_in(tmp_path / "vmconsole", marked=True)
    beside = data_in(tmp_path, marked=True)
    assert module.data_path("a") == str(beside / "a")


def test_an_installation_without_the_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="marker"):
        copy_in(tmp_path / "vmconsole").data_path("schema")
