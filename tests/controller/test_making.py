"""VMs that are made: how many, on disks of what size, of copies that are theirs alone; on simulated hosts."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.controller.conftest import MakeUri, Unruly
from tests.controller.processes import Controllers, ended, submit
from tests.controller.rig import Rig
from vmconsole.lifecycle import states as at
from vmconsole.store.session import open_session
from vmconsole.templates import syntax
from vmconsole.templates.template import Template

MIB = 1 << 20


def play(url: str, uri: str, story: Callable[[Rig], Awaitable[None]]) -> None:
    """Let a story happen on a store with a simulated host and the images 0, `os`, and 1, `data`."""

    async def run() -> None:
        async with Rig(url) as rig:
            await rig.host(uri)
            await rig.done("image.create", name="os", size_mib=16, type="OS")
            await rig.done("image.create", name="data", size_mib=8, type="DATABLOCK")
            await story(rig)

    asyncio.run(asyncio.wait_for(run(), 90))


def sizes(rig: Rig, vm: int) -> list[int]:
    """The disks' sizes in MiB, as they are shown."""
    rows = rig.session.query("SELECT size_bytes FROM disk WHERE vm_id = ? ORDER BY disk_id", (vm,))
    return [size // MIB for (size,) in rows]


async def capacity(rig: Rig, pool: str, volume: str) -> int:
    found = await rig.link().backend.volume(f"vmconsole-{pool}", volume)
    assert found is not None
    return found.capacity_bytes // MIB


def body(rig: Rig, template: int) -> Template:
    return syntax.parse(rig.value("template", "body", template))


async def template(rig: Rig, name: str, text: str) -> int:
    body = f'NAME = "{name}"\nMEMORY = "64"\n{text}'
    return int((await rig.done("template.create", name=name, body=body))["template_id"])


async def persistent(rig: Rig, source: int, name: str, **more: Any) -> dict[str, Any]:
    """Instantiate a template persistently, as the command does; tells of what was made."""
    text = body(rig, source)
    text.set("NAME", name)
    return await rig.done("vm.create", template=syntax.render(text), template_id=source, persistent=True, **more)


@pytest.mark.covers("ON-046")
def test_several_vms_are_made_at_once_with_their_number_in_the_name(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        made = await rig.done("vm.create", template="MEMORY = 1", name="web-%i", multiple=3, hold=True)
        assert [rig.value("vm", "name", vm) for vm in made["vm_ids"]] == ["web-0", "web-1", "web-2"]
        text = 'MEMORY = 1\nDISK = [ IMAGE = "none" ]'
        assert (await rig.refused("vm.create", template=text, name="web-%i", multiple=3))["code"] == "NO_IMAGE"
        assert rig.session.query("SELECT COUNT(*) FROM vm") == [(3,)]

    play(store_url, host_uri(), story)


@pytest.mark.covers("ON-135", "ON-137")
def test_a_disk_is_as_large_as_was_asked_for_before_its_guest_boots(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        vm = await rig.running(more='DISK = [ IMAGE_ID = 0, SIZE = 2000 ]\nDISK = [ IMAGE = "os" ]')
        assert sizes(rig, vm) == [2000, 16]
        assert [await capacity(rig, "system", f"one-{vm}-disk-{disk}") for disk in (0, 1)] == [2000, 16]
        assert rig.value("image", "size_bytes", 0) == 16 * MIB
        small = "MEMORY = 64\nDISK = [ IMAGE_ID = 0, SIZE = 15 ]"
        assert (await rig.refused("vm.create", template=small))["code"] == "INPUT_TEMPLATE"

    play(sqlite_path, host_uri(), story)


@pytest.mark.covers("ON-139", "ON-140", "ON-144")
def test_a_persistent_vm_is_made_on_private_copies_that_outlive_it(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        disks = 'DISK = [ IMAGE = "os", CACHE = "none" ]\nDISK = [ TYPE = "fs", SIZE = "32" ]\nDISK = [ IMAGE_ID = 1 ]'
        source = await template(rig, "web", disks)
        made = await persistent(rig, source, "my_vm")
        (vm,), copy = made["vm_ids"], made["template_id"]
        await rig.reaches(vm, at.RUNNING)
        assert body(rig, copy).to_data() == {
            "NAME": "my_vm", "MEMORY": "64",
            "DISK": [
                {"CACHE": "none", "IMAGE_ID": "2"}, {"TYPE": "fs", "SIZE": "32"}, {"IMAGE_ID": "3"},
            ],
        }  # fmt: skip
        for table, number in (("template", copy), ("image", 2), ("image", 3), ("vm", vm)):
            assert rig.value(table, "mode", number) == 0o600
        images = rig.session.query("SELECT id, name, persistent, state, size_bytes FROM image ORDER BY id")
        assert images == [
            (0, "os", 0, "rdy", 16 * MIB), (1, "data", 0, "rdy", 8 * MIB),
            (2, "my_vm-disk-0", 1, "used", 16 * MIB), (3, "my_vm-disk-2", 1, "used", 8 * MIB),
        ]  # fmt: skip
        assert (rig.value("vm", "name", vm), rig.value("vm", "template_id", vm)) == ("my_vm", copy)
        assert body(rig, source).get("DISK") == {"IMAGE_ID": "1"}

        await rig.done("terminate-hard", vm)
        assert [rig.value("image", "state", number) for number in (2, 3)] == ["rdy", "rdy"]
        left = await rig.link().backend.volumes("vmconsole-images")
        assert {volume.name for volume in left} == {f"image-{number}" for number in range(4)}
        assert await rig.link().backend.volumes("vmconsole-system") == []

    play(store_url, host_uri(), story)


def test_a_persistent_vm_waits_for_its_copies_and_no_name_is_taken_twice(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        source = await template(rig, "web", 'DISK = [ IMAGE = "os" ]')
        await persistent(rig, source, "my_vm", hold=True)
        await rig.reaches(0, at.HOLD)
        assert rig.value("vm", "prev_state", 0) == at.CLONING.state
        await rig.done("image.create", name="other-disk-0", size_mib=1, type="OS")
        for name, code in (("my_vm", "IMAGE_DUPLICATE"), ("other", "IMAGE_DUPLICATE"), ("web", "TEMPLATE_DUPLICATE")):
            text = f'NAME = "{name}"\nMEMORY = 64\nDISK = [ IMAGE = "os" ]'
            refused = await rig.refused("vm.create", template=text, template_id=source, persistent=True)
            assert refused["code"] == code
        assert rig.session.query("SELECT COUNT(*) FROM vm") == [(1,)]
        assert rig.session.query("SELECT name FROM template ORDER BY id") == [("web",), ("my_vm",)]
        assert rig.session.query("SELECT COUNT(*) FROM image") == [(4,)]

    play(sqlite_path, host_uri(), story)


def test_a_vm_whose_copies_cannot_be_made_says_so(sqlite_path: str, host_uri: MakeUri, unruly: Unruly) -> None:
    async def story(rig: Rig) -> None:
        source = await template(rig, "web", 'DISK = [ IMAGE = "os" ]')
        unruly["h1"].cut()
        text = syntax.render(body(rig, source))
        error = await rig.refused("vm.create", template=text, name="a", persistent=True)
        assert error["code"] == "TEMPLATE_DUPLICATE"
        error = await rig.refused("vm.create", template=text.replace("web", "mine"), persistent=True)
        assert error["class"] == "UNAVAILABLE"
        await rig.reaches(0, at.CLONING_FAILURE)
        assert rig.value("image", "state", 2) == "err"
        unruly["h1"].mend()

    play(sqlite_path, host_uri(), story)


@pytest.mark.covers("ON-144")
def test_a_clone_of_a_template_is_its_makers_alone(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        source = await template(rig, "web", 'DISK = [ IMAGE = "os" ]')
        await rig.done("template.change", template_id=source, columns={"mode": 0o644})
        plain = (await rig.done("template.clone", template_id=source, name="copy"))["template_id"]
        assert rig.value("template", "mode", plain) == 0o600
        assert body(rig, plain).get("DISK") == {"IMAGE": "os"}
        deep = (await rig.done("template.clone", template_id=source, name="deep", recursive=True))["template_id"]
        assert body(rig, deep).get("DISK") == {"IMAGE_ID": "2"}
        (image,) = rig.session.query("SELECT name, persistent, state FROM image WHERE id = 2")
        assert image == ("deep-disk-0", 1, "rdy")
        error = await rig.refused("template.clone", template_id=source, name="deep")
        assert error["code"] == "TEMPLATE_DUPLICATE"

        await rig.done("template.update", template_id=plain, body='MEMORY = "128"\n')
        assert rig.value("template", "body", plain) == 'MEMORY = "128"\n'
        assert (await rig.refused("template.update", template_id=9, body=""))["code"] == "NO_TEMPLATE"

    play(sqlite_path, host_uri(), story)


@pytest.mark.covers("ON-039")
def test_a_running_guest_grows_up_to_what_it_was_started_to_allow(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        vm = await rig.running(more="VCPU = 2\nVCPU_MAX = 4\nMEMORY_MAX = 256")
        uuid = rig.value("vm", "uuid", vm)
        seen = await rig.link().backend.domain(uuid)
        assert seen is not None
        assert (seen.vcpus, seen.vcpus_max, seen.memory_kib, seen.memory_max_kib) == (2, 4, 64 * 1024, 256 * 1024)
        identity = rig.submit("resize", vm, vcpu=4, memory_mib=128)
        document = await rig.ended(identity)
        assert (document["state"], document["error"]) == ("done", None)
        assert rig.passed(identity) == ["HOTPLUG_RESIZE", "RUNNING"]
        assert [rig.value("vm", column, vm) for column in ("vcpu", "memory_mib")] == [4, 128]
        seen = await rig.link().backend.domain(uuid)
        assert seen is not None
        assert (seen.vcpus, seen.memory_kib) == (4, 128 * 1024)

    play(sqlite_path, host_uri(), story)


def test_a_resize_that_is_enforced_stays_within_what_the_host_has_left(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        vm = await rig.running(cpu=1)
        await rig.running("other", cpu=2)
        await rig.done("poweroff-hard", vm)
        for wanted in ({"cpu": 3}, {"memory_mib": 1000}):
            error = await rig.refused("resize", vm, **wanted, enforce=True)
            assert (error["code"], rig.value("vm", "cpu", vm)) == ("HOST_FULL", 1)
        await rig.done("resize", vm, cpu=2, memory_mib=128, enforce=True)
        await rig.done("resize", vm, cpu=30)  # only what is enforced is refused
        await rig.done("resize", vm, cpu=20, enforce=True)  # nothing grows

    play(sqlite_path, host_uri(cpus=4, memory_mib=1024), story)


@pytest.mark.parametrize("border", ["claimed", "called"])
def test_a_persistent_vm_is_made_once_though_the_controller_is_killed(
    sqlite_path: str, host_uri: MakeUri, controllers: Controllers, border: str
) -> None:
    with open_session(sqlite_path, create=True) as session:
        process = controllers.start(sqlite_path, kill_at=f"vm.create:{border}")
        ended(session, submit(sqlite_path, session, "host.create", name="h1", uri=host_uri()))
        ended(session, submit(sqlite_path, session, "image.create", name="os", size_mib=16, type="OS"))
        text = 'NAME = "my_vm"\nMEMORY = 64\nDISK = [ IMAGE = "os" ]'
        identity = submit(sqlite_path, session, "vm.create", template=text, persistent=True, hold=True)
        assert process.wait(20) == -signal.SIGKILL
        process = controllers.start(sqlite_path)
        document = ended(session, identity)
        assert (document["state"], document["error"]) == ("done", None)
        assert document["result"] == {"template_id": 0, "vm_ids": [0]}
        images = session.query("SELECT name, state FROM image ORDER BY id")
        assert images == [("os", "rdy"), ("my_vm-disk-0", "used")]
        assert session.query("SELECT name FROM template") == session.query("SELECT name FROM vm") == [("my_vm",)]
        controllers.end(sqlite_path, process)
