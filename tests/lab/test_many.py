"""Many VMs made by one command, on real hosts."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from . import domains
from .guests import GuestFiles
from .hosts import Lab
from .product import furnished

pytestmark = pytest.mark.lab

MANY = 20


def test_twenty_vms_of_one_command_are_spread_over_two_hosts_none_lost_none_twice(
    lab: Lab, guest: GuestFiles, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with furnished(lab, tmp_path, guest) as product:
        begun = time.monotonic()
        numbers = product.instantiate("bare", "--multiple", str(MANY))
        assert len(set(numbers)) == MANY
        product.eventually(
            lambda: Counter(vm["stat"] for vm in product.json("list")), lambda seen: seen == {"runn": MANY}, timeout=120
        )
        took = time.monotonic() - begun
        vms = product.json("list")
        assert Counter(vm["host"] for vm in vms) == dict.fromkeys((host.name for host in lab.hosts), MANY // 2)
        for host in lab.hosts:
            assert host.domains() == {f"one-{vm['id']}" for vm in vms if vm["host"] == host.name}
        deploys = [each for each in product.json("operation", "list") if each["command"] == "deploy"]
        assert sorted(each["vm"] for each in deploys) == sorted(numbers)
        assert {each["state"] for each in deploys} == {"done"}
        spans = [each["ended"] - each["started"] for each in deploys]
        waits = [each["started"] - each["created"] for each in deploys]
        measured = {
            "all_running_seconds": took,
            "deploy_median_seconds": statistics.median(spans),
            "deploy_longest_seconds": max(spans),
            "queued_median_seconds": statistics.median(waits),
        }
        for name, value in measured.items():
            record_property(name, round(value, 3))
            print(f"{name} = {value:.3f}")
        product.run("terminate", "--hard", f"{min(numbers)}..{max(numbers)}", "--yes", "--no-wait")
        product.eventually(lambda: {"left": len(product.json("list"))}, lambda seen: seen == {"left": 0}, timeout=120)
        assert all(host.domains("--all") == set() for host in lab.hosts)
        assert domains.files(lab) == set()
