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
CYCLES = 3
ROUNDS = 7
PRESSES = 20
START = 1.0
"""Seconds a console may take to start, which is how the mark is looked for."""
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
        before = product.host("h2")["uri"]
        lists: tuple[list[float], list[float]] = ([], [])
        keys: tuple[list[float], list[float]] = ([], [])
        marked = []
        for _ in range(CYCLES):  # healthy and hung in turns: a machine that slows down slows both
            _measure(product, lists[0], keys[0])
            lab.hosts[1].hang("libvirtd")
            marked.append(_marked(url))
            _measure(product, lists[1], keys[1])
            lab.hosts[1].wake("libvirtd")
            _wait_until_well(product)
        kept = product.host("h2")["uri"] == before == known(lab, lab.hosts[1])
    for what, (healthy, hung) in (("list", lists), ("cursor key", keys)):
        yield against(f"{what} while one host of two hangs", _quiet(healthy), _quiet(hung), times=TIMES)
    worst = max(marked)
    in_time = worst <= 2 * SWEEP + START
    yield Row("hung host marked as silent", "-", f"{worst:.1f} s", "-", f"<= 2 sweeps of {SWEEP:g} s", in_time and kept)


def _measure(product: Product, lists: list[float], keys: list[float]) -> None:
    """Add the seconds of some lists, and of some cursor keys from press to repaint."""
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        product.run("list")
        lists.append(time.perf_counter() - begun)
    keys += measure.key_times(str(product.store), (measure.DOWN, measure.UP), PRESSES)[0]


def _quiet(times: list[float]) -> float:
    """The first quartile: healthy and hung times lie minutes apart, and what else the machine does only adds."""
    return statistics.quantiles(times, n=4)[0]


def _wait_until_well(product: Product) -> None:
    product.eventually(lambda: product.host("h2"), lambda host: time.time() - host["last_seen"] < SWEEP)


def _marked(url: str) -> float:
    """Seconds until a console shows that a host is silent."""
    begun = time.perf_counter()
    with Term(command(url), columns=120, rows=40) as term:
        term.until("stale", seconds=60)
    return time.perf_counter() - begun
