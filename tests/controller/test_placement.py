"""Which waiting VM goes to which host, and what is said of one that goes nowhere."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.controller.conftest import MakeUri, Unruly
from tests.controller.rig import Rig, until
from vmconsole.lifecycle import states as at

Story = Callable[[Rig], Awaitable[None]]


def play(url: str, story: Story, hosts: dict[str, str], **settings: Any) -> None:
    """Let a story happen on several simulated hosts, by name."""

    async def run() -> None:
        async with Rig(url, **settings) as rig:
            for name, uri in hosts.items():
                await rig.host(uri, name)
            await story(rig)

    asyncio.run(asyncio.wait_for(run(), 60))


def where(rig: Rig) -> list[str | None]:
    """The hosts' names of all VMs, in order."""
    rows = rig.session.query("SELECT host.name FROM vm LEFT JOIN host ON host.id = vm.host_id ORDER BY vm.id")
    return [name for (name,) in rows]


async def says(rig: Rig, vm: int, reason: str) -> None:
    """Wait until it is written on a VM why it waits."""

    async def said() -> bool:
        return reason in rig.value("vm", "message", vm)

    try:
        await until(said, 5)
    except AssertionError:
        raise AssertionError(f"{rig.value('vm', 'message', vm)!r} does not say {reason!r}") from None


@pytest.mark.parametrize(
    ("policy", "expected"), [("striping", ["a", "b", "a", "b"]), ("packing", ["a", "a", "a", "a"])]
)
def test_the_policy_spreads_or_packs(sqlite_path: str, host_uri: MakeUri, policy: str, expected: list[str]) -> None:
    async def story(rig: Rig) -> None:
        for number in range(4):
            await rig.running(f"vm-{number}")
        assert where(rig) == expected

    play(sqlite_path, story, {"a": host_uri("a"), "b": host_uri("b")}, placement_policy=policy)


def test_the_load_policy_takes_the_host_with_the_most_idle_cpu(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.running()
        assert where(rig) == ["large"]

    play(sqlite_path, story, {"small": host_uri("small", cpus=2), "large": host_uri("large")}, placement_policy="load")


@pytest.mark.parametrize(
    "settings",
    [
        {"placement_policy": "fixed"},
        {"placement_policy": "custom", "placement_rank": "WEIGHT * 2 - RUNNING_VMS"},
    ],
    ids=["fixed", "custom"],
)
def test_administrators_rank_hosts_by_what_they_say_of_them(
    sqlite_path: str, host_uri: MakeUri, settings: dict[str, Any]
) -> None:
    async def story(rig: Rig) -> None:
        for host_id, level in enumerate((1, 9, 5)):
            attributes = f'{{"PRIORITY": "{level}", "WEIGHT": "{level}"}}'
            await rig.done("host.update", host_id=host_id, columns={"attributes": attributes})
        await rig.running("first")
        await rig.running("own", more='SCHED_RANK = "- WEIGHT"')
        assert where(rig) == ["b", "a"]

    play(sqlite_path, story, {name: host_uri(name) for name in "abc"}, **settings)


@pytest.mark.covers("ON-001")
def test_a_vm_that_fits_nowhere_waits_and_says_why_once(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        large = await rig.create("large", memory=900)
        hungry = await rig.create("hungry", cpu=17)
        await says(rig, large, "MiB left")
        await says(rig, hungry, "17 CPU")
        written = rig.value("vm", "changed", large)
        await asyncio.sleep(1)  # cycles go by
        assert rig.value("vm", "changed", large) == written
        assert (rig.at(large), rig.at(hungry)) == (at.PENDING, at.PENDING)
        await rig.done("deploy", large, host_id=0)  # who asks for it by name gets it
        assert (rig.at(large), rig.value("vm", "message", large)) == (at.RUNNING, rig.value("vm", "message", large))

    play(store_url, story, {"a": host_uri("a", memory_mib=800)})


def test_capacity_counts_vms_at_rest_and_deployments_that_are_only_queued(
    sqlite_path: str, host_uri: MakeUri, unruly: Unruly
) -> None:
    async def story(rig: Rig) -> None:
        resting = await rig.running("resting", cpu=4)
        await rig.done("poweroff", resting)
        made = (await rig.done("vm.create", template="CPU = 4\nMEMORY = 64", name="vm-%i", multiple=5))["vm_ids"]
        for vm in made[:3]:
            await rig.reaches(vm, at.RUNNING)
        await says(rig, made[3], "left")
        assert [rig.at(vm) for vm in made[3:]] == [at.PENDING, at.PENDING]
        await rig.done("terminate", resting)
        await rig.reaches(made[3], at.RUNNING)
        assert rig.at(made[4]) is at.PENDING

    play(sqlite_path, story, {"a": host_uri("a", cpus=16)})


def test_requirements_and_rank_of_the_template_decide(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.running("there", more='SCHED_REQUIREMENTS = "NAME = \\"b\\""')
        await rig.running("roomy", more='SCHED_RANK = "FREE_MEMORY"')
        await rig.running("small", more='SCHED_RANK = "- FREE_MEMORY"')
        nowhere = await rig.create("nowhere", more='SCHED_REQUIREMENTS = "NAME = \\"z\\""')
        await says(rig, nowhere, "requirements")
        assert where(rig) == ["b", "c", "a", None]

    hosts = {name: host_uri(name, memory_mib=size) for name, size in (("a", 4000), ("b", 8000), ("c", 16000))}
    play(sqlite_path, story, hosts)


@pytest.mark.parametrize(
    "more",
    [
        'SCHED_REQUIREMENTS = "NAME = "\n',
        'SCHED_REQUIREMENTS = "A"\nSCHED_REQUIREMENTS = "B"\n',
        'SCHED_RANK = "1 / 0"\n',
        'SCHED_RANK = [ A = "1" ]\n',
        'SCHED_RANK = "NOBODY"\n',
    ],
)
def test_no_template_keeps_others_from_being_placed(sqlite_path: str, host_uri: MakeUri, more: str) -> None:
    async def story(rig: Rig) -> None:
        await rig.do("vm.create", template=f'NAME = "odd"\nCPU = 1\nMEMORY = 64\n{more}')
        await rig.running("plain")

    play(sqlite_path, story, {"a": host_uri("a")})


def test_an_imported_vm_goes_nowhere_but_to_its_host(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("host.importvm", host_id=1, domain="b-0")
        await rig.done("undeploy-hard", 0)
        await rig.done("resume", 0)
        await rig.reaches(0, at.RUNNING)
        assert where(rig) == ["b"]
        await rig.done("undeploy-hard", 0)
        assert (await rig.refused("deploy", 0, host_id=0))["code"] == "VM_BOUND"

    play(sqlite_path, story, {"a": host_uri("a"), "b": host_uri("b", domains=1)})


def test_a_disabled_host_gets_nothing(sqlite_path: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("host.disable", host_id=0)
        vm = await rig.create()
        await says(rig, vm, "no host is on")
        await rig.done("host.enable", host_id=0)
        await rig.reaches(vm, at.RUNNING)

    play(sqlite_path, story, {"a": host_uri("a")})


def locked_image(rig: Rig) -> None:
    """An image whose content is still being copied."""
    with rig.session.write():
        rig.session.execute(
            "INSERT INTO image (id, name, user_id, group_id, mode, datastore_id, type, state, registered, size_bytes)"
            " VALUES (0, 'slow', 0, 0, 384, 1, 'OS', 'lock', 0, 1048576)"
        )


def image_becomes(rig: Rig, state: str) -> None:
    with rig.session.write():
        rig.session.execute("UPDATE image SET state = ?, changed = ?", (state, rig.session.next_change()))


@pytest.mark.covers("ON-003")
def test_a_vm_on_an_image_still_being_copied_waits_for_it(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        locked_image(rig)
        vm = await rig.create(cpu=100, more='DISK = [ IMAGE = "slow" ]')
        held = await rig.create("held", hold=True, more='DISK = [ IMAGE = "slow" ]')
        await asyncio.sleep(0.7)
        assert (rig.at(vm), rig.at(held)) == (at.CLONING, at.CLONING)
        image_becomes(rig, "used")
        await rig.reaches(vm, at.PENDING)
        await rig.reaches(held, at.HOLD)

    play(store_url, story, {"a": host_uri("a")})


@pytest.mark.covers("ON-041")
def test_a_vm_on_an_image_that_failed_is_in_cloning_failure_until_it_is_recovered(
    store_url: str, host_uri: MakeUri
) -> None:
    async def story(rig: Rig) -> None:
        locked_image(rig)
        vm = await rig.create(cpu=100, more='DISK = [ IMAGE = "slow" ]')
        image_becomes(rig, "err")
        await rig.reaches(vm, at.CLONING_FAILURE)
        assert (rig.at(vm).state, at.CLONING_FAILURE.state) == (11, 11)
        image_becomes(rig, "used")
        await rig.done("recover-success", vm)
        await rig.reaches(vm, at.PENDING)

    play(store_url, story, {"a": host_uri("a")})


@pytest.mark.slow
def test_two_hundred_vms_find_their_hosts_none_lost_none_twice(store_url: str, host_uri: MakeUri) -> None:
    async def story(rig: Rig) -> None:
        await rig.done("vm.create", template="CPU = 0.1\nMEMORY = 16", name="vm-%i", multiple=200)

        async def all_run() -> bool:
            return rig.session.query("SELECT COUNT(*) FROM vm WHERE lcm_state = 3 AND busy IS NULL") == [(200,)]

        await until(all_run, 40)
        per_host = Counter(where(rig))
        assert set(per_host) == {"a", "b", "c"}
        assert max(per_host.values()) - min(per_host.values()) <= 2
        deploys = rig.session.query("SELECT vm_id, COUNT(*) FROM operation WHERE command = 'deploy' GROUP BY vm_id")
        assert [count for _, count in deploys] == [1] * 200
        domains = [state for host in range(3) for state in await rig.link(host).backend.states()]
        assert sorted(domains) == sorted(row[0] for row in rig.session.query("SELECT uuid FROM vm"))
        spans = rig.session.query("SELECT ended - started, started - created FROM operation WHERE command = 'deploy'")
        for name, values in zip(("deploy", "queued"), zip(*spans, strict=True), strict=True):
            print(f"{name}_median_seconds = {statistics.median(values):.3f}, longest {max(values):.3f}")

    hosts = {name: host_uri(name) for name in "abc"}
    play(store_url, story, hosts, placement_period=15.0, unreachable_after=60.0)  # a busy machine is no silent host


def test_one_cycle_places_no_more_than_its_share(sqlite_path: str, host_uri: MakeUri, tmp_path: Path) -> None:
    from vmconsole.controller import placement

    async def story(rig: Rig) -> None:
        await rig.done("vm.create", template="CPU = 0.1\nMEMORY = 16", name="vm-%i", multiple=40, hold=True)
        with rig.session.write():
            rig.session.execute("UPDATE vm SET state = 1")
        assert placement.cycle(rig.controller._around) == placement.MAX_DISPATCH == 30
        assert placement.cycle(rig.controller._around) == 10
        assert placement.cycle(rig.controller._around) == 0

    play(sqlite_path, story, {"a": host_uri("a")}, placement_period=3600.0)


def test_ten_thousand_vms_that_fit_nowhere_do_not_stop_the_controller(store_url: str, host_uri: MakeUri) -> None:
    from vmconsole.controller import placement

    async def story(rig: Rig) -> None:
        await rig.done("vm.create", template="CPU = 100\nMEMORY = 16", name="vm-%i", multiple=3)
        with rig.session.write():
            rig.session.executemany(
                "INSERT INTO vm (id, uuid, name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state,"
                " state_since, start_time, cpu, vcpu, memory_mib)"
                " VALUES (?, ?, ?, 0, 0, 384, 1, 0, 1, 0, 0, 0, 100, 1, 1)",
                [(number, f"u{number}", f"vm-{number}") for number in range(10, 10_010)],
            )
        placement.cycle(rig.controller._around)  # writes the reasons
        begun = time.monotonic()
        assert placement.cycle(rig.controller._around) == 0
        assert time.monotonic() - begun < 10
        assert rig.session.query("SELECT COUNT(*) FROM vm WHERE message = ''") == [(0,)]

    play(store_url, story, {"a": host_uri("a")}, placement_period=3600.0)
