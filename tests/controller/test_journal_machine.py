"""Operations asked for, begun, ended, cut short and taken over in any order: the store stays sound."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.controller.oracle import check
from tests.controller.test_journal import Desk
from vmconsole.controller.job import Job
from vmconsole.controller.journal import is_worked_at
from vmconsole.controller.vm_rows import Superseded
from vmconsole.errors import Failed
from vmconsole.lifecycle import actions, recovery
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.stages import Outcome
from vmconsole.store import operations
from vmconsole.store.session import open_session

VMS = 3
COMMANDS = (
    "hold", "release", "deploy", "suspend", "pause", "resume", "stop", "poweroff", "poweroff-hard", "undeploy",
    "terminate", "terminate-hard", "reboot", "recover-success", "recover-failure", "retry", "delete", "delete-recreate",
)  # fmt: skip


class JournalMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.session = open_session(str(Path(self.folder.name) / "store" / "vmconsole.db"), create=True)
        self.desk = Desk(self.session)
        for number in range(VMS):
            self.desk.vm(number, at.PENDING)
        self.jobs: list[Job] = []
        self.ended: set[str] = set()

    def teardown(self) -> None:
        check(self.session)
        self.session.close()
        self.folder.cleanup()

    @rule(command=st.sampled_from(COMMANDS), vm=st.integers(0, VMS - 1))
    def ask(self, command: str, vm: int) -> None:
        self.desk.ask(command, vm, **({"host_id": 0} if command == "deploy" else {}))

    @rule()
    def begin(self) -> None:
        for identity, _ in self.desk.journal.queued():
            job = self.desk.begin(identity)
            if job is None:
                continue
            if actions.action(job.command).recovery is not None:
                self._settle(job)
            self.jobs.append(job)

    def _settle(self, job: Job) -> None:
        """What the executor does with a recovery, before the stage that may follow."""
        assert job.position is not None
        option = actions.action(job.command).recovery
        assert option is not None
        found = recovery.recover_target(job.position, option, job.variant)
        if found.target is None:
            self.desk.journal.finish(job)
        else:
            self.desk.journal.advance(job, found.outcome or Outcome.SUCCESS, target=found.target)

    @precondition(lambda self: self.jobs)
    @rule(data=st.data(), succeeds=st.booleans())
    def end_a_step(self, data: Any, succeeds: bool) -> None:
        job = data.draw(st.sampled_from(self.jobs))
        error = None if succeeds else Failed("no")
        with suppress(Superseded):  # it ended, or was taken over, and may try as often as it likes
            if job.position is not None and is_worked_at(job.position):
                self.desk.journal.advance(job, Outcome.SUCCESS if succeeds else Outcome.FAILURE, error=error)
            elif error is None:
                self.desk.journal.finish(job)
            else:
                self.desk.journal.fail(job, error)

    @rule()
    def controller_dies(self) -> None:
        with self.session.write():
            self.session.execute("UPDATE operation SET owner = 'gone' WHERE state = 'running'")
        self.jobs = self.desk.journal.orphans()

    @rule()
    def cancel_the_oldest_that_waits(self) -> None:
        for (identity,) in self.session.query("SELECT id FROM operation WHERE state = 'queued' ORDER BY seq LIMIT 1"):
            assert operations.request_cancel(self.session, identity, 1e6)

    @invariant()
    def every_running_operation_holds_its_vm_and_no_other_does(self) -> None:
        running = dict(self.session.query("SELECT vm_id, id FROM operation WHERE state = 'running'"))
        held = dict(self.session.query("SELECT id, busy FROM vm WHERE busy IS NOT NULL"))
        assert held == running

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        ended = {row[0] for row in self.session.query("SELECT id FROM operation WHERE ended IS NOT NULL")}
        assert self.ended <= ended
        self.ended = ended


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
