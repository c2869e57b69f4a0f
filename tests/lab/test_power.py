"""The power of real guests: those that obey their button, those that do not, and those that act by themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import domains
from .guests import READY, GuestFiles
from .hosts import Lab
from .product import Document, Product, furnished
from .vms import act, booted, positions, running

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("power"), guest) as product:
        yield product


@pytest.mark.covers("ON-012", "ON-013", "ON-066", "ON-074")
def test_a_guest_that_ignores_its_power_button_runs_on_until_its_power_is_cut(
    session_lab: Lab, product: Product
) -> None:
    lab = session_lab
    number, host = running(product, lab, "deaf")
    booted(host, number)
    before = domains.life(host, f"one-{number}")
    product.settings(shutdown_timeout=2)
    try:
        for command in ("poweroff", "undeploy", "terminate"):
            identity = product.submit(command, str(number))
            assert product.until(number, "shut", timeout=10)["operation"] == identity
            operation = product.ended(identity)
            assert (operation["state"], operation["error"]["code"]) == ("failed", "GUEST_IGNORED")
            vm = product.vm(number)
            assert vm["stat"] == "runn"
            assert vm["history"][-1]["action"] == "none"
            domains.check(lab, vm)
        assert "GUEST_IGNORED" in product.complaint("poweroff", str(number), status=1)
    finally:
        product.settings(shutdown_timeout=60)
    assert domains.life(host, f"one-{number}") == before

    # A hard one cuts in on a graceful one that is under way.
    graceful = product.submit("poweroff", str(number))
    product.until(number, "shut")
    vm = act_hard(product, lab, number, "poweroff")
    assert (vm["stat"], vm["host"]) == ("poff", host.name)
    assert product.operation(graceful)["state"] == "cancelled"
    act(product, lab, number, "resume")
    assert act(product, lab, number, "undeploy --hard")["stat"] == "unde"
    product.run("resume", str(number))
    product.until(number, "runn")
    assert act(product, lab, number, "terminate --hard")["stat"] == "done"
    assert not [name for name in domains.files(lab) if name.startswith(f"one-{number}")]


def act_hard(product: Product, lab: Lab, number: int, command: str) -> Document:
    """Carry the hard variant out while the graceful one is under way."""
    product.run(command, "--hard", str(number))
    vm = product.at_rest(number)
    domains.check(lab, vm)
    return vm


@pytest.mark.covers("ON-082", "ON-083")
def test_a_rebooted_guest_starts_anew_while_its_vm_keeps_running(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "guest")
    booted(host, number)
    before = domains.life(host, f"one-{number}")
    for options in ((), ("--hard",)):
        with host.console(f"one-{number}") as console:
            product.run("reboot", *options, str(number))
            console.wait_for(READY, timeout=30)
            console.wait_for("count 1\n", timeout=30)
        assert product.vm(number)["stat"] == "runn"
        assert positions(product.last_operation(number)) == []
    assert domains.life(host, f"one-{number}") == before
    product.run("poweroff", "--hard", str(number))
    for options in ((), ("--hard",)):
        assert "POWEROFF" in product.complaint("reboot", *options, str(number), status=5)
    product.run("terminate", str(number))


@pytest.mark.covers("ON-017")
def test_a_guest_that_shuts_down_by_itself_powers_its_vm_off(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "guest")
    with host.console(f"one-{number}") as console:
        console.wait_for(READY, timeout=30)
        console.say("poweroff -f")
        vm = product.until(number, "poff")
    domains.check(session_lab, vm)
    assert vm["history"][-1]["action"] == "monitor"
    assert product.last_operation(number)["command"] == "deploy"
    act(product, session_lab, number, "resume")
    product.run("terminate", "--hard", str(number))


def test_what_is_done_behind_our_back_is_seen(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "bare")
    host.virsh("suspend", f"one-{number}")
    vm = product.until(number, "susp")
    assert vm["paused"]
    product.run("resume", str(number))
    assert host.virsh("domstate", f"one-{number}") == "running"
    assert product.vm(number)["stat"] == "runn"
    host.virsh("destroy", f"one-{number}")
    product.until(number, "poff")
    product.run("terminate", str(number))
