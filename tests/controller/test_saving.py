"""`save`: a template of a VM that is off, with images of what its disks hold; on simulated hosts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from backends.base import Refused
from tests.controller.conftest import MakeUri, Unruly
from tests.controller.rig import Rig
from tests.controller.test_making import MIB, body, play, template
from vmconsole.lifecycle import states as at
from vmconsole.templates import syntax

DISKS = """
DISK = [ IMAGE = "os", CACHE = "none" ]
DISK = [ TYPE = "fs", SIZE = "32", FORMAT = "raw" ]
DISK = [ IMAGE = "data" ]
NIC = [ NETWORK = "default", MODEL = "e1000" ]
GRAPHICS = [ TYPE = "vnc" ]
VCPU_MAX = "1"
MEMORY_MAX = "1g"
SPOT = "old"
"""


async def off(rig: Rig, source: int) -> int:
    """A VM of a template, powered off."""
    (vm,) = (await rig.done("vm.create", template=rig.value("template", "body", source), template_id=source))["vm_ids"]
    await rig.reaches(vm, at.RUNNING)
    await rig.done("poweroff-hard", vm)
    return int(vm)


@pytest.mark.covers("ON-141", "ON-142", "ON-143", "ON-144")
def test_a_vm_that_is_off_is_saved_as_a_template_that_makes_more_like_it(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        source = await template(rig, "web", DISKS)
        vm = await off(rig, source)
        await rig.done("resize", vm, cpu=0.5, vcpu=2, memory_mib=128)
        now = rig.value("template", "body", source).replace('"old"', '"new"').replace('DISK = [ IMAGE = "data" ]', "")
        await rig.done("template.update", template_id=source, body=now)
        identity = rig.submit("save", vm, name="copy", persistent=True)
        document = await rig.ended(identity)
        assert (document["state"], document["error"]) == ("done", None)
        assert rig.passed(identity) == ["HOTPLUG_SAVEAS_POWEROFF", "POWEROFF"]

        copy = document["result"]["template_id"]
        assert body(rig, copy).to_data() == {
            "NAME": "copy", "MEMORY": "128", "CPU": "0.5", "VCPU": "2", "MEMORY_MAX": "1g",
            "GRAPHICS": {"TYPE": "vnc"}, "SPOT": "new",
            "SAVED_TEMPLATE_ID": str(source), "NIC": {"MODEL": "e1000", "NETWORK_ID": "0"},
            "DISK": [
                {"TARGET": "vda", "CACHE": "none", "IMAGE_ID": "2"},
                {"TARGET": "vdb", "TYPE": "fs", "SIZE": "32", "FORMAT": "raw"},
                {"TARGET": "vdc", "IMAGE_ID": "3"},
            ],
        }  # fmt: skip
        columns = "id, name, type, persistent, state, mode, size_bytes"
        assert rig.session.query(f"SELECT {columns} FROM image WHERE id > 1 ORDER BY id") == [
            (2, "copy-disk-0", "OS", 1, "rdy", 0o600, 16 * MIB),
            (3, "copy-disk-2", "DATABLOCK", 1, "rdy", 0o600, 8 * MIB),
        ]
        assert rig.value("template", "mode", copy) == 0o600
        (other,) = (await rig.done("vm.create", template=syntax.render(body(rig, copy)), template_id=copy))["vm_ids"]
        await rig.reaches(other, at.RUNNING)
        macs = rig.session.query("SELECT mac FROM nic")
        assert len({mac for (mac,) in macs}) == 2

    play(store_url, host_uri(), story)


@pytest.mark.covers("ON-143")
def test_save_is_refused_where_it_cannot_be_done_and_leaves_nothing(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        source = await template(rig, "web", DISKS)
        vm = await off(rig, source)
        await rig.done("resume", vm)
        assert (await rig.refused("save", vm, name="copy"))["class"] == "CONFLICT"
        await rig.done("poweroff-hard", vm)
        assert (await rig.refused("save", vm, name="web"))["code"] == "TEMPLATE_DUPLICATE"
        await rig.done("image.create", name="copy-disk-0", size_mib=1, type="OS")
        assert (await rig.refused("save", vm, name="copy"))["code"] == "IMAGE_DUPLICATE"
        await rig.done("template.delete", template_id=source)
        assert (await rig.refused("save", vm, name="free"))["code"] == "NO_TEMPLATE"
        alone = await rig.running("alone")
        await rig.done("poweroff-hard", alone)
        assert (await rig.refused("save", alone, name="free"))["code"] == "VM_TEMPLATE"
        assert rig.session.query("SELECT name FROM image ORDER BY id") == [("os",), ("data",), ("copy-disk-0",)]
        assert rig.session.query("SELECT name FROM template") == []

    play(sqlite_path, host_uri(), story)


def test_a_save_that_fails_half_way_takes_everything_back(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(rig: Rig) -> None:
        source = await template(rig, "web", 'DISK = [ IMAGE = "os" ]\nDISK = [ IMAGE = "data" ]')
        vm = await off(rig, source)
        copy_disk = unruly["h1"].copy_disk

        async def full(uuid: str | None, target: str, *places: Any, **more: Any) -> Any:
            if target == "vdb":
                raise Refused("no space", host="h1")
            return await copy_disk(uuid, target, *places, **more)

        monkeypatch.setattr(unruly["h1"], "copy_disk", full)
        assert "no space" in (await rig.refused("save", vm, name="copy"))["message"]
        assert rig.at(vm) is at.POWEROFF
        assert rig.session.query("SELECT name FROM image ORDER BY id") == [("os",), ("data",)]
        assert rig.session.query("SELECT name FROM template") == [("web",)]
        volumes = {volume.name for volume in await rig.link().backend.volumes("vmconsole-images")}
        assert volumes == {"image-0", "image-1"}

    play(sqlite_path, host_uri(), story)


@pytest.mark.parametrize(("answer", "state"), [("recover-success", "rdy"), ("recover-failure", "err")])
def test_a_copy_that_hangs_is_settled_by_hand(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly, monkeypatch: pytest.MonkeyPatch, answer: str, state: str
) -> None:
    async def story(rig: Rig) -> None:
        vm = await off(rig, await template(rig, "web", 'DISK = [ IMAGE = "os" ]'))

        async def hang(*words: Any, **more: Any) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(unruly["h1"], "copy_disk", hang)
        stuck = rig.submit("disk-saveas", vm, disk_id="0", name="copy")
        await rig.reaches(vm, at.HOTPLUG_SAVEAS_POWEROFF)
        await rig.done(answer, vm)
        assert (await rig.ended(stuck))["error"]["code"] == "OP_SUPERSEDED"
        assert (rig.at(vm), rig.value("image", "state", 2)) == (at.POWEROFF, state)

    play(sqlite_path, host_uri(), story)
