"""A controller killed at every border of its work: the next one finds out what the host did, and finishes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from itertools import pairwise

import pytest

from vmconsole.lifecycle import actions, states
from vmconsole.lifecycle.stages import stage
from vmconsole.lifecycle.states import Position

from . import domains
from .guests import READY, GuestFiles
from .hosts import Lab
from .product import Document, Product, furnished
from .vms import positions
from .witness import next_count

pytestmark = pytest.mark.lab

EDGES = ("before", "called", "recorded")


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("recovery"), guest) as product:
        yield product


def borders(command: str, origin: Position) -> list[tuple[str, Position]]:
    """The borders an action passes from `origin`, each with the position at which a VM is left there."""
    passed = actions.chain(actions.action(command), origin)
    found = [("claimed", passed[0])]
    for place, following in pairwise(passed):
        row = stage(place)
        assert row is not None
        found += [(f"{row.step}:{edge}", following if edge == "recorded" else place) for edge in EDGES]
    return found


def begun_and_broken_off(product: Product, border: str, command: str, *words: str) -> str:
    """Begin an operation under a controller that dies at the border; returns the id of the operation."""
    with product.killed_at(f"{command}:{border}"):
        identity = product.submit(command, *words)
        product.wait_without_controller()
    return identity


def finished(product: Product, lab: Lab, number: int, identity: str, left_at: Position) -> Document:
    """The VM after any command has brought the next controller, which finishes the operation."""
    listed = {vm["id"]: vm for vm in product.json("list")}
    seen = listed[number]["stat"] if number in listed else "done"
    assert seen == left_at.alias
    operation = product.ended(identity)
    assert operation["state"] == "done", operation
    vm = product.at_rest(number)
    domains.check(lab, vm)
    return vm


def borders_of(command: str, origin: Position) -> pytest.MarkDecorator:
    found = borders(command, origin)
    return pytest.mark.parametrize(("border", "left_at"), found, ids=[border for border, _ in found])


@pytest.fixture(scope="module")
def bare(product: Product) -> int:
    """A VM without a guest on h1, for those tests that leave it as they found it: running."""
    (number,) = product.instantiate("bare", "--hold")
    product.run("deploy", str(number), "h1")
    product.at_rest(number)
    return number


@borders_of("suspend", states.RUNNING)
def test_a_suspend_broken_off_saves_the_memory_once(
    session_lab: Lab, product: Product, bare: int, border: str, left_at: Position
) -> None:
    before = domains.life(session_lab["h1"], f"one-{bare}")
    records = len(product.vm(bare)["history"])
    identity = begun_and_broken_off(product, border, "suspend", str(bare))
    vm = finished(product, session_lab, bare, identity, left_at)
    assert vm["stat"] == "susp"
    assert len(vm["history"]) == records
    assert vm["history"][-1]["action"] == "suspend"
    assert positions(product.operation(identity)) == ["SAVE_SUSPEND", "SUSPENDED"]
    product.run("resume", str(bare))
    assert domains.life(session_lab["h1"], f"one-{bare}") == [*before, "saved", "started"]


@borders_of("resume", states.SUSPENDED)
def test_a_resume_broken_off_restores_the_memory_once(
    session_lab: Lab, product: Product, bare: int, border: str, left_at: Position
) -> None:
    product.run("suspend", str(bare))
    before = domains.life(session_lab["h1"], f"one-{bare}")
    records = len(product.vm(bare)["history"])
    identity = begun_and_broken_off(product, border, "resume", str(bare))
    vm = finished(product, session_lab, bare, identity, left_at)
    assert vm["stat"] == "runn"
    assert len(vm["history"]) == records + 1
    assert domains.life(session_lab["h1"], f"one-{bare}") == [*before, "started"]


@pytest.mark.covers("ON-005")
@borders_of("resume", states.POWEROFF)
def test_a_boot_broken_off_starts_the_domain_once(
    session_lab: Lab, product: Product, bare: int, border: str, left_at: Position
) -> None:
    product.run("poweroff", "--hard", str(bare))
    before = domains.life(session_lab["h1"], f"one-{bare}")
    identity = begun_and_broken_off(product, border, "resume", str(bare))
    vm = finished(product, session_lab, bare, identity, left_at)
    assert vm["stat"] == "runn"
    assert domains.life(session_lab["h1"], f"one-{bare}") == [*before, "started"]


@borders_of("stop", states.RUNNING)
def test_a_stop_broken_off_saves_the_memory_once(
    session_lab: Lab, product: Product, bare: int, border: str, left_at: Position
) -> None:
    before = domains.life(session_lab["h1"], f"one-{bare}")
    identity = begun_and_broken_off(product, border, "stop", str(bare))
    vm = finished(product, session_lab, bare, identity, left_at)
    assert vm["stat"] == "stop"
    assert vm["history"][-1]["action"] == "stop"
    assert positions(product.operation(identity)) == ["SAVE_STOP", "EPILOG_STOP", "STOPPED"]
    assert f"one-{bare}.checkpoint" in domains.files(session_lab)
    product.run("deploy", str(bare), "h1")
    assert domains.life(session_lab["h1"], f"one-{bare}") == [*before, "saved", "started"]


@pytest.mark.covers("ON-004")
@borders_of("deploy", states.HOLD)
def test_a_deployment_broken_off_makes_one_domain_with_one_disk(
    session_lab: Lab, product: Product, border: str, left_at: Position
) -> None:
    (number,) = product.instantiate("guest", "--hold")
    before = domains.life(session_lab["h2"], f"one-{number}")
    identity = begun_and_broken_off(product, border, "deploy", str(number), "h2")
    vm = finished(product, session_lab, number, identity, left_at)
    assert (vm["stat"], vm["host"], len(vm["history"])) == ("runn", "h2", 1)
    assert domains.life(session_lab["h2"], f"one-{number}") == [*before, "started"]
    made = {name for name in domains.files(session_lab) if name.startswith(f"one-{number}")}
    assert made == {f"one-{number}-disk-0", f"one-{number}.xml"}
    product.run("terminate", "--hard", str(number))


@pytest.fixture(scope="module")
def guests(session_lab: Lab, product: Product) -> list[int]:
    """Guests that run, one for each border that a termination passes."""
    numbers = product.instantiate("guest", "--multiple", str(len(borders("terminate", states.RUNNING))))
    for number in numbers:
        host = session_lab[product.until(number, "runn")["host"]]
        host.serial(f"one-{number}", "count ")
    return numbers


@pytest.mark.covers("ON-011")
@borders_of("terminate", states.RUNNING)
def test_a_termination_broken_off_ends_in_done_and_leaves_nothing(
    session_lab: Lab, product: Product, guests: list[int], border: str, left_at: Position
) -> None:
    number = guests.pop()
    host = session_lab[product.vm(number)["host"]]
    before = domains.life(host, f"one-{number}")
    identity = begun_and_broken_off(product, border, "terminate", str(number))
    vm = finished(product, session_lab, number, identity, left_at)
    assert vm["stat"] == "done"
    assert vm["history"][-1]["action"] == "terminate"
    assert positions(product.operation(identity)) == ["SHUTDOWN", "EPILOG", "DONE"]
    assert domains.life(host, f"one-{number}") == [*before, "shutdown"]
    assert not [name for name in domains.files(session_lab) if name.startswith(f"one-{number}")]


@borders_of("poweroff", states.RUNNING)
def test_a_poweroff_broken_off_shuts_the_guest_down_once(
    session_lab: Lab, product: Product, walker: int, border: str, left_at: Position
) -> None:
    host = session_lab[product.vm(walker)["host"]]
    before = domains.life(host, f"one-{walker}")
    identity = begun_and_broken_off(product, border, "poweroff", str(walker))
    vm = finished(product, session_lab, walker, identity, left_at)
    assert vm["stat"] == "poff"
    assert domains.life(host, f"one-{walker}") == [*before, "shutdown"]
    product.run("resume", str(walker))
    host.serial(f"one-{walker}", READY)


@pytest.fixture(scope="module")
def walker(session_lab: Lab, product: Product) -> int:
    """A running guest, for those tests that leave it as they found it."""
    (number,) = product.instantiate("guest")
    host = session_lab[product.until(number, "runn")["host"]]
    host.serial(f"one-{number}", READY)
    return number


def test_a_reboot_that_may_have_been_sent_is_not_sent_again(session_lab: Lab, product: Product, walker: int) -> None:
    host = session_lab[product.vm(walker)["host"]]
    count = next_count(host, f"one-{walker}")
    identity = begun_and_broken_off(product, "sent", "reboot", str(walker))
    product.run("list")
    said = product.complaint("operation", "wait", identity, status=6)
    assert f"vmconsole show {walker}" in said
    operation = product.operation(identity)
    assert (operation["state"], operation["error"]["class"]) == ("unknown", "UNKNOWN_OUTCOME")
    vm = product.vm(walker)
    assert (vm["stat"], vm["operation"]) == ("runn", None)
    assert next_count(host, f"one-{walker}") > count
    product.run("reboot", str(walker))
    host.serial(f"one-{walker}", READY)


def test_a_controller_killed_while_memory_is_saved_is_followed_by_one_that_waits_for_it(
    session_lab: Lab, product: Product, walker: int
) -> None:
    host = session_lab[product.vm(walker)["host"]]
    host.serial(f"one-{walker}", "count ")
    before, count = domains.life(host, f"one-{walker}"), next_count(host, f"one-{walker}")
    identity = product.submit("suspend", str(walker))
    product.until(walker, "save", "susp")
    product.end_controllers(signal.SIGKILL)
    product.run("list")
    assert product.ended(identity)["state"] == "done"
    domains.check(session_lab, product.until(walker, "susp"))
    product.run("resume", str(walker))
    assert next_count(host, f"one-{walker}") > count
    assert domains.life(host, f"one-{walker}") == [*before, "saved", "started"]


def test_a_controller_killed_while_a_guest_ignores_its_power_button_leaves_the_verdict_to_the_next(
    session_lab: Lab, product: Product
) -> None:
    (number,) = product.instantiate("deaf")
    host = session_lab[product.until(number, "runn")["host"]]
    host.serial(f"one-{number}", READY)
    product.settings(shutdown_timeout=3)
    identity = product.submit("terminate", str(number))
    product.until(number, "shut")
    product.end_controllers(signal.SIGKILL)
    assert product.vm(number)["stat"] == "shut"
    operation = product.ended(identity)
    assert (operation["state"], operation["error"]["code"]) == ("failed", "GUEST_IGNORED")
    product.settings(shutdown_timeout=60)
    domains.check(session_lab, product.until(number, "runn"))
    product.run("terminate", "--hard", str(number))
