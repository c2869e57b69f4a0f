"""Row: the memory a controller needs for each further VM.

The test driver keeps its domains in the memory of the process that opened it; what it takes for them is the floor.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.measuring import Row
from tests.bench.sweeping import node
from tests.lab.product import Product

FEW, MANY = 100, 10_000
REST = 15.0
"""Seconds of sweeps before memory is looked at."""
MOST_KIB = 20.0
_BARE = """
import sys, libvirt
connection = libvirt.open(sys.argv[1])
names = [domain.name() for domain in connection.listAllDomains()]
connection.getAllDomainStats()
print("ready", flush=True)
sys.stdin.read()
"""


def rows(work: Path) -> Iterator[Row]:
    bare, ours = (_per_vm({count: measure(work, count) for count in (FEW, MANY)}) for measure in (_bare, _controller))
    over = ours - bare
    yield Row(
        f"controller: memory for each VM, {FEW} to {MANY:,}, over the test driver's", f"{bare:.1f} KiB",
        f"{ours:.1f} KiB", f"+{over:.1f}", f"<= +{MOST_KIB:g} KiB", over <= MOST_KIB,
    )  # fmt: skip


def _per_vm(kib: dict[int, int]) -> float:
    return (kib[MANY] - kib[FEW]) / (MANY - FEW)


def _uri(work: Path, count: int) -> str:
    description = work / f"node-{count}.xml"
    description.write_bytes(node(count))
    return f"test://{description}"


def _bare(work: Path, count: int) -> int:
    words = [sys.executable, "-c", _BARE, _uri(work, count)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return _resident(process.pid)


def _controller(work: Path, count: int) -> int:
    folder = work / str(count)
    folder.mkdir(mode=0o700)
    with Product(folder) as product:
        product.run("host", "create", _uri(work, count), "--name", "h1", "--import-all", timeout=120)
        assert len(product.json("list")) == count
        time.sleep(REST)
        (pid,) = product.controllers()
        return _resident(pid)


def _resident(pid: int) -> int:
    """KiB of memory a process has in use."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS:")).split()[1])
