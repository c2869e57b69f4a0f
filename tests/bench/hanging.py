"""Rows: a host of two hangs: the list and the keys do not wait for it, and it is marked. Needs a lab, so root."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measuring import Row, against
from tests.lab.hosts import Lab
from tests.lab.product import BARE, Product, known
from tests.terminal import measure
from tests.terminal.term import Term, command

VMS = 6
ROUNDS = 11
PRESSES = 60
SWEEP = 2.0
"""Seconds between two looks at a host."""
TIMES = 1.2


def rows(work: Path) -> Iterator[Row]:
    if Lab.why_not() is not None:
        return
    with Lab(work / "lab", hosts=2) as lab, Product(work) as product:
        product.settings(sweep_period=SWEEP, placement_period=1)
        product.add_hosts(lab)
        product.add_template("bare", BARE)
        for number in product.instantiate("bare", "--multiple", str(VMS), "--name", "vm-0%i"):
            product.until(number, "runn")
        url = str(product.store)
        lists, keys = _lists(product), _keys(url)
        before = product.host("h2")["uri"]
        lab.hosts[1].hang("libvirtd")
        marked = _marked(url)
        yield against("list while one host of two hangs", lists, _lists(product), times=TIMES)
        yield against("cursor key while one host of two hangs", keys, _keys(url), times=TIMES)
        in_time = marked <= 2 * SWEEP + 1
        kept = product.host("h2")["uri"] == before == known(lab, lab.hosts[1])
        lab.hosts[1].wake("libvirtd")
    yield Row(
        "hung host marked as silent", "-", f"{marked:.1f} s", "-", f"<= 2 sweeps of {SWEEP:g} s", in_time and kept
    )


def _lists(product: Product) -> float:
    """Median seconds of a list."""
    return statistics.median(_timed(product) for _ in range(ROUNDS))


def _timed(product: Product) -> float:
    begun = time.perf_counter()
    product.run("list")
    return time.perf_counter() - begun


def _keys(url: str) -> float:
    """Median seconds from a cursor key to its repaint."""
    return statistics.median(measure.key_times(url, (measure.DOWN, measure.UP), PRESSES)[0])


def _marked(url: str) -> float:
    """Seconds until a console shows that a host is silent."""
    begun = time.perf_counter()
    with Term(command(url), columns=120, rows=40) as term:
        term.until("stale", seconds=60)
    return time.perf_counter() - begun
