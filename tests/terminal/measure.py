"""What the console costs, measured through a pseudo-terminal. `tests.bench.console` holds it against the budgets."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Self

from tests.console.fleet import change_some
from tests.terminal.term import CONSOLE, ROOT, Term, command
from vmconsole.store.session import open_session

UP, DOWN, PAGE_DOWN = "\x1b[A", "\x1b[B", "\x1b[6~"

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


OPENED = """
import sys
import vmconsole.console.app
from vmconsole.store.session import open_session
open_session(sys.argv[1], create=False).close()
sys.stdout.write("store is open")
sys.stdout.flush()
"""


def start_time(url: str) -> float:
    """Seconds from the opened store to the first painted VM."""
    program = [sys.executable, "-c", OPENED + CONSOLE, url]
    with Term(program, columns=120, rows=40) as term:
        term.until("store is open")
        begun = time.perf_counter()
        term.until("vm-0")
        return time.perf_counter() - begun


def key_times(url: str, keys: Sequence[str], presses: int) -> tuple[list[float], list[int]]:
    """Seconds from each key to the first byte of the repaint, and bytes sent for it; `keys` are pressed in turns."""
    times: list[float] = []
    sizes: list[int] = []
    with Term(command(url), columns=120, rows=40) as term:
        term.until("vm-0")
        term.read(3.0)
        while term.read(0.3):
            pass
        for key in islice(cycle(keys), presses):
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


class Sweep:
    """Changes a tenth of the VMs each second, as a monitor would; in a process of its own, as that is."""

    def __init__(self, url: str, count: int) -> None:
        self._words = [sys.executable, "-m", "tests.terminal.measure", url, str(count)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._words, cwd=ROOT)
        return self

    def __exit__(self, *error: object) -> None:
        self._process.terminate()
        self._process.wait()


def sweep(url: str, count: int) -> None:
    """Change a tenth of the VMs each second, until the process is ended."""
    chance = random.Random(3)
    with open_session(url, create=False) as session:
        while True:
            time.sleep(1.0)
            change_some(session, chance.sample(range(count), count // 10), round(chance.uniform(0, 100), 1))


if __name__ == "__main__":
    sweep(sys.argv[1], int(sys.argv[2]))
