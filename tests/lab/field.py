"""Hosts prepared for many small VMs and for faults: a file system of its own for the VMs' files, and a network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .hosts import Lab
from .product import Product
from .sector import sector_image

POOL = "/var/lib/libvirt/images/vmconsole/system"
IMAGES = "/var/lib/libvirt/images/vmconsole/images"
POOL_MIB = 256
NETWORK = "default"
"""Of libvirt; `lan`, whose addresses are ours, is on it."""
# Nobody but the test places these VMs: no host is called so.
CELL = """
CPU = "0.1"
VCPU = "1"
MEMORY = "32"
SCHED_REQUIREMENTS = "NAME = nowhere"
DISK = [ IMAGE = "sector" ]
DISK = [ IMAGE = "spare" ]
DISK = [ IMAGE = "spare" ]
NIC = [ NETWORK = "lan" ]
"""


@contextmanager
def field(lab: Lab, folder: Path) -> Iterator[Product]:
    """vmconsole with all hosts of the lab and the template `cell`: a VM that is up at once and obeys its power button.

    The lab is as fresh as on its first day when the block is left.
    """
    try:
        for host in lab.hosts:
            host.run("mkdir", "-p", POOL)
            host.run("mount", "-t", "tmpfs", "-o", f"size={POOL_MIB}m", "system", POOL)
            host.virsh("net-start", NETWORK)
        with Product(folder) as made:
            made.settings(shutdown_timeout=60, sweep_period=1, placement_period=1)
            made.add_hosts(lab)
            image = sector_image(folder / "sector.img")
            made.run("image", "create", "--name", "sector", "--path", image, "--type", "os")
            made.run("image", "create", "--name", "spare", "--size", "1", "--type", "datablock")
            made.run(
                "network", "create", "--name", "lan", "--network", NETWORK, "--ip", "192.168.122.2", "--size", "250"
            )
            made.run("datastore", "create", "backups", "--type", "backup")
            made.add_template("cell", CELL)
            yield made
    finally:
        lab.reset()
