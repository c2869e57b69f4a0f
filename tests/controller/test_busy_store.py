"""A store that cannot be written for a while, and work that ends meanwhile."""

from __future__ import annotations

import sqlite3
import threading
import time

import pytest

from tests.controller.conftest import MakeUri, Unruly
from tests.controller.rig import Rig
from tests.controller.test_life import play
from vmconsole.lifecycle import states as at

HELD_FOR = 6.5
"""Seconds; longer than a write waits for its turn."""


@pytest.mark.slow
def test_what_was_done_while_the_store_was_locked_is_written_when_it_is_free(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    locked = threading.Event()

    def hold() -> None:
        other = sqlite3.connect(sqlite_path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        locked.set()
        time.sleep(HELD_FOR)
        other.execute("ROLLBACK")
        other.close()

    async def story(rig: Rig, host: int) -> None:
        vm = await rig.running()
        save = unruly["h1"].save

        async def save_and_lock(uuid: str, progress: object = None) -> None:
            await save(uuid)
            threading.Thread(target=hold).start()
            locked.wait()

        unruly["h1"].save = save_and_lock  # type: ignore[method-assign]
        identity = rig.submit("suspend", vm)
        document = await rig.ended(identity, 30)
        assert (document["state"], document["error"], rig.at(vm)) == ("done", None, at.SUSPENDED)
        assert unruly["h1"].saves == 1
        await rig.done("resume", vm)

    play(sqlite_path, host_uri(), story)


def test_of_two_hosts_of_one_name_one_is_taken_on_and_the_other_let_go(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    async def story(rig: Rig, host: int) -> None:
        rivals = [rig.submit("host.create", name="twin", uri=host_uri(name)) for name in ("a", "b")]
        assert sorted([(await rig.ended(identity))["state"] for identity in rivals]) == ["done", "failed"]
        assert rig.controller._fleet._offers == []
        assert sorted(link.name for link in rig.controller._fleet) == ["h1", "twin"]

    play(sqlite_path, host_uri(), story)
