"""What a VM uses, measured on a real host."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .hosts import Lab
from .product import Product
from .vms import running

pytestmark = pytest.mark.lab

NETTED = 'CPU = "0.1"\nMEMORY = "32"\nNIC = [ NETWORK = "default" ]'
KEYS = ("NET_TX", "NET_RX", "USED MEMORY", "USED CPU")


@pytest.fixture
def product(session_lab: Lab, tmp_path: Path) -> Iterator[Product]:
    try:
        with Product(tmp_path) as made:
            made.settings(sweep_period=1, placement_period=1)
            made.add_hosts(session_lab)
            for host in session_lab.hosts:
                host.virsh("net-start", "default")
            made.add_template("netted", NETTED)
            yield made
    finally:
        session_lab.reset()


def figures(product: Product, number: int) -> dict[str, float]:
    """The block of monitoring in `show`, in numbers."""
    block = product.run("show", str(number)).partition("VIRTUAL MACHINE MONITORING")[2]
    return {key: float(re.search(rf"{key} +: ([0-9.]+)K?\n", block)[1]) for key in KEYS}  # type: ignore[index]


@pytest.mark.covers("ON-055")
def test_show_tells_what_a_vm_uses_and_keeps_up_with_it(session_lab: Lab, product: Product) -> None:
    number, _ = running(product, session_lab, "netted")  # its firmware asks the network for a system to boot
    product.eventually(
        lambda: product.vm(number), lambda vm: vm["net_tx_bytes"] > 1024 and vm["cpu"] > 0 and vm["memory_kib"] > 0, 120
    )
    first = figures(product, number)
    assert list(first) == list(KEYS)
    assert first["USED MEMORY"] > 0
    product.run("reboot", "--hard", str(number))  # and asks once more
    later = product.eventually(
        lambda: figures(product, number), lambda now: now["NET_TX"] > first["NET_TX"] and now["USED CPU"] > 0, 120
    )
    assert later["NET_RX"] >= first["NET_RX"]
    product.run("terminate", "--hard", str(number))
