"""Header, jobs, panes and completion: what stands on their lines."""

from __future__ import annotations

import os

import pytest

from tests.console.fleet import NOW
from vmconsole.commands import registry
from vmconsole.console import header, jobs
from vmconsole.console.completion import complete
from vmconsole.console.fleet import FleetModel
from vmconsole.console.freshness import Freshness
from vmconsole.console.line_view import plain
from vmconsole.console.names import Names
from vmconsole.console.panes import graphs, history, schedules, show, snapshots
from vmconsole.presentation import cells
from vmconsole.store.detail import Detail, read_detail
from vmconsole.store.feed import Feed
from vmconsole.store.session import Session
from vmconsole.store.users import current_user


@pytest.fixture
def model(feed: Feed) -> FleetModel:
    model = FleetModel()
    model.apply(feed.opening(50))
    model.complete = True
    model.settle()
    return model


@pytest.fixture
def detail(store: Session) -> Detail:
    """The VM web-1."""
    found = read_detail(store, current_user(store, os.environ), 0)
    assert found is not None
    return found


def top(model: FleetModel, width: int = 120, **words: str) -> str:
    return "\n".join(plain(line) for line in header.lines(model, Freshness(5), NOW, width, **words))


def test_the_header_tells_hosts_states_load_and_controller(model: FleetModel) -> None:
    text = top(model)
    for words in ("2 up", "12", "4 runn", "1 fail", "48% of 32", "controller permanent"):
        assert words in text


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_the_header_keeps_to_its_width(model: FleetModel, width: int) -> None:
    for line in header.lines(model, Freshness(5), NOW, width)[:2]:
        assert cells(plain(line)) <= max(width, 40)


def test_a_host_that_has_not_answered_for_two_sweeps_is_stale(model: FleetModel) -> None:
    old = model.hosts[1]._replace(last_seen=int(NOW - 40))
    model.hosts = {**model.hosts, 1: old}
    assert "1 stale" in top(model)
    assert "host h2 silent for 40s" in top(model)


def test_schedules_without_a_permanent_controller_are_warned_of(model: FleetModel) -> None:
    assert "controller install" not in top(model)
    assert model.controller is not None
    model.controller = model.controller._replace(permanent=0)
    assert "1 schedules wait" in top(model)
    assert "run: vmconsole controller" in top(model)


def test_trouble_with_the_store_is_not_hidden(model: FleetModel) -> None:
    assert "the list is not live" in top(model, trouble="the store was moved")


def test_what_was_chosen_at_the_start_is_said(model: FleetModel) -> None:
    assert "qemu:///session" in top(model, notice="took qemu:///session")


def test_a_job_shows_what_on_which_vm_how_far(model: FleetModel) -> None:
    (line,) = map(plain, jobs.lines(model, NOW, 120, 5))
    for words in ("live-migrate", "4 build", "43%", "19s"):
        assert words in line


def test_jobs_that_have_no_room_are_counted(model: FleetModel) -> None:
    job = next(iter(model.work.operations.values()))
    model.work.operations = {str(number): {**job, "id": str(number), "seq": number} for number in range(9)}
    lines = jobs.lines(model, NOW, 80, 5)
    assert len(lines) == 5
    assert "5 more" in plain(lines[-1])


def test_a_failed_operation_tells_the_reason_and_the_next_step(model: FleetModel) -> None:
    job = {**next(iter(model.work.operations.values())), "state": "failed"}
    sentence, severity = jobs.ending(model, {**job, "error": {"message": "no room on h2", "hint": "try h1"}})
    assert sentence == "live-migrate 4 build: no room on h2; try h1"
    assert severity == "error"


def test_snapshots_are_drawn_as_the_tree_they_are(detail: Detail) -> None:
    text = [plain(line) for line in snapshots.lines(detail, NOW, 80)]
    tree = [line for line in text if "─" in line]
    assert [line.split("─")[0] for line in tree] == [" └", "   ├", "   │ └", "   └"]
    assert (
        next(line for line in tree if "●" in line).split()[-5:-3] == ["2", "after-update"] or "after-update" in tree[2]
    )


def test_a_snapshot_that_is_its_own_ancestor_does_not_hang_the_screen() -> None:
    loop = [
        {"id": 1, "parent": 2, "name": "a", "active": False, "size_bytes": 1, "date": 0},
        {"id": 2, "parent": 1, "name": "b", "active": False, "size_bytes": 1, "date": 0},
        {"id": 3, "parent": 3, "name": "c", "active": False, "size_bytes": 1, "date": 0},
    ]
    assert len(snapshots.tree(loop, NOW)) == 1


def test_a_schedule_shows_its_next_firing(detail: Detail) -> None:
    text = "\n".join(plain(line) for line in schedules.lines(detail, NOW, 80))
    assert "16:13:20         in 2 h" in text
    assert "snapshot-create nightly" in text
    assert "every Monday, Wednesday and Friday at " in text


def test_charts_have_their_width_and_show_the_peak() -> None:
    rows = graphs.chart([0, 0, 100, 0], 10, top=100, height=2)
    assert [len(row) for row in rows] == [10, 10]
    assert rows[0].strip() == "█"
    assert graphs.chart([float(number) for number in range(1000)], 10)[0][-1] == "█"


def test_a_counter_that_was_reset_makes_a_gap_not_a_negative_rate() -> None:
    assert graphs.rates([(0, 100), (10, 200), (20, 50), (30, None), (40, 60)]) == [10.0, None, None, None]


def test_the_show_pane_tells_what_the_state_means(detail: Detail) -> None:
    text = "\n".join(plain(line) for line in show.lines(detail, NOW, 80))
    for words in ("web-1", "● runn  ACTIVE", "RUNNING", "h1", "02:00:0a:00:00:00", "10.0.0.10", "8G"):
        assert words in text


def test_the_history_pane_shows_records(detail: Detail) -> None:
    text = "\n".join(plain(line) for line in history.lines(detail, NOW, 80))
    assert "h1" in text


def candidates(model: FleetModel, line: str, **known: list[str]) -> list[str]:
    names = Names(model, lambda question, then: None)
    names._known = known
    return [candidate.word for candidate in complete(line, registry.every(), names).candidates]


def test_completion_follows_the_declarations(model: FleetModel) -> None:
    assert "suspend" in candidates(model, "sus")
    assert candidates(model, "host cre") == ["create"]
    assert candidates(model, "suspend web-1") == ["web-1"]
    assert candidates(model, "suspend web-1,sta") == ["web-1,staging"]
    assert candidates(model, "poweroff --ha") == ["--hard"]
    assert candidates(model, "migrate 0 ", host=["h1", "h2"]) == ["h1", "h2"]
    assert candidates(model, "no such command ") == []


def test_a_vm_whose_name_cannot_be_typed_is_completed_by_its_id(model: FleetModel) -> None:
    assert candidates(model, "suspend üb") == ["11"]
