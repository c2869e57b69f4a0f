"""At most one controller acts on a store."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.controller.processes import Controllers
from vmconsole.controller import identity
from vmconsole.controller.journal import Journal
from vmconsole.controller.lease import Lease, LeaseLost
from vmconsole.store.session import Session, open_session


@pytest.fixture
def other(store_url: str, session: Session) -> Iterator[Session]:
    with open_session(store_url, create=False) as opened:
        yield opened


def dead_process() -> str:
    """The identity of a process of this machine that has ended."""
    child = subprocess.Popen(
        [sys.executable, "-c", "from vmconsole.controller import identity; print(identity.own())"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return child.communicate()[0].strip()


def hold_as(session: Session, holder: str) -> None:
    with session.write():
        session.execute("UPDATE lease SET holder = ?", (holder,))


def test_one_controller_holds_the_lease(session: Session, other: Session) -> None:
    first, second = Lease(session, permanent=True), Lease(other, permanent=True)
    assert first.acquire()
    assert not second.acquire()
    first.release()
    assert second.acquire()
    assert second.token == first.token + 1


def test_the_lease_of_a_dead_process_is_taken_over_at_once(session: Session) -> None:
    assert Lease(session, permanent=True).acquire()
    hold_as(session, dead_process())
    assert Lease(session, permanent=True).acquire()


def test_the_lease_of_a_living_process_is_not_taken_however_long_it_is_silent(session: Session) -> None:
    assert Lease(session, permanent=True).acquire()
    with session.write():
        session.execute("UPDATE lease SET expires = 0, since = 0")
    second = Lease(session, permanent=True)
    assert not second.acquire()
    assert not second.doubtful


def test_a_reused_process_id_does_not_keep_a_lease(session: Session) -> None:
    assert Lease(session, permanent=True).acquire()
    machine, boot, _, start = identity.own().split(":")
    hold_as(session, f"{machine}:{boot}:{os.getpid()}:{int(start) + 1}")
    assert Lease(session, permanent=True).acquire()


def test_of_a_holder_elsewhere_only_a_counter_that_stands_still_is_believed(
    session: Session, other: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmconsole.controller.lease.TTL", 0.3)
    first = Lease(session, permanent=True)
    assert first.acquire()
    first.holder = "elsewhere:boot:1:1"
    hold_as(session, first.holder)
    second = Lease(other, permanent=True)
    for _ in range(3):
        assert not second.acquire()
        assert second.doubtful
        time.sleep(0.2)
        first.renew()
    assert not second.acquire()
    time.sleep(0.4)
    assert second.acquire()


def test_the_writes_of_an_old_holder_roll_back(session: Session, other: Session) -> None:
    first, second = Lease(session, permanent=True), Lease(other, permanent=True)
    assert first.acquire()
    hold_as(other, dead_process())
    assert second.acquire()
    with pytest.raises(LeaseLost), Journal(session, first, time.time).write() as store:
        store.execute("INSERT INTO meta (key, value) VALUES ('phantom', '')")
    with pytest.raises(LeaseLost):
        first.renew()
    assert session.query("SELECT 1 FROM meta WHERE key = 'phantom'") == []
    first.release()  # what it does not hold it cannot give away
    assert other.query("SELECT holder FROM lease") == [(second.holder,)]


def test_a_lease_that_was_not_renewed_in_time_is_not_acted_on(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = Lease(session, permanent=True)
    assert lease.acquire()
    journal = Journal(session, lease, time.time)
    journal.require_lease()
    monkeypatch.setattr("vmconsole.controller.lease.GIVE_UP_AFTER", -1.0)
    with pytest.raises(LeaseLost):
        journal.require_lease()


def test_a_standing_by_controller_takes_over_when_the_first_is_killed(store_url: str, controllers: Controllers) -> None:
    first = controllers.start(store_url)
    controllers.wait_for_holder(store_url, first)
    second = controllers.start(store_url)
    time.sleep(1)
    assert second.poll() is None
    controllers.wait_for_holder(store_url, first)
    first.kill()
    first.wait(10)
    controllers.wait_for_holder(store_url, second)


def test_a_second_controller_on_demand_gives_way_at_once(store_url: str, controllers: Controllers) -> None:
    first = controllers.start(store_url, on_demand=True)
    controllers.wait_for_holder(store_url, first)
    begun = time.monotonic()
    second = controllers.start(store_url, on_demand=True)
    assert second.wait(10) == 0
    assert time.monotonic() - begun < 20
    assert first.poll() is None
