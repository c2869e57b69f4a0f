"""The long jobs of domains: what they are at, how they are cancelled, whether they have ended."""

from __future__ import annotations

import libvirt

from backends.base import JobSeen, Power
from backends.libvirt.definition import find, lookup

_NO_JOB = frozenset({libvirt.VIR_ERR_OPERATION_INVALID, libvirt.VIR_ERR_NO_DOMAIN, libvirt.VIR_ERR_NO_SUPPORT})


def current(conn: libvirt.virConnect, uuid: str) -> JobSeen | None:
    """The domain's running job."""
    domain = find(conn, uuid)
    if domain is None:
        return None
    try:
        # Asked of a guest whose QEMU hangs, the statistics would hang too; this is answered by libvirtd alone. What it
        # calls a job is one that speaks with QEMU just now: a long one is silent most of the time.
        if domain.controlInfo()[0] not in (libvirt.VIR_DOMAIN_CONTROL_OK, libvirt.VIR_DOMAIN_CONTROL_JOB):
            return None
        record = domain.jobStats()
    except libvirt.libvirtError as error:
        if error.get_error_code() in (*_NO_JOB, libvirt.VIR_ERR_OPERATION_UNSUPPORTED):
            return None
        raise
    if record.get("type", libvirt.VIR_DOMAIN_JOB_NONE) == libvirt.VIR_DOMAIN_JOB_NONE:
        return None
    return JobSeen(
        operation=record.get("operation", 0),
        # Of a backup, which has no memory to move, libvirt counts the disks only.
        bytes_done=record.get("data_processed", record.get("disk_processed", 0)),
        bytes_total=record.get("data_total", record.get("disk_total", 0)),
    )


def downtime(conn: libvirt.virConnect, uuid: str) -> int | None:
    """Milliseconds that the guest stood still when it came here; None when it did not come by a migration."""
    domain = find(conn, uuid)
    if domain is None:
        return None
    try:
        record = domain.jobStats(libvirt.VIR_DOMAIN_JOB_STATS_COMPLETED | libvirt.VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED)
    except libvirt.libvirtError as error:
        if error.get_error_code() in (*_NO_JOB, libvirt.VIR_ERR_OPERATION_UNSUPPORTED):
            return None
        raise
    found: int | None = record.get("downtime_net", record.get("downtime"))
    return found


def cancel(conn: libvirt.virConnect, uuid: str) -> None:
    """Have the domain's job stop; its caller gets `Aborted`. No job is fine."""
    try:
        lookup(conn, uuid).abortJob()
    except libvirt.libvirtError as error:
        if error.get_error_code() not in _NO_JOB:
            raise


def is_settled(conn: libvirt.virConnect, uuid: str) -> bool:
    """Whether nothing is being done to the domain: no job, no monitor command under way, no start half done."""
    domain = find(conn, uuid)
    if domain is None:
        return True
    try:
        power, reason = domain.state()
        if power == Power.PAUSED and reason == libvirt.VIR_DOMAIN_PAUSED_STARTING_UP:
            return False
        if not domain.isActive():
            return True
        if domain.controlInfo()[0] != libvirt.VIR_DOMAIN_CONTROL_OK:
            return False
        return bool(domain.jobStats().get("type", libvirt.VIR_DOMAIN_JOB_NONE) == libvirt.VIR_DOMAIN_JOB_NONE)
    except libvirt.libvirtError as error:
        if error.get_error_code() == libvirt.VIR_ERR_OPERATION_UNSUPPORTED:
            return False  # It is on its way here: of a migration only the host that sends tells how far it is.
        if error.get_error_code() in _NO_JOB:
            return True
        raise
