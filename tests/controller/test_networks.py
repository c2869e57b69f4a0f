"""Addresses: given out of a network's ranges, one NIC each, and back when the NIC or its VM goes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.controller.rig import Rig

LAN = """
NAME = "lan"
BRIDGE = "br0"
GATEWAY = "10.0.0.1"
AR = [ IP = "10.0.0.10", SIZE = "2" ]
AR = [ IP = "10.0.1.10", SIZE = "1", MAC = "02:aa:00:00:00:01" ]
"""
NIC = 'NIC = [ NETWORK = "lan" ]'


def play(url: str, story: Callable[[Rig], Awaitable[None]]) -> None:
    """Let a story happen on a store with the network `lan`, and no host."""

    async def run() -> None:
        async with Rig(url) as rig:
            await rig.done("network.create", template=LAN)
            await story(rig)

    asyncio.run(asyncio.wait_for(run(), 60))


def addresses(rig: Rig, vm: int) -> list[tuple[str, str]]:
    """(IP, MAC) of a VM's interfaces."""
    return rig.session.query("SELECT ip, mac FROM nic WHERE vm_id = ? ORDER BY nic_id", (vm,))


def leased(rig: Rig) -> set[str]:
    return {ip for (ip,) in rig.session.query("SELECT ip FROM network_lease WHERE network_id = 1")}


def test_each_nic_has_the_next_address_until_none_is_left(store_url: str) -> None:
    async def story(rig: Rig) -> None:
        vms = [await rig.create(f"vm-{number}", more=NIC, hold=True) for number in range(3)]
        assert [addresses(rig, vm) for vm in vms] == [
            [("10.0.0.10", "02:00:0a:00:00:0a")],
            [("10.0.0.11", "02:00:0a:00:00:0b")],
            [("10.0.1.10", "02:aa:00:00:00:01")],
        ]
        error = await rig.refused("vm.create", template=f'NAME = "late"\nMEMORY = 64\n{NIC}', hold=True)
        assert error["code"] == "ADDRESSES_EXHAUSTED"
        assert rig.session.query("SELECT COUNT(*) FROM vm") == [(3,)]

        await rig.done("terminate", vms[1])
        assert leased(rig) == {"10.0.0.10", "10.0.1.10"}
        again = await rig.create("again", more=NIC, hold=True)
        assert addresses(rig, again) == [("10.0.0.11", "02:00:0a:00:00:0b")]

    play(store_url, story)


@pytest.mark.parametrize(
    ("wanted", "code"), [("10.0.0.11", ""), ("10.0.0.10", "ADDRESS_TAKEN"), ("10.9.9.9", "INPUT_ADDRESS")]
)
def test_a_wanted_address_is_given_if_it_is_free_and_of_the_network(store_url: str, wanted: str, code: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.create("first", more=NIC, hold=True)
        template = f'NAME = "second"\nMEMORY = 64\nNIC = [ NETWORK = "lan", IP = "{wanted}" ]'
        document = await rig.do("vm.create", template=template, hold=True)
        if code:
            assert (document["state"], document["error"]["code"]) == ("failed", code)
            assert leased(rig) == {"10.0.0.10"}
        else:
            assert addresses(rig, 1) == [("10.0.0.11", "02:00:0a:00:00:0b")]

    play(store_url, story)


def test_many_vms_made_at_once_have_addresses_of_their_own_or_none_is_made(sqlite_path: str) -> None:
    async def story(rig: Rig) -> None:
        template = f'NAME = "vm%i"\nMEMORY = 64\n{NIC}'
        await rig.refused("vm.create", template=template, hold=True, multiple=4)
        assert leased(rig) == set()
        await rig.done("vm.create", template=template, hold=True, multiple=3)
        assert leased(rig) == {"10.0.0.10", "10.0.0.11", "10.0.1.10"}

    play(sqlite_path, story)


def test_a_network_is_removed_when_no_vm_is_on_it(sqlite_path: str) -> None:
    async def story(rig: Rig) -> None:
        vm = await rig.create(more=NIC, hold=True)
        assert (await rig.refused("network.delete", network_id=1))["code"] == "NETWORK_BUSY"
        await rig.done("terminate", vm)
        await rig.done("network.delete", network_id=1)
        assert rig.session.query("SELECT id FROM network") == [(0,)]
        assert rig.session.query("SELECT 1 FROM address_range") == []

    play(sqlite_path, story)


def test_more_addresses_are_added_and_not_the_same_ones_twice(sqlite_path: str) -> None:
    async def story(rig: Rig) -> None:
        more = 'AR = [ IP = "10.0.0.11", SIZE = "4" ]'
        assert (await rig.refused("network.addar", network_id=1, range=more))["code"] == "RANGE_OVERLAP"
        await rig.done("network.addar", network_id=1, range='AR = [ IP = "10.0.0.12", SIZE = "4" ]')
        await rig.create("wanting", more='NIC = [ NETWORK = "lan", IP = "10.0.0.15" ]', hold=True)
        assert leased(rig) == {"10.0.0.15"}

    play(sqlite_path, story)


def test_a_network_name_is_given_once(sqlite_path: str) -> None:
    async def story(rig: Rig) -> None:
        assert (await rig.refused("network.create", template=LAN))["code"] == "NETWORK_DUPLICATE"

    play(sqlite_path, story)


def test_addresses_of_ipv6_are_given_out_with_macs_that_are_counted(sqlite_path: str) -> None:
    async def story(rig: Rig) -> None:
        six = 'AR = [ TYPE = "IP6", IP = "2001:db8::ff", SIZE = "2", MAC = "02:bb:00:00:00:fe" ]'
        await rig.done("network.create", template=f'NAME = "six"\nBRIDGE = "br0"\n{six}')
        vms = [await rig.create(f"vm-{number}", more='NIC = [ NETWORK = "six" ]', hold=True) for number in range(2)]
        assert [addresses(rig, vm) for vm in vms] == [
            [("2001:db8::ff", "02:bb:00:00:00:fe")],
            [("2001:db8::100", "02:bb:00:00:00:ff")],
        ]
        await rig.done("network.addar", network_id=2, range='AR = [ IP = "10.9.0.1", SIZE = "1" ]')
        both = await rig.create("both", more='NIC = [ NETWORK = "six" ]', hold=True)
        assert addresses(rig, both) == [("10.9.0.1", "02:00:0a:09:00:01")]

    play(sqlite_path, story)


def test_an_address_that_is_held_back_is_given_to_nobody(store_url: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("network.hold", network_id=1, ip="10.0.0.10")
        assert (await rig.refused("network.hold", network_id=1, ip="10.0.0.10"))["code"] == "ADDRESS_TAKEN"
        assert (await rig.refused("network.hold", network_id=1, ip="10.5.0.1"))["code"] == "INPUT_ADDRESS"
        assert (await rig.refused("network.hold", network_id=0, ip="10.0.0.10"))["code"] == "NO_RANGE"
        vm = await rig.create("web", more=NIC, hold=True)
        assert addresses(rig, vm) == [("10.0.0.11", "02:00:0a:00:00:0b")]
        assert (await rig.refused("network.release", network_id=1, ip="10.0.0.11"))["code"] == "ADDRESS_NOT_HELD"
        assert (await rig.refused("network.rmar", network_id=1, range_id=0))["code"] == "RANGE_BUSY"
        await rig.done("network.release", network_id=1, ip="10.0.0.10")
        await rig.done("terminate", vm)
        await rig.done("network.rmar", network_id=1, range_id=0)
        assert addresses(rig, await rig.create("web", more=NIC, hold=True)) == [("10.0.1.10", "02:aa:00:00:00:01")]
        assert (await rig.refused("network.rmar", network_id=1, range_id=0))["code"] == "NO_RANGE"

    play(store_url, story)
