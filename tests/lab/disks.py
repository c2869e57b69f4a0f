"""Disks of guests seen from the host, and the trees of their snapshots as the product tells them."""

from __future__ import annotations

import hashlib
import json

from vmconsole.lifecycle import actions, states

from .hosts import Host
from .product import Document, Product
from .vms import positions

DATA = "1"
"""The data disk of the guest, which sees it as vdb."""


def disk(vm: Document, number: str = DATA) -> Document:
    found: Document = next(disk for disk in vm["disks"] if str(disk["disk_id"]) == number)
    return found


def content(host: Host, path: str) -> str:
    """The checksum of what a guest sees on a disk."""
    copy = f"/tmp/{hashlib.sha256(path.encode()).hexdigest()}"
    host.run("qemu-img", "convert", "-U", "-O", "raw", path, copy)
    found = host.run("sha256sum", copy).split()[0]
    host.run("rm", copy)
    return found


def word(host: Host, path: str) -> str:
    """The word at the start of a disk, as `keep` has written it."""
    copy = f"/tmp/{hashlib.sha256(path.encode()).hexdigest()}"
    host.run("qemu-img", "convert", "-U", "-O", "raw", path, copy)
    found = host.run("head", "-c", "512", copy)
    host.run("rm", copy)
    return found.strip("\0 \n")


def keep(host: Host, number: int, text: str) -> None:
    """Have the guest write a word to its data disk."""
    host.serial(f"one-{number}", "kept\n", say=f"keep vdb {text}")


def kept(host: Host, number: int) -> str:
    """The word that the guest reads from its data disk."""
    said = host.serial(f"one-{number}", "<end>", say="echo 3 > /proc/sys/vm/drop_caches; keep vdb; echo '<'end'>'")
    return next(line.partition("kept ")[2] for line in said.splitlines() if line.startswith("kept"))


def scribble(host: Host, path: str, byte: int) -> None:
    """Write to the disk of a guest that is off."""
    host.run("qemu-io", "-f", "qcow2", "-c", f"write -P {byte} 4096 65536", path)


def chain(host: Host, path: str) -> list[str]:
    """The names of the layers of a disk, the topmost first."""
    shown = json.loads(host.run("qemu-img", "info", "-U", "--backing-chain", "--output=json", path))
    return [layer["filename"].rpartition("/")[2] for layer in shown]


def used(host: Host, number: int, target: str) -> str:
    """The file that is a disk of a domain."""
    listed = dict(line.split(maxsplit=1) for line in host.virsh("domblklist", f"one-{number}").splitlines())
    return listed[target].strip()


# What the product does


def do(product: Product, number: int, command: str, *words: str) -> Document:
    """Carry an action out; the VM passes the table's states and comes back to where it was."""
    before = product.vm(number)
    product.run(command, str(number), *words)
    operation = product.last_operation(number)
    place = states.by_numbers(before["state_number"], before["lcm_state_number"])
    passed = [found.name for found in actions.chain(actions.action(command), place)]
    assert (operation["command"], operation["state"], positions(operation)) == (command, "done", passed)
    after = product.vm(number)
    assert after["stat"] == before["stat"]
    return after


def tree(vm: Document, number: str = DATA) -> dict[int, int]:
    """The parent of each snapshot of a disk."""
    return {found["id"]: found["parent"] for found in vm["disk_snapshots"] if str(found["disk_id"]) == number}


def active(vm: Document, number: str = DATA) -> list[int]:
    return [found["id"] for found in vm["disk_snapshots"] if found["active"] and str(found["disk_id"]) == number]
