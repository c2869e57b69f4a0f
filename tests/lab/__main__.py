"""A lab to play with: `python -m tests.lab up [HOSTS]` builds it, `python -m tests.lab down` removes it."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from .command import LabError
from .hosts import Lab

USAGE = "usage: python -m tests.lab up [HOSTS] | down"


def state_directory() -> Path:
    """Where the lab that is played with keeps its files."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(base) / "vmconsole" / "lab"


def up(hosts: int) -> None:
    lab = Lab(state_directory(), hosts=hosts, shared=True, kept=True)
    try:
        lab.build()
        lab.trust(Path.home() / ".ssh/known_hosts")
    except BaseException:
        lab.remove()
        raise
    print(f"{hosts} hosts are up. Their keys are in ~/.ssh/known_hosts; their shared folder is {lab.shared}\n")
    for host in lab.hosts:
        print(f"  vmconsole host create {shlex.quote(host.uri)} --name {host.name}")
    print("\nOr, without us:\n")
    for host in lab.hosts:
        print(f"  virsh --connect {shlex.quote(host.uri)} list --all")
    print("\nRemove them with: ./run lab down")


def main(words: list[str]) -> int:
    match words:
        case ["up"]:
            action, hosts = "up", 2
        case ["up", number] if number.isdecimal() and 1 <= int(number) <= 253:
            action, hosts = "up", int(number)
        case ["down"]:
            action, hosts = "down", 0
        case _:
            print(USAGE, file=sys.stderr)
            return 2
    if reason := Lab.why_not():
        print(reason, file=sys.stderr)
        return 1
    try:
        Lab.sweep()
        if action == "up":
            up(hosts)
        else:
            removed = Lab.remove_kept(state_directory())
            print(f"removed: {' '.join(removed)}" if removed else "there is no lab")
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
