"""`recover --retry --interactive`: each part of a failed transfer is asked about before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.batch import rows
from tests.batch.conftest import Program
from tests.batch.rows import NOW, ROOT
from tests.batch.test_change import on_terminal
from vmconsole.batch.run import COMMON
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.parsing import parse
from vmconsole.commands.request import Request
from vmconsole.errors import Usage
from vmconsole.lifecycle import states as at
from vmconsole.store.session import Session, open_session


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A store with VM 0, whose transfer to its host failed, VM 1, whose end did, and VM 2, which runs."""
    with open_session(str(tmp_path / "store.db"), create=True) as opened:
        rows.host(opened, 0, "h0")
        for number, place in enumerate((at.PROLOG_FAILURE, at.EPILOG_FAILURE, at.RUNNING)):
            rows.vm(opened, number, f"vm{number}", place, host_id=0)
            for disk, kind, persistent in ((0, "file", 0), (1, "file", 1), (2, "cdrom", 0), (3, "foreign", 0)):
                rows.insert(
                    opened, "disk", vm_id=number, disk_id=disk, datastore_id=0, type=kind, target=f"vd{'abcd'[disk]}",
                    bus="virtio", format="qcow2", persistent=persistent,
                )  # fmt: skip
        yield opened


class Person:
    """Answers in turn; keeps what was asked."""

    def __init__(self, *answers: str) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    def __call__(self, question: str, secret: bool) -> str:
        self.asked.append(question)
        return self._answers.pop(0)


def prepared(session: Session, line: str, ask: Callable[[str, bool], str] | None) -> list[Request]:
    command, rest = registry.find(line.split())
    context = Context(session, ROOT, "batch", lambda: NOW, ask)
    return list(command.prepare(context, parse(command, rest, common=COMMON)))


@pytest.mark.covers("ON-101")
def test_each_part_is_run_skipped_or_listed(session: Session) -> None:
    person = Person("r", "a", "hm", "n", "r")
    (request,) = prepared(session, "recover 0 --retry --interactive", person)
    assert (request.command, request.vm_id, request.error) == ("retry", 0, None)
    assert request.arguments == {"skipped": ["disk 1"]}
    assert [question.splitlines()[-1].partition(":")[0] for question in person.asked] == [
        "disk 0", "disk 1", "disk 1", "disk 1", "disk 2",
    ]  # fmt: skip
    assert person.asked[0].startswith("VM 0 (vm0), PROLOG_FAILURE\n")
    listed = [line.partition(":")[0].split() for line in person.asked[2].splitlines()[:3]]
    assert listed == [["run", "disk", "0"], ["disk", "1"], ["disk", "2"]]


@pytest.mark.covers("ON-101")
def test_whoever_quits_has_done_nothing(session: Session) -> None:
    with pytest.raises(Usage, match="nothing was done"):
        prepared(session, "recover 0,1 --retry --interactive", Person("r", "n", "r", "q"))


def test_of_several_vms_each_is_gone_through_and_one_that_runs_is_refused(session: Session) -> None:
    person = Person("r", "n", "r", "n", "r")
    first, second, third = prepared(session, "recover 0..2 --retry --interactive", person)
    assert first.arguments == {"skipped": ["disk 1"]}
    assert second.arguments == {"skipped": ["definition"]}
    assert third.error is not None
    assert "RUNNING" in third.error.message


@pytest.mark.parametrize("line", ["recover 0 --interactive", "recover 0 --success --interactive"])
def test_only_a_retry_is_interactive(session: Session, line: str) -> None:
    with pytest.raises(Usage, match="--retry"):
        prepared(session, line, Person())


def test_where_nobody_can_be_asked_nothing_is_done(session: Session) -> None:
    with pytest.raises(Usage) as refused:
        prepared(session, "recover 0 --retry --interactive", None)
    assert refused.value.code == "CONFIRMATION_REQUIRED"


@pytest.mark.covers("ON-101")
def test_the_parts_are_asked_about_at_the_terminal(session: Session, tmp_path: Path) -> None:
    program = Program(tmp_path / "store.db")
    status, seen = on_terminal(program, ["recover", "0", "--retry", "--interactive"], ["n\n", "a\n", "q\n"])
    assert (status, session.query("SELECT 1 FROM operation")) == (2, [])
    assert "skip disk 0: make it, or bring it to the host" in seen
    assert "nothing was done" in seen
