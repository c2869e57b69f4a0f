"""Whatever is typed, the answer is an answer or a refusal, never a bug."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.batch import rows
from tests.batch.conftest import Program
from tests.batch.rows import NOW, ROOT
from vmconsole.batch import tables
from vmconsole.batch.formats import serialised
from vmconsole.batch.run import COMMON
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.declaration import Command
from vmconsole.commands.parsing import parse
from vmconsole.commands.results import Listing, Sheet
from vmconsole.errors import Internal, VmconsoleError
from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session, open_session

HOSTILE = (
    "", "0", "1", "7", "web", "-1", "0x1", "9" * 30, "1..2", "5..1", "a,b", "\u0663", "%_'\";--", "\u202e", "../1",
    "=x", "NAME=web", "ID>0", "-ID", "640", "u=rw", "K=V", "/dev/null", "/etc", "test:///default", "h0", "@", "1.5",
    "1e400", "nan",
)  # fmt: skip
FLAGS = tuple({option.long for command in registry.every() for option in command.options})
WORDS = st.lists(st.sampled_from(HOSTILE) | st.sampled_from(FLAGS) | st.text(max_size=6), max_size=5)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    path = tmp_path_factory.mktemp("any") / "vmconsole.db"
    with open_session(str(path), create=True) as session:
        rows.host(session, 0, "h0")
        rows.vm(session, 0, "web", at.RUNNING, host_id=0)
        rows.vm(session, 1, "db")
        rows.insert(session, "template", id=0, name="t", user_id=0, group_id=0, mode=384, registered=NOW, body="")
        rows.insert(
            session, "image", id=0, name="i", user_id=0, group_id=0, mode=384, registered=NOW, datastore_id=1,
            type="OS", state="rdy",
        )  # fmt: skip
        yield session


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(registry.every()), WORDS)
@example(registry.find(["list"])[0], ["--search", "A=\\", "--filter", "ID=1"])
@example(registry.find(["list"])[0], ["9" * 30])
@example(registry.find(["host", "show"])[0], ["9" * 30])
@example(registry.find(["template", "create"])[0], ["/dev/null"])
def test_any_line_is_answered_or_refused(store: Session, command: Command, words: list[str]) -> None:
    context = Context(store, ROOT, "batch", lambda: NOW)
    try:
        values = parse(command, [word for word in words if word != "-"], common=COMMON)
        if not command.reader:
            assert all(request.command for request in command.prepare(context, values))
            return
        answer = command.read(context, values)
        if isinstance(answer, Listing):
            tables.listing(answer, values, colour=True, cells=80)
            tables.csv(answer, values)
        elif isinstance(answer, Sheet):
            tables.sheet(answer, colour=False)
        for name in ("json", "yaml", "xml"):
            serialised(answer.documents(), name, answer.name)
    except Internal:
        raise
    except VmconsoleError:
        pass


@pytest.mark.parametrize("line", [["host", "show", "\udcff"], ["list", "--search", "NAME=\udcff"], ["show", "\udc9b"]])
def test_bytes_that_are_no_text_are_bad_input(program: Program, line: list[str]) -> None:
    done = program(*line)
    assert done.returncode == 65, done.stderr
    assert done.stderr.isascii() or "\N{EN DASH}" in done.stderr


def test_a_nul_in_a_script_is_bad_input(program: Program) -> None:
    assert program("-f", "-", stdin="host show a\0b\n").returncode == 65


def test_a_store_in_a_folder_with_an_odd_name_is_found(program: Program, tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xc3\xa9 \xff"))
    folder.mkdir(mode=0o700)
    assert program("list", "--db", os.fsdecode(os.fsencode(folder) + b"/s.db")).returncode == 0
