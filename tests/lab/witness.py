"""What a lab looks like from outside, for the tests of the lab itself."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .command import run
from .guests import READY
from .hosts import Host, Lab


def eventually(fact: Callable[[], bool], timeout: float = 20) -> bool:
    deadline = time.monotonic() + timeout
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def start(host: Host, xml: str) -> None:
    host.virsh("create", "/dev/stdin", feed=xml)


def next_count(host: Host, domain: str) -> int:
    """The next number that the guest counts; it would not be seen before a guest that starts anew is ready."""
    with host.console(domain) as console:
        assert READY not in console.wait_for("count ", timeout=30)
        return int(console.wait_for("\n", timeout=10))


def ssh(lab: Lab, host: Host, timeout: int = 3) -> subprocess.CompletedProcess[str]:
    """Log in to a host as the outside world does."""
    settings = (f"ConnectTimeout={timeout}", f"UserKnownHostsFile={lab.known_hosts}", f"IdentityFile={lab.ssh_key}")
    words = [word for setting in ("BatchMode=yes", *settings) for word in ("-o", setting)]
    line = ["ssh", "-F", "none", *words, f"root@{host.address}", "hostname"]
    return subprocess.run(line, check=False, capture_output=True, text=True, timeout=30)


def from_outside(lab: Lab, host: Host) -> str:
    """The URI of a host, with an ssh that knows the lab's host keys."""
    wrapper = lab.folder / "ssh"
    wrapper.write_text(f'#!/bin/sh\nexec ssh -F none -o UserKnownHostsFile={lab.known_hosts} "$@"\n')
    wrapper.chmod(0o755)
    return f"{host.uri}&command={wrapper}"


def command_lines() -> list[str]:
    """The command lines of all processes of this machine."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            lines.append(path.read_text(errors="replace").replace("\0", " "))
    return lines


def children(host: Host) -> list[int]:
    """The children of a host's first process, dead ones included."""
    init = min(host.pids())
    return [int(pid) for pid in Path(f"/proc/{init}/task/{init}/children").read_text().split()]


def leftovers(name: str, folder: Path) -> list[str]:
    """Whatever there still is of a lab: namespaces, links, mounts, processes, files."""
    places = {
        "namespace": run("ip", "netns", "list").splitlines(),
        "link": run("ip", "-brief", "link").splitlines(),
        "mount": Path("/proc/self/mounts").read_text().splitlines(),
        "process": command_lines(),
    }
    marks = (f"{name}-", str(folder))
    found = [
        f"{kind}: {line}" for kind, lines in places.items() for line in lines if any(mark in line for mark in marks)
    ]
    found += [f"bridge: {line}" for line in places["link"] if line.split()[0] == name]
    return found + ([f"folder: {folder}"] if folder.exists() else [])
