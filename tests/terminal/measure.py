"""What the console costs, measured through a pseudo-terminal: ``python -m tests.terminal.measure``."""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Self

from tests.console.fleet import change_some, fill_large
from tests.terminal.term import Term, command
from vmconsole.store.session import open_session

DOWN, PAGE_DOWN = "\x1b[B", "\x1b[6~"

BARE = """
import time
from textual.app import App
from textual.widgets import Static
class Bare(App):
    def compose(self):
        yield Static(id="clock")
    def on_mount(self):
        self.set_interval(1.0, self.tick)
    def tick(self):
        self.query_one(Static).update(time.strftime("%H:%M:%S"))
Bare().run()
"""


def start_time(url: str) -> float:
    """Seconds from the start of the process to the first painted VM."""
    with Term(command(url), columns=120, rows=40) as term:
        begun = time.perf_counter()
        term.until("vm-0")
        return time.perf_counter() - begun


def key_times(url: str, key: str, presses: int) -> tuple[list[float], list[int]]:
    """Seconds from each key to the first byte of the repaint, and bytes sent for it until 60 ms of silence."""
    times: list[float] = []
    sizes: list[int] = []
    with Term(command(url), columns=120, rows=40) as term:
        term.until("vm-0")
        term.read(3.0)
        while term.read(0.3):
            pass
        for _ in range(presses):
            term.keys(key)
            begun = time.perf_counter()
            got = b""
            while not got:
                got = term.read(0.001)
                if time.perf_counter() - begun > 2:
                    break
            times.append(time.perf_counter() - begun)
            sizes.append(len(got) + len(term.read(0.015)))
            time.sleep(0.04)
    return times, sizes


def cpu_share(words: list[str], seconds: float, ready: str = "") -> float:
    """Percent of a core used over some seconds, after the start."""
    with Term(words, columns=120, rows=40) as term:
        if ready:
            term.until(ready)
        term.read(4.0)
        before = _cpu(term.pid)
        begun = time.perf_counter()
        while time.perf_counter() - begun < seconds:
            term.read(0.5)
        return 100 * (_cpu(term.pid) - before) / (time.perf_counter() - begun)


def _cpu(pid: int) -> float:
    """Seconds all threads of a process have computed; the clock of ``/proc/PID/stat`` is too coarse for an idle one."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


class Sweep(threading.Thread):
    """Changes a tenth of the VMs each second, as a monitor would."""

    def __init__(self, url: str, count: int, share: float = 0.1) -> None:
        super().__init__(daemon=True)
        self._url, self._count, self._share = url, count, share
        self._ended = threading.Event()

    def run(self) -> None:
        chance = random.Random(3)
        with open_session(self._url, create=False) as session:
            while not self._ended.wait(1.0):
                numbers = chance.sample(range(self._count), int(self._count * self._share))
                change_some(session, numbers, round(chance.uniform(0, 100), 1))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ended.set()
        self.join()


def main() -> None:
    os.umask(0o077)
    folder = Path(tempfile.mkdtemp(prefix="vmconsole-measure-"))
    urls = {}
    for count in (100, 10_000, 100_000):
        urls[count] = str(folder / f"{count}.db")
        fill_large(urls[count], count)
    wanted = sys.argv[1:] or ["paint", "keys", "idle"]
    if "paint" in wanted:
        rounds = [(start_time(urls[100]), start_time(urls[100_000])) for _ in range(7)]
        small, large = (statistics.median(each[side] for each in rounds) for side in (0, 1))
        print(
            f"first VM painted, from exec: 100 VMs {small:.3f} s, 100,000 VMs {large:.3f} s, ratio {large / small:.2f}"
        )
    if "keys" in wanted:
        for count in (100, 100_000):
            for name, key in (("down", DOWN), ("page down", PAGE_DOWN)):
                times, sizes = key_times(urls[count], key, 60)
                _report(f"{name}, {count:,} VMs, quiet", times, sizes)
        for name, key in (("down", DOWN), ("page down", PAGE_DOWN)):
            with Sweep(urls[100_000], 100_000):
                times, sizes = key_times(urls[100_000], key, 150)
            _report(f"{name}, 100,000 VMs, 10 % changing a second", times, sizes)
    if "idle" in wanted:
        bare = cpu_share([sys.executable, "-c", BARE], 20)
        still = cpu_share(command(urls[10_000]), 20, "vm-0")
        with Sweep(urls[10_000], 10_000):
            changing = cpu_share(command(urls[10_000]), 20, "vm-0")
        print(f"CPU: bare app with a clock {bare:.2f} %; console {still:.2f} %, a tenth changing {changing:.2f} %")


def _report(what: str, times: list[float], sizes: list[int]) -> None:
    times, sizes = sorted(times), sorted(sizes)
    p95, p95_size = times[int(len(times) * 0.95)], sizes[int(len(sizes) * 0.95)]
    print(
        f"{what}: p50 {1000 * statistics.median(times):.1f} ms, p95 {1000 * p95:.1f} ms,"
        f" max {1000 * times[-1]:.1f} ms; bytes median {statistics.median(sizes):.0f}, p95 {p95_size}"
    )


if __name__ == "__main__":
    main()
