"""What the next boot reads, changed while a VM is off."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.controller.conftest import MakeUri
from tests.controller.rig import Rig
from vmconsole.lifecycle import states as at


def test_new_sections_take_the_place_of_old_ones_or_are_merged(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story() -> None:
        async with Rig(sqlite_path) as rig:
            await rig.host(host_uri())
            vm = await rig.running(more='GRAPHICS = [ TYPE = "vnc", PASSWD = "secret" ]\nOS = [ BOOT = "hd" ]')
            await rig.done("poweroff-hard", vm)
            await rig.done("updateconf", vm, template='GRAPHICS = [ KEYMAP = "de", TYPE = "vnc" ]', append=True)
            template = json.loads(rig.value("vm", "template", vm))
            assert template["GRAPHICS"] == {"TYPE": "vnc", "PASSWD": "secret", "KEYMAP": "de"}
            await rig.done("updateconf", vm, template='GRAPHICS = [ TYPE = "spice" ]')
            template = json.loads(rig.value("vm", "template", vm))
            assert (template["GRAPHICS"], template["OS"]) == ({"TYPE": "spice"}, {"BOOT": "hd"})
            assert (await rig.refused("updateconf", vm, template='MEMORY = "9"'))["code"] == "INPUT_TEMPLATE"
            assert json.loads(rig.value("vm", "template", vm)) == template

    asyncio.run(asyncio.wait_for(story(), 60))


@pytest.mark.parametrize("rest", ["poweroff-hard", "undeploy-hard"])
def test_a_first_context_brings_its_drive_at_the_next_boot(sqlite_path: str, host_uri: MakeUri, rest: str) -> None:
    async def story() -> None:
        async with Rig(sqlite_path) as rig:
            await rig.host(host_uri())
            vm = await rig.running(more='DISK = [ TYPE = "fs", SIZE = "8" ]')
            await rig.done(rest, vm)
            for _ in range(2):
                await rig.done("updateconf", vm, template='CONTEXT = [ GREETING = "hello" ]')
            await rig.done("resume", vm)
            await rig.reaches(vm, at.RUNNING)
            drives = rig.session.query("SELECT disk_id, type, target, volume, host_id FROM disk WHERE vm_id = ?", (vm,))
            assert drives[1:] == [(1, "context", "hda", f"one-{vm}-disk-1", 0)]
            seen = await rig.link().backend.domain(rig.value("vm", "uuid", vm))
            assert seen is not None
            assert "hda" in {disk.target for disk in seen.disks}
            await rig.done("terminate-hard", vm)
            assert await rig.link().backend.volumes("vmconsole-system") == []

    asyncio.run(asyncio.wait_for(story(), 60))
