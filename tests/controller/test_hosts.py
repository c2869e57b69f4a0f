"""What is reserved of a host, or promised beyond what it has."""

from __future__ import annotations

import asyncio

from tests.controller.conftest import MakeUri
from tests.controller.rig import Rig
from tests.controller.test_placement import says
from vmconsole.lifecycle import states as at


def test_reservations_shrink_a_host_and_negative_ones_promise_more_than_there_is(
    sqlite_path: str, host_uri: MakeUri
) -> None:
    async def story() -> None:
        async with Rig(sqlite_path) as rig:
            await rig.host(host_uri("a", cpus=4), "a")
            await rig.done("host.update", host_id=0, columns={"reserved_cpu": 200})
            first, second = [await rig.create(name, cpu=2) for name in ("first", "second")]
            await rig.reaches(first, at.RUNNING)
            await says(rig, second, "no host has 2 CPU")
            await rig.done("host.update", host_id=0, columns={"reserved_cpu": -400})
            await rig.reaches(second, at.RUNNING)
            await rig.running("third", cpu=4)
            await rig.host(host_uri("b"), "b")
            assert (await rig.refused("host.update", host_id=0, columns={"name": "b"}))["code"] == "HOST_DUPLICATE"

    asyncio.run(asyncio.wait_for(story(), 60))
