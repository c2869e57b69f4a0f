"""What scripts rely on: the exit status of each kind of failure, one line that says what happened, errors as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .hosts import Lab
from .product import Document, Product, known

pytestmark = pytest.mark.lab


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[Product]:
    """A store with one VM on hold, and no host."""
    with Product(tmp_path) as made:
        made.add_template("bare", 'CPU = "0.1"\nMEMORY = "32"')
        made.instantiate("bare", "--hold")
        yield made


def written(folder: Path, text: str) -> Path:
    path = folder / "input"
    path.write_text(text)
    return path


def test_each_kind_of_failure_has_its_exit_and_one_line(ours: Product, tmp_path: Path) -> None:
    malformed = written(tmp_path, 'NAME = "web\nCPU = [')
    failures: list[tuple[int, tuple[str | Path, ...], str]] = [
        (2, ("frobnicate",), "frobnicate"),
        (2, ("suspend",), "suspend"),
        (2, ("list", "--nonsense"), "--nonsense"),
        (4, ("show", "99"), "99"),
        (4, ("suspend", "nobody"), "nobody"),
        (4, ("template", "instantiate", "nothing"), "nothing"),
        (5, ("resume", "0"), "HOLD"),
        (65, ("template", "create", malformed), "line"),
        (66, ("template", "create", tmp_path / "missing"), "missing"),
        (66, ("image", "create", "--name", "os", "--path", tmp_path / "missing"), "missing"),
    ]
    for status, words, named in failures:
        assert named in ours.complaint(*words, status=status), words
        answer: Document = ours.json(*words, status=status)
        assert (answer["ok"], answer["exit"]) == (False, status)
        assert answer["error"]["code"]
        assert named in answer["error"]["message"]
    assert [vm["stat"] for vm in ours.json("list")] == ["hold"]


def test_a_uri_that_runs_programs_is_refused_and_runs_none(lab: Lab, ours: Product, tmp_path: Path) -> None:
    marker, script = tmp_path / "marker", tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o700)
    uri = known(lab, lab["h1"])
    for parameter in (f"command={script}", f"com%6Dand={script}", f"netcat={script}", f"socket={script}"):
        said = ours.complaint("host", "create", f"{uri}&{parameter}", "--name", "h1", status=65)
        assert "URI_REFUSED" in said
    assert "URI_REFUSED" in ours.complaint("host", "create", f"qemu+ext://{script}/system", "--name", "h1", status=65)
    assert not marker.exists()
    assert ours.json("host", "list") == []


def test_a_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    ours = Product(tmp_path)
    ours.store.write_text("The cat sat on the mat.\n" * 200)
    before = ours.store.read_bytes()
    assert str(ours.store) in ours.complaint("list", status=78)
    assert json.loads(ours.run("list", "--json", status=78))["error"]["class"] == "CONFIG"
    ours.complaint("template", "create", written(tmp_path, 'MEMORY = "32"'), "--name", "web", status=78)
    assert ours.store.read_bytes() == before
    assert ours.controllers() == []


def test_a_script_stops_at_its_first_failure_unless_told_to_keep_going(ours: Product, tmp_path: Path) -> None:
    script = written(
        tmp_path, "# two renames, and what cannot be done between them\nrename 0 one\nshow 99\nrename 0 two\n"
    )
    done = ours.tried("--batch", "-f", script, status=4)
    assert "line 3" in done.stderr
    assert ours.vm(0)["name"] == "one"
    done = ours.tried("--batch", "-f", script, "--keep-going", status=3)
    assert ours.vm(0)["name"] == "two"
    ours.run("--batch", "-f", "-", feed="rename 0 'three'\nrelease 0\n")
    assert (ours.vm(0)["name"], ours.vm(0)["stat"]) == ("three", "pend")
