"""What a list shows of a VM while something is being done to it, and where that then ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .faults.faults import AWAY, HOME
from .field import field
from .herd import Herd, listed, place_of
from .hosts import Lab
from .product import Product
from .vms import positions

pytestmark = pytest.mark.lab

# What is asked of a running VM while its host is silent; what lists show until that speaks again; where the VM ends.
AT_HOME = (
    (f"migrate {{vm}} {AWAY} --live", "migr", "RUNNING"),
    ("disk-attach {vm} --image spare", "hotp", "RUNNING"),
    ("disk-detach {vm} 2", "hotp", "RUNNING"),
    ("nic-attach {vm} --network lan", "hotp", "RUNNING"),
    ("nic-detach {vm} 0", "hotp", "RUNNING"),
    ("disk-saveas {vm} 0 saved", "hotp", "RUNNING"),
    ("snapshot-create {vm}", "snap", "RUNNING"),
    ("disk-snapshot-create {vm} 1 first", "snap", "RUNNING"),
    ("stop {vm}", "save", "STOPPED"),
    ("suspend {vm}", "save", "SUSPENDED"),
    (f"migrate {{vm}} {AWAY}", "save", "RUNNING"),
    ("disk-resize {vm} 0 2", "dsrz", "RUNNING"),
    ("recover --recreate {vm} --yes", "clea", "PENDING"),
)
AWAY_COPY = (f"migrate {{vm}} {AWAY}", "migr", "RUNNING")


@pytest.fixture(scope="module")
def herd(session_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Herd]:
    with field(session_lab, tmp_path_factory.mktemp("states")) as product:
        yield Herd(product, session_lab)


def stats(product: Product) -> dict[int, str]:
    """The short state of every VM, as a list has it."""
    return {vm["id"]: vm["stat"] for vm in product.json("list")}


def watched(herd: Herd, silent: str, doing: dict[int, tuple[str, str, str]]) -> None:
    """Have something done to each VM while a host is silent: lists show it, and when the host speaks it is done."""
    product = herd.product
    expected = {vm: stat for vm, (_, stat, _) in doing.items()}
    host = herd.lab[silent]
    host.hang("libvirtd", 60)
    try:
        answers = product.script((line.format(vm=vm) for vm, (line, _, _) in doing.items()), "--no-wait")
        assert all(answer["ok"] for answer in answers), answers
        product.eventually(
            lambda: {str(vm): stat for vm, stat in stats(product).items() if vm in expected},
            lambda seen: seen == {str(vm): stat for vm, stat in expected.items()},
            timeout=30,
        )
    finally:
        host.wake("libvirtd")
    for (vm, (line, _, end)), answer in zip(doing.items(), answers, strict=True):
        operation = product.ended(answer["results"][0]["op"], timeout=120)
        assert (operation["state"], place_of(product.at_rest(vm))) == ("done", end), line


@pytest.mark.covers("ON-007", "ON-008", "ON-009", "ON-010", "ON-021", "ON-023")
def test_lists_show_what_is_being_done_to_a_vm(herd: Herd) -> None:
    vms = herd.take("RUNNING", len(AT_HOME) + 1)
    copied = vms.pop()
    watched(herd, HOME, dict(zip(vms, AT_HOME, strict=True)))
    assert positions(herd.product.last_operation(vms[-1])) == ["CLEANUP_RESUBMIT", "PENDING"]
    watched(herd, AWAY, {copied: AWAY_COPY})  # its memory is saved at home; what waits is the copying
    herd.product.run("recover", "--delete", listed(herd.born), "--yes", timeout=120)
