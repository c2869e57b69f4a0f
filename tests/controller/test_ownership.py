"""What becomes of changed names, owners, bits and locks."""

from __future__ import annotations

import asyncio

from tests.controller.rig import Rig


def test_names_are_unique_for_an_owner_or_altogether_as_the_kind_has_it(store_url: str) -> None:
    async def story() -> None:
        async with Rig(store_url) as rig:
            ann = (await rig.done("user.create", name="ann"))["user_id"]
            for name in ("a", "b"):
                await rig.done("template.create", name=name, body="MEMORY = 1")
                await rig.done("network.create", template=f'NAME = "{name}"\nBRIDGE = "br0"')
            refused = [
                (await rig.refused(f"{kind}.change", **{f"{kind}_id": number}, columns={"name": "a"}))["code"]
                for kind, number in (("template", 1), ("network", 2))
            ]
            assert refused == ["TEMPLATE_DUPLICATE", "NETWORK_DUPLICATE"]
            await rig.done("template.change", template_id=1, columns={"user_id": ann})
            await rig.done("template.change", template_id=1, columns={"name": "a", "mode": 0o644})
            assert (await rig.refused("template.change", template_id=1, columns={"user_id": 0}))["code"] == (
                "TEMPLATE_DUPLICATE"
            )
            await rig.done("datastore.change", datastore_id=1, columns={"group_id": 1})
            assert rig.value("datastore", "group_id", 1) == 1
            assert (await rig.refused("network.change", network_id=9, columns={"mode": 0}))["code"] == "NO_NETWORK"

    asyncio.run(asyncio.wait_for(story(), 60))


def test_what_is_locked_for_use_gives_nothing_to_a_new_vm(store_url: str) -> None:
    async def story() -> None:
        async with Rig(store_url) as rig:
            await rig.done("network.change", network_id=0, columns={"lock_level": 1, "lock_user_id": 0})
            body = 'NAME = "web"\nMEMORY = 64\nNIC = [ NETWORK = "default" ]'
            assert (await rig.refused("vm.create", template=body, hold=True))["code"] == "PERM_LOCKED"
            await rig.done("network.change", network_id=0, columns={"lock_level": 3})
            await rig.done("vm.create", template=body, hold=True)

    asyncio.run(asyncio.wait_for(story(), 60))


def test_a_rule_lets_a_user_have_what_the_bits_do_not_give_him(store_url: str) -> None:
    async def story() -> None:
        async with Rig(store_url) as rig:
            ann = (await rig.done("user.create", name="ann"))["user_id"]
            await rig.done("network.change", network_id=0, columns={"mode": 0o600})
            body = 'NAME = "web"\nMEMORY = 64\nNIC = [ NETWORK = "default" ]'

            def asked() -> str:
                from vmconsole.store import operations
                from vmconsole.store.ids import new_operation_id

                identity = new_operation_id()
                with rig.session.write():
                    operations.insert(
                        rig.session, identity, "vm.create", {"template": body, "hold": True}, user_id=ann,
                        asked_by="ann", face="test", now=0.0,
                    )  # fmt: skip
                return identity

            assert (await rig.ended(asked()))["error"]["message"] == "user ann lacks USE on network 0"
            rule = (await rig.done("acl.create", rule=f"#{ann} NET/#0 USE"))["rule_id"]
            assert (await rig.refused("acl.create", rule=f"#{ann} net/#0 use"))["code"] == "RULE_DUPLICATE"
            assert (await rig.ended(asked()))["state"] == "done"
            await rig.done("acl.delete", rule_id=rule)
            assert (await rig.ended(asked()))["state"] == "failed"
            assert (await rig.refused("acl.delete", rule_id=rule))["code"] == "NO_RULE"

    asyncio.run(asyncio.wait_for(story(), 60))
