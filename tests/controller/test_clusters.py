"""Clusters: a VM lands only where its networks and datastores are, by itself and by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from tests.controller.conftest import MakeUri
from tests.controller.rig import Rig, until
from tests.controller.test_placement import says, where
from vmconsole.lifecycle import states as at

LAN = 'NAME = "lan"\nBRIDGE = "br0"'
NIC = 'NIC = [ NETWORK = "lan" ]'


def play(url: str, host_uri: MakeUri, story: Callable[[Rig], Awaitable[None]], **settings: object) -> None:
    """Let a story happen on host 0 in the default cluster and host 1 in cluster 1, east, with network 1, lan."""

    async def run() -> None:
        async with Rig(url, **settings) as rig:
            east = (await rig.done("cluster.create", name="east"))["cluster_id"]
            await rig.host(host_uri("a"), "a")
            await rig.host(host_uri("b"), "b", cluster_id=east)
            await rig.done("network.create", template=LAN)
            await story(rig)

    asyncio.run(asyncio.wait_for(run(), 120))


def test_a_vm_lands_only_where_its_networks_and_datastores_are(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("cluster.addnetwork", cluster_id=1, network_id=1)
        await rig.done("cluster.delnetwork", cluster_id=0, network_id=1)
        vm = await rig.create("web", more=NIC)
        await says(rig, vm, "no system datastore")  # east has the network, and nowhere to put its files
        await rig.done("cluster.adddatastore", cluster_id=1, datastore_id=0)
        await rig.reaches(vm, at.RUNNING)
        await rig.running("plain", more='SCHED_REQUIREMENTS = "CLUSTER = \\"default\\""')
        assert where(rig) == ["b", "a"]
        nowhere = await rig.create("nowhere", more=f'{NIC}\nNIC = [ NETWORK = "default" ]')
        await says(rig, nowhere, "no host that would do is in a cluster with network")
        assert (await rig.refused("migrate", vm, host_id=0))["code"] == "CLUSTER_LACKS"
        assert (await rig.refused("deploy", nowhere, host_id=1))["message"] == (
            f"VM {nowhere} needs network 0, which cluster east of host b has not"
        )

    play(store_url, host_uri, story)


def test_a_host_goes_back_to_the_default_cluster_and_an_empty_cluster_away(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("acl.create", rule="* HOST/%1 ADMIN")
        assert (await rig.refused("cluster.delete", cluster_id=1))["code"] == "CLUSTER_BUSY"
        assert (await rig.refused("cluster.delhost", cluster_id=1, host_id=0))["code"] == "CLUSTER_NO_MEMBER"
        await rig.done("cluster.delhost", cluster_id=1, host_id=1)
        assert rig.value("host", "cluster_id", 1) == 0
        await rig.done("cluster.addhost", cluster_id=1, host_id=1)
        await rig.done("cluster.delhost", cluster_id=1, host_id=1)
        await rig.done("cluster.delete", cluster_id=1)
        assert rig.session.query("SELECT 1 FROM access_rule WHERE objects = ?", ("%1",)) == []
        assert (await rig.refused("cluster.delete", cluster_id=0))["code"] == "CLUSTER_DEFAULT"
        assert (await rig.refused("cluster.create", name="default"))["code"] == "CLUSTER_DUPLICATE"
        zone = (await rig.done("zone.create", name="far"))["zone_id"]
        await rig.done("cluster.create", name="west", zone_id=zone)
        assert (await rig.refused("zone.delete", zone_id=zone))["code"] == "ZONE_BUSY"
        await rig.done("cluster.delete", cluster_id=2)
        await rig.done("zone.delete", zone_id=zone)

    play(store_url, host_uri, story)


def test_the_datastore_is_chosen_by_requirements_room_and_rank(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        made = [
            (await rig.done("datastore.create", name=name, type="system", directory=name))["datastore_id"]
            for name in ("big", "small")
        ]
        with rig.session.write():
            rig.session.executemany(
                "INSERT INTO datastore_space (datastore_id, host_id, total_bytes, free_bytes) VALUES (?, 0, ?, ?)"
                " ON CONFLICT (datastore_id, host_id) DO UPDATE SET free_bytes = excluded.free_bytes",
                [(number, free << 20, free << 20) for number, free in zip((0, *made), (500, 900, 100), strict=True)],
            )
        await rig.done("host.disable", host_id=1)
        disk = 'DISK = [ TYPE = "fs", SIZE = "200" ]'

        async def home(name: str, more: str) -> str:
            vm = await rig.create(name, more=more)
            await rig.reaches(vm, at.RUNNING)
            return str(
                rig.session.query(
                    "SELECT datastore.name FROM vm JOIN datastore ON datastore.id = vm.datastore_id WHERE vm.id = ?",
                    (vm,),
                )[0][0]
            )

        assert await home("roomy", disk) == "big"
        assert await home("named", f'{disk}\nSCHED_DS_REQUIREMENTS = "NAME = \\"system\\""') == "system"
        assert await home("ranked", 'SCHED_DS_RANK = "- FREE_MB"') == "small"
        assert await home("ranked-2", f'{disk}\nSCHED_DS_RANK = "- FREE_MB"') == "system"  # small has no 200 MiB
        nowhere = await rig.create("nowhere", more='SCHED_DS_REQUIREMENTS = "NAME = \\"none\\""')
        await says(rig, nowhere, "no datastore meets its requirements")
        huge = await rig.create("huge", more='DISK = [ TYPE = "fs", SIZE = "20000" ]')
        await says(rig, huge, "no datastore has 20000 MiB left")
        await rig.done("setting.set", name="datastore_capacity_check", value=False)
        await rig.reaches(huge, at.RUNNING)  # its disk is thin

    play(sqlite_path, host_uri, story)


def test_the_room_in_the_datastores_of_a_host_is_known(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("cluster.delhost", cluster_id=1, host_id=1)
        vm = await rig.running("web", more='DISK = [ TYPE = "fs", SIZE = "10" ]')

        async def known() -> bool:
            rows = rig.session.query("SELECT datastore_id, host_id, total_bytes >= free_bytes FROM datastore_space")
            return (0, rig.value("vm", "host_id", vm), 1) in [tuple(map(int, row)) for row in rows]

        await until(known)

    play(sqlite_path, host_uri, story, sample_period=1.0)


def test_a_host_that_no_rule_gives_to_the_owner_gets_none_of_his_vms(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        ann = (await rig.done("user.create", name="ann"))["user_id"]
        await rig.done("acl.delete", rule_id=0)
        vm = await rig.create("hers", hold=True)
        await rig.done("chown", vm, user="ann")
        await rig.done("release", vm)
        await says(rig, vm, "its owner may use no host")
        await rig.running("root's")
        await rig.done("acl.create", rule=f"#{ann} HOST/#1 MANAGE")
        await rig.done("cluster.adddatastore", cluster_id=1, datastore_id=0)
        await rig.reaches(vm, at.RUNNING)
        assert where(rig) == ["b", "a"]

    play(sqlite_path, host_uri, story)


def test_the_most_important_vm_is_placed_first(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("host.disable", host_id=0)
        late = [await rig.create(f"vm-{level}", cpu=10, more=f'USER_PRIORITY = "{level}"') for level in (1, 5, 3)]
        await rig.done("host.enable", host_id=0)
        await rig.reaches(late[1], at.RUNNING)
        assert [rig.at(late[0]), rig.at(late[2])] == [at.PENDING, at.PENDING]

    play(sqlite_path, host_uri, story)
