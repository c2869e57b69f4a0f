"""Actions that are done later, on real hosts; virsh is the witness."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from vmconsole.schedules.zones import zone

from . import domains
from .guests import GuestFiles
from .hosts import Lab
from .product import BARE, Product, furnished
from .vms import positions, running

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("schedules"), guest) as product:
        product.settings(schedule_period=1)
        yield product


def at(seconds: float) -> tuple[str, int]:
    """A moment so many seconds from now, as it is typed, and in Unix seconds."""
    due = int(time.time() + seconds)
    return f"{datetime.fromtimestamp(due, UTC):%Y-%m-%d %H:%M:%S}", due


@pytest.mark.covers("ON-145", "ON-148", "ON-149")
def test_a_vm_is_suspended_at_the_time_that_was_typed(session_lab: Lab, product: Product) -> None:
    number, _ = running(product, session_lab, "bare")
    text, due = at(4)
    done = product.run("suspend", str(number), "--schedule", text, "--zone", "UTC")
    assert done == f"VM {number}: suspend scheduled at {text} +0000\n"
    assert product.vm(number)["stat"] == "runn"
    vm = product.until(number, "susp")
    domains.check(session_lab, vm)
    operation = product.last_operation(number)
    assert (operation["command"], operation["face"]) == ("suspend", "schedule")
    assert due <= operation["created"] < due + 2
    assert positions(operation) == ["SAVE_SUSPEND", "SUSPENDED"]
    (schedule,) = vm["schedules"]
    assert (schedule["next"], schedule["last"]) == (None, due)
    local = zone("UTC").at(due)
    assert f"suspend          {local:%m/%d %H:%M}" in product.run("show", str(number))


@pytest.mark.covers("ON-150")
def test_a_resume_that_comes_too_early_stays_due_until_the_vm_sleeps(session_lab: Lab, product: Product) -> None:
    number, _ = running(product, session_lab, "bare")
    product.run("resume", str(number), "--schedule", "now")
    vm = product.eventually(lambda: product.vm(number), lambda seen: bool(seen["schedules"][0]["message"]))
    assert "cannot resume: the VM is RUNNING" in vm["schedules"][0]["message"]
    assert vm["schedules"][0]["next"] <= time.time()
    product.run("suspend", str(number))
    vm = product.until(number, "runn")
    domains.check(session_lab, vm)
    assert (vm["schedules"][0]["message"], vm["schedules"][0]["next"]) == ("", None)


@pytest.mark.covers("ON-162")
def test_an_instance_is_terminated_so_long_after_it_was_made_as_its_template_says(
    session_lab: Lab, product: Product
) -> None:
    product.add_template("brief", f'{BARE}SCHED_ACTION = [ ACTION = "terminate-hard", TIME = "+8" ]')
    (number,) = product.instantiate("brief")
    vm = product.until(number, "runn")
    host, made = session_lab[vm["host"]], vm["start_time"]
    assert f"one-{number}" in host.virsh("list", "--all", "--name").split()
    product.until(number, "done")
    assert made + 8 <= time.time() < made + 15
    assert f"one-{number}" not in host.virsh("list", "--all", "--name").split()


@pytest.mark.covers("ON-161")
def test_system_snapshots_appear_every_minute(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "guest")
    product.run("schedule", "create", str(number), "snapshot-create", "--cron", "* * * * *", "--end", "2")
    vm = product.eventually(lambda: product.at_rest(number), lambda seen: len(seen["snapshots"]) == 2, timeout=150)
    first, second = (snapshot["time"] for snapshot in vm["snapshots"])
    assert (first % 60 < 30, second % 60 < 30, second // 60 - first // 60) == (True, True, 1)
    assert len(host.virsh("snapshot-list", f"one-{number}", "--name").split()) == 2
    assert (vm["schedules"][0]["next"], vm["schedules"][0]["message"]) == (None, "")
