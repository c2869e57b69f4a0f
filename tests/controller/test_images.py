"""Images that are there: copied, renamed, switched, given away; never under a VM that uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.controller.conftest import MakeUri
from tests.controller.rig import Rig
from vmconsole.lifecycle import states as at


def play(url: str, uri: str, story: Callable[[Rig], Awaitable[None]]) -> None:
    """Let a story happen on a store with a simulated host and the image 0, `disk`."""

    async def run() -> None:
        async with Rig(url) as rig:
            await rig.host(uri)
            await rig.done("image.create", name="disk", size_mib=16, type="DATABLOCK")
            await story(rig)

    asyncio.run(asyncio.wait_for(run(), 60))


def state(rig: Rig, image: int = 0) -> str:
    return str(rig.value("image", "state", image))


def test_a_clone_has_content_of_its_own_and_is_ready(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        assert (await rig.done("image.clone", source_id=0, name="copy"))["image_id"] == 1
        assert [state(rig, number) for number in (0, 1)] == ["rdy", "rdy"]
        assert rig.value("image", "type", 1) == "DATABLOCK"
        assert rig.value("image", "size_bytes", 1) == 16 << 20
        volumes = await rig.link().backend.volumes("vmconsole-images")
        assert {volume.name for volume in volumes} == {"image-0", "image-1"}
        await rig.done("image.delete", image_id=0)
        assert state(rig, 1) == "rdy"

        assert (await rig.refused("image.clone", source_id=1, name="copy"))["code"] == "IMAGE_DUPLICATE"
        assert (await rig.refused("image.clone", source_id=0, name="again"))["class"] in ("NOT_FOUND", "UNAVAILABLE")
        assert state(rig, 1) == "rdy"

    play(store_url, host_uri(), story)


@pytest.mark.parametrize("persistent", [False, True])
def test_an_image_in_use_is_not_deleted_disabled_or_switched(
    sqlite_path: str, host_uri: MakeUri, persistent: bool
) -> None:
    async def story(rig: Rig) -> None:
        if persistent:
            await rig.done("image.persistent", image_id=0)
        vm = await rig.running(more='DISK = [ IMAGE = "disk" ]')
        assert state(rig) == "used"
        for command in ("delete", "disable", "persistent", "nonpersistent"):
            assert (await rig.refused(f"image.{command}", image_id=0))["code"] == "IMAGE_BUSY", command
        if persistent:
            assert (await rig.refused("image.clone", source_id=0, name="copy"))["code"] == "IMAGE_BUSY"
        else:
            await rig.done("image.clone", source_id=0, name="copy")
        assert (state(rig), rig.at(vm)) == ("used", at.RUNNING)
        await rig.done("terminate-hard", vm)
        assert state(rig) == "rdy"
        await rig.done("image.nonpersistent", image_id=0)
        await rig.done("image.delete", image_id=0)

    play(sqlite_path, host_uri(), story)


def test_a_disabled_image_is_used_by_nobody_until_it_is_enabled(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("image.disable", image_id=0)
        template = 'NAME = "web"\nMEMORY = 64\nDISK = [ IMAGE = "disk" ]'
        assert (await rig.refused("vm.create", template=template))["code"] == "IMAGE_STATE"
        await rig.done("image.enable", image_id=0)
        await rig.done("vm.create", template=template, hold=True)

    play(sqlite_path, host_uri(), story)


def test_an_owner_has_no_two_images_of_one_name(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("image.create", name="other", size_mib=1, type="DATABLOCK")
        error = await rig.refused("image.change", image_id=1, columns={"name": "disk"})
        assert error["code"] == "IMAGE_DUPLICATE"
        user = (await rig.done("user.create", name="ann"))["user_id"]
        await rig.done("image.change", image_id=1, columns={"user_id": user, "mode": 0o644})
        await rig.done("image.change", image_id=1, columns={"name": "disk"})
        assert (rig.value("image", "user_id", 1), rig.value("image", "mode", 1)) == (user, 0o644)

    play(sqlite_path, host_uri(), story)
