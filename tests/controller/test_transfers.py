"""Transfers that failed, gone through part by part; on simulated hosts."""

from __future__ import annotations

import pytest

from backends.base import Refused
from tests.controller.conftest import MakeUri, Unruly
from tests.controller.rig import Rig
from tests.controller.test_making import MIB, play
from vmconsole.lifecycle import states as at


@pytest.mark.covers("ON-101")
def test_a_part_that_was_done_by_hand_is_looked_for_and_not_done_again(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        host = rig.link().backend
        await host.delete_volume("vmconsole-images", "image-1")
        with rig.session.write():
            rig.session.execute("DELETE FROM image_copy WHERE image_id = 1")
        vm = await rig.create(more='DISK = [ IMAGE = "os" ]\nDISK = [ IMAGE = "data" ]')
        await rig.reaches(vm, at.PROLOG_FAILURE)
        lost = await rig.do("retry", vm, skipped=["disk 1"])
        assert (lost["error"]["code"], rig.at(vm)) == ("VOLUME_LOST", at.PROLOG_FAILURE)
        assert "one-0-disk-1" in lost["error"]["message"]

        await host.create_volume("vmconsole-system", "one-0-disk-1", capacity_bytes=8 * MIB, format="qcow2")
        again = rig.submit("retry", vm, skipped=["disk 1"])
        assert (await rig.ended(again))["state"] == "done"
        assert rig.passed(again) == ["PROLOG", "BOOT", "RUNNING"]
        seen = await host.domain(rig.value("vm", "uuid", vm))
        assert seen is not None
        assert [disk.source.rpartition("/")[2] for disk in seen.disks] == ["one-0-disk-0", "one-0-disk-1"]

    play(sqlite_path, host_uri(), story)


@pytest.mark.covers("ON-101")
def test_what_is_skipped_when_a_vm_ends_is_left_where_it_is(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(rig: Rig) -> None:
        vm = await rig.running(more='DISK = [ IMAGE = "os" ]\nDISK = [ IMAGE = "data" ]')
        delete_volume = unruly["h1"].delete_volume

        async def stubborn(pool: str, name: str) -> None:
            if name == "one-0-disk-1":
                raise Refused("it is stuck", host="h1")
            await delete_volume(pool, name)

        monkeypatch.setattr(unruly["h1"], "delete_volume", stubborn)
        assert (await rig.do("terminate-hard", vm))["state"] == "failed"
        assert rig.at(vm) is at.EPILOG_FAILURE
        await rig.done("retry", vm, skipped=["disk 1"])
        assert rig.at(vm) is at.DONE
        assert [volume.name for volume in await rig.link().backend.volumes("vmconsole-system")] == ["one-0-disk-1"]

    play(sqlite_path, host_uri(), story)
