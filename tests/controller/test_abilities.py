"""What a driver cannot do is refused with the reason before anything is attempted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.controller.conftest import MakeUri
from tests.controller.rig import Rig
from vmconsole.lifecycle import states as at

BEYOND_THE_TEST_DRIVER: dict[str, dict[str, Any]] = {
    "live-migrate": {"host_id": 1},
    "disk-attach": {"disk": 'DISK = [ TYPE = "fs", SIZE = "10" ]'},
    "nic-attach": {"nic": 'NIC = [ BRIDGE = "br0" ]'},
    "nic-detach": {"nic_id": "0"},
    "disk-resize": {"disk_id": "0", "size": "20"},
    "stop": {},
}


@pytest.mark.covers("ON-177")
def test_what_the_driver_cannot_do_is_refused_with_the_reason_and_not_attempted(
    store_url: str, host_uri: MakeUri
) -> None:
    async def story() -> None:
        async with Rig(store_url) as rig:
            await rig.host(host_uri("a"), "a")
            vm = await rig.running(more='DISK = [ TYPE = "fs", SIZE = "10" ]\nNIC = [ BRIDGE = "br0" ]')
            await rig.host(host_uri("b"), "b")
            before = await rig.link().backend.domain(rig.value("vm", "uuid", vm))
            for action, arguments in BEYOND_THE_TEST_DRIVER.items():
                operation = rig.submit(action, vm, **arguments)
                error = (await rig.ended(operation))["error"]
                assert error["code"] == "HOST_UNSUPPORTED", (action, error)
                assert "host a" in error["message"]
                assert "its driver is TEST; nothing was changed" in error["message"]
                assert rig.passed(operation) == [], action
            assert rig.at(vm) is at.RUNNING
            assert await rig.link().backend.domain(rig.value("vm", "uuid", vm)) == before
            assert len(rig.session.query("SELECT 1 FROM disk WHERE vm_id = ?", (vm,))) == 1
            await rig.done("poweroff", vm)
            assert (await rig.refused("migrate", vm, host_id=1))["code"] == "HOST_UNSUPPORTED"
            assert rig.at(vm) is at.POWEROFF

    asyncio.run(asyncio.wait_for(story(), 120))
