"""Accounts and groups, and who is an administrator by them."""

from __future__ import annotations

import asyncio

from tests.controller.rig import Rig


def test_members_of_the_administrators_group_are_administrators_as_long_as_they_are_in_it(store_url: str) -> None:
    async def story() -> None:
        async with Rig(store_url) as rig:
            team = (await rig.done("group.create", name="team"))["group_id"]
            ann = (await rig.done("user.create", name="ann", group_id=team))["user_id"]
            assert rig.value("user_account", "administrator", ann) == 0
            await rig.done("user.addgroup", user_id=ann, group_id=0)
            assert rig.value("user_account", "administrator", ann) == 1
            await rig.done("user.delgroup", user_id=ann, group_id=0)
            assert rig.value("user_account", "administrator", ann) == 0

            assert (await rig.refused("user.delgroup", user_id=ann, group_id=team))["code"] == "GROUP_PRIMARY"
            await rig.done("user.chgrp", user_id=ann, group_id=1)
            await rig.done("user.delgroup", user_id=ann, group_id=team)
            assert rig.session.query("SELECT group_id FROM membership WHERE user_id = ?", (ann,)) == [(1,)]
            assert (await rig.refused("user.delgroup", user_id=ann, group_id=team))["code"] == "NO_MEMBERSHIP"
            assert (await rig.refused("user.create", name="ann"))["code"] == "USER_DUPLICATE"
            assert (await rig.refused("group.create", name="team"))["code"] == "GROUP_DUPLICATE"
            await rig.done("user.chgrp", user_id=0, group_id=1)
            assert (await rig.refused("user.delgroup", user_id=0, group_id=0))["code"] == "USER_FOUNDER"

    asyncio.run(asyncio.wait_for(story(), 60))
