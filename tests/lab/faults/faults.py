"""One fault for each failure of an operation on a host: from where, asked for what, with which harm on which host."""

from __future__ import annotations

from dataclasses import dataclass

from tests.lab.field import IMAGES, POOL

from .harms import (
    DEFINITIONS_READ_ONLY,
    IMAGE_CORRUPT,
    MEMORY_CORRUPT,
    NETWORK_GONE,
    POOL_FULL,
    POOL_READ_ONLY,
    VOLUME_LOST,
    Harm,
)

HOME, AWAY = "h1", "h2"
"""Where VMs are, and where they could go."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How a VM comes to fail."""

    failure: str
    start: str
    """Where the VM is before."""
    command: str
    """What is asked for; {vm} is the VM."""
    harm: Harm
    host: str
    by_hand: str = ""
    """What an operator does in the shell of `HOME`, for VM $vm, before taking the failed step as succeeded."""


_DISKS_MADE = f"""
    disk() {{
        image={IMAGES}/image-$2 format=$(qemu-img info {IMAGES}/image-$2 | sed -n 's/^file format: //p')
        qemu-img create -q -f qcow2 -b $image -F $format {POOL}/one-$vm-disk-$1
    }}
    disk 0 0; disk 1 1; disk 2 1
"""
_UNDEFINED = "virsh -q undefine one-$vm"
_MEMORY_SAVED = f"""
    virsh -q start --paused one-$vm
    virsh -q save --running one-$vm {POOL}/one-$vm.checkpoint; {_UNDEFINED}
"""

FAULTS = (
    Fault("BOOT_FAILURE", "HOLD", f"deploy {{vm}} {HOME}", NETWORK_GONE, HOME),
    Fault("BOOT_MIGRATE_FAILURE", "RUNNING", f"migrate {{vm}} {AWAY}", NETWORK_GONE, AWAY),
    Fault("PROLOG_MIGRATE_FAILURE", "RUNNING", f"migrate {{vm}} {AWAY}", POOL_FULL, AWAY, _UNDEFINED),
    Fault("PROLOG_FAILURE", "HOLD", f"deploy {{vm}} {HOME}", POOL_READ_ONLY, HOME, _DISKS_MADE),
    Fault("EPILOG_FAILURE", "POWEROFF", "terminate {vm}", POOL_READ_ONLY, HOME),
    Fault("EPILOG_STOP_FAILURE", "SUSPENDED", "stop {vm}", POOL_FULL, HOME, _MEMORY_SAVED),
    Fault("EPILOG_UNDEPLOY_FAILURE", "POWEROFF", "undeploy {vm}", DEFINITIONS_READ_ONLY, HOME, _UNDEFINED),
    Fault("PROLOG_MIGRATE_POWEROFF_FAILURE", "POWEROFF", f"migrate {{vm}} {AWAY}", POOL_READ_ONLY, AWAY, _UNDEFINED),
    Fault("PROLOG_MIGRATE_SUSPEND_FAILURE", "SUSPENDED", f"migrate {{vm}} {AWAY}", POOL_FULL, AWAY, _UNDEFINED),
    Fault("BOOT_UNDEPLOY_FAILURE", "UNDEPLOYED", f"deploy {{vm}} {HOME}", IMAGE_CORRUPT, HOME),
    Fault("BOOT_STOPPED_FAILURE", "STOPPED", f"deploy {{vm}} {HOME}", MEMORY_CORRUPT, HOME),
    Fault("PROLOG_RESUME_FAILURE", "STOPPED", f"deploy {{vm}} {AWAY}", POOL_FULL, AWAY),
    Fault("PROLOG_UNDEPLOY_FAILURE", "UNDEPLOYED", f"deploy {{vm}} {HOME}", VOLUME_LOST, HOME),
    Fault("PROLOG_MIGRATE_UNKNOWN_FAILURE", "UNKNOWN", f"migrate {{vm}} {AWAY}", POOL_READ_ONLY, AWAY, _UNDEFINED),
)
BY_FAILURE = {fault.failure: fault for fault in FAULTS}
