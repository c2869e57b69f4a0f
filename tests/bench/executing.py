"""Row: what an operation costs over the libvirt call it is made of, from submitting it to the VM's final row."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import libvirt

from tests.bench.measuring import Row, milliseconds
from tests.bench.sweeping import node
from tests.lab.product import Product
from vmconsole.commands import submission
from vmconsole.console import orders
from vmconsole.store import operations
from vmconsole.store.session import open_session

ROUNDS = 40
ALLOWED = 0.050
"""Seconds an operation may take over 1.1 times the bare call."""


def rows(work: Path) -> Iterator[Row]:
    description = work / "node.xml"
    description.write_bytes(node(1))
    uri = f"test://{description}"
    with Product(work) as product:
        product.run("host", "create", uri, "--name", "h1", "--import-all")
        ours = _operations(str(product.store))
    floor = _calls(uri)
    over = ours - 1.1 * floor
    yield Row(
        "operation, submitted to final, over its call", milliseconds(floor), milliseconds(ours), "-",
        "<= 50 ms + 1.1 x", over <= ALLOWED,
    )  # fmt: skip


def _calls(uri: str) -> float:
    """Median seconds of the bare calls: a domain paused, a domain resumed."""
    connection = libvirt.open(uri)
    try:
        domain = connection.listAllDomains()[0]
        return statistics.median(_timed(call) for _ in range(ROUNDS) for call in (domain.suspend, domain.resume))
    finally:
        connection.close()


def _timed(call: object) -> float:
    assert callable(call)
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def _operations(url: str) -> float:
    """Median seconds of the same as operations of ours, with the controller alive."""
    times = []
    with open_session(url, create=False) as session:
        for line in ("pause 0", "resume 0") * ROUNDS:
            plan = orders.prepare(url, orders.understand(line), _nobody)
            begun = time.perf_counter()
            (identity,) = orders.submit(url, plan.possible)
            while operations.states(session, [identity])[identity] not in operations.ENDED:
                time.sleep(0.001)
            times.append(time.perf_counter() - begun)
            assert submission.verdict(operations.get(session, identity) or {}) is None
    return statistics.median(times[2:])


def _nobody(question: str, secret: bool) -> str:
    raise AssertionError(question)
