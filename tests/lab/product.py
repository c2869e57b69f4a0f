"""The product as its users meet it: its command line, run against a store of the test's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from .command import LabError
from .guests import GuestFiles
from .hosts import Host, Lab

ROOT = Path(__file__).resolve().parents[2]
KILL_AT = "VMCONSOLE_TEST_KILL"
"""The environment variable with the border at which a controller kills itself."""
REST = frozenset(("pend", "hold", "runn", "susp", "poff", "stop", "unde", "unkn", "fail", "done"))
"""The short states a VM stays in until somebody or something acts."""

Document = dict[str, Any]


class Product:
    """vmconsole with the store `folder`/vmconsole.db; as a context manager it ends its controllers with the block."""

    def __init__(self, folder: Path) -> None:
        self.store = folder / "vmconsole.db"
        self._kill_at = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self.end_controllers()
        except LabError:
            self.end_controllers(signal.SIGKILL)

    # The command line

    def run(self, *words: str | Path, status: int = 0, timeout: float = 60, feed: str = "") -> str:
        """Run a command and return what it printed; fails if it does not end with `status`, or not in time."""
        return self.tried(*words, status=status, timeout=timeout, feed=feed).stdout

    def complaint(self, *words: str | Path, status: int, timeout: float = 60) -> str:
        """Run a command that fails with `status`; returns the one line it says on standard error."""
        said = self.tried(*words, status=status, timeout=timeout).stderr
        assert said.count("\n") == 1, said
        assert said.startswith("vmconsole: error["), said
        return said.strip()

    def tried(
        self, *words: str | Path, status: int, timeout: float = 60, feed: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that ends with `status`."""
        line = [sys.executable, "-m", "vmconsole", *map(str, words)]
        done = subprocess.run(
            line, check=False, cwd=ROOT, env=self._environment(), input=feed, capture_output=True, text=True,
            timeout=timeout,
        )  # fmt: skip
        assert done.returncode == status, f"{' '.join(line)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def json(self, *words: str | Path, status: int = 0) -> Any:
        """What a command answers with --json."""
        return json.loads(self.run(*words, "--json", status=status))

    def script(self, lines: Iterable[str], *options: str, timeout: float = 300) -> list[Document]:
        """Run commands one after another in one process, whatever becomes of each; what each answered with --json."""
        asked = list(lines)
        words = [sys.executable, "-m", "vmconsole", "--batch", "-f", "-", "--keep-going", "--json", *options]
        done = subprocess.run(
            words, check=False, cwd=ROOT, env=self._environment(), input="\n".join(asked), capture_output=True,
            text=True, timeout=timeout,
        )  # fmt: skip
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(asked), done.stderr
        return answers

    def vm(self, number: int) -> Document:
        """Everything about one VM."""
        found: Document = self.json("show", str(number))
        return found

    def host(self, name: str) -> Document:
        """Everything about one host."""
        found: Document = self.json("host", "show", name)
        return found

    def operation(self, identity: str) -> Document:
        """An operation with its events."""
        found: Document = self.json("operation", "show", identity)
        return found

    def last_operation(self, vm: int) -> Document:
        """The newest operation on a VM, with its events."""
        newest: Document = self.json("operation", "list", "--vm", str(vm))[0]
        return self.operation(newest["id"])

    def submit(self, *words: str | Path) -> str:
        """Hand a command in without waiting for it; returns the id of its operation."""
        return self.run(*words, "--no-wait").strip()

    def settings(self, **values: float) -> None:
        """Change settings by name."""
        for name, value in values.items():
            self.run("config", "set", name, str(value))

    # What tests need again and again

    def add_hosts(self, lab: Lab) -> None:
        """Take all hosts of a lab on."""
        for host in lab.hosts:
            self.run("host", "create", known(lab, host), "--name", host.name)

    def add_template(self, name: str, text: str) -> None:
        """Register a template from a file."""
        path = self.store.with_name(f"{name}.tmpl")
        path.write_text(f'NAME = "{name}"\n{text}\n')
        self.run("template", "create", path)

    def instantiate(self, template: str, *options: str) -> list[int]:
        """Make VMs of a template; returns their ids."""
        made = self.run("template", "instantiate", template, *options)
        return [int(line.removeprefix("VM ID: ")) for line in made.splitlines()]

    def until(self, number: int, *stats: str, timeout: float = 60) -> Document:
        """The VM as soon as its short state is one of these."""
        return self.eventually(lambda: self.vm(number), lambda vm: vm["stat"] in stats, timeout=timeout)

    def at_rest(self, number: int, timeout: float = 60) -> Document:
        """The VM as soon as nothing is being done to it."""
        return self.eventually(
            lambda: self.vm(number), lambda vm: vm["stat"] in REST and not vm["operation"], timeout=timeout
        )

    def ended(self, identity: str, timeout: float = 60) -> Document:
        """An operation as soon as it has ended."""
        return self.eventually(
            lambda: self.operation(identity), lambda found: found["state"] not in ("queued", "running"), timeout=timeout
        )

    def eventually(
        self, look: Callable[[], Document], fact: Callable[[Document], bool], timeout: float = 60
    ) -> Document:
        """What `look` finds as soon as `fact` holds for it; raises LabError, with what it was, after `timeout` s."""
        deadline = time.monotonic() + timeout
        while not fact(found := look()):
            if time.monotonic() > deadline:
                raise LabError(f"not so within {timeout:g} s: {json.dumps(found)}\n{self.log()}")
            time.sleep(0.1)
        return found

    # The controller

    def controllers(self) -> list[int]:
        """The controllers of this store that are alive."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._controls(pid)]

    def _controls(self, pid: int) -> bool:
        process = Path(f"/proc/{pid}")
        try:
            if b"controller" not in (process / "cmdline").read_bytes().split(b"\0"):
                return False
            surroundings = (process / "environ").read_bytes().split(b"\0")
        except OSError:  # it ended meanwhile
            return False
        return f"VMCONSOLE_DB={self.store}".encode() in surroundings

    def end_controllers(self, number: int = signal.SIGTERM, timeout: float = 30) -> None:
        """End the controllers of this store with a signal, and wait until they are gone."""
        for pid in self.controllers():
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        self.wait_without_controller(timeout)

    def wait_without_controller(self, timeout: float = 30) -> None:
        """Return as soon as no controller of this store is alive."""
        deadline = time.monotonic() + timeout
        while self.controllers():
            if time.monotonic() > deadline:
                raise LabError(f"a controller does not end within {timeout:g} s\n{self.log()}")
            time.sleep(0.02)

    @contextmanager
    def killed_at(self, border: str) -> Iterator[None]:
        """Within the block, every controller that is started kills itself when it reaches this border."""
        self.end_controllers()
        self._kill_at = border
        try:
            yield
        finally:
            self._kill_at = ""

    def log(self) -> str:
        """The end of what the controllers wrote."""
        files = [self.store.with_suffix(".run") / name for name in ("controller.log", "controller.err")]
        return "".join(file.read_text()[-3000:] for file in files if file.exists())

    def _environment(self) -> Mapping[str, str]:
        ours = {"VMCONSOLE_DB": str(self.store), "VMCONSOLE_TRACEBACK": "1"}
        return {**os.environ, **ours, **({KILL_AT: self._kill_at} if self._kill_at else {})}


def known(lab: Lab, host: Host) -> str:
    """The URI of a host, with the file in which its key is known."""
    return f"{host.uri}&known_hosts={lab.known_hosts}"


GUEST = """
CPU = "0.1"
VCPU = "1"
MEMORY = "96"
DISK = [ IMAGE = "{image}" ]
"""
BARE = """
CPU = "0.1"
VCPU = "1"
MEMORY = "32"
"""


@contextmanager
def furnished(lab: Lab, folder: Path, guest: GuestFiles) -> Iterator[Product]:
    """vmconsole with all hosts of the lab and three templates: the guest, the guest that ignores ACPI, and no guest.

    The lab is as fresh as on its first day when the block is left.
    """
    try:
        with Product(folder) as made:
            made.settings(shutdown_timeout=60, sweep_period=1, placement_period=1)
            made.add_hosts(lab)
            for name, image in (("guest", guest.image), ("deaf", guest.deaf_image)):
                made.run("image", "create", "--name", name, "--path", image, "--type", "os")
                made.add_template(name, GUEST.format(image=name))
            made.add_template("bare", BARE)
            yield made
    finally:
        lab.reset()
