"""Starting and stopping domains. Every verb is content with what is already so."""

from __future__ import annotations

from contextlib import suppress

import libvirt

from backends.base import Power, WrongState
from backends.libvirt.definition import drop_cpu_shares, find, lookup
from backends.libvirt.domain_xml import MEMORY_STATS_SECONDS

_ON = frozenset({Power.RUNNING, Power.BLOCKED, Power.PAUSED, Power.SHUTDOWN, Power.PMSUSPENDED})


def start(conn: libvirt.virConnect, uuid: str, *, paused: bool, discard_saved: bool) -> None:
    """Boot, or restore a managed save. A domain whose memory was saved while it was paused runs as well."""
    domain = lookup(conn, uuid)
    if not domain.isActive():
        flags = libvirt.VIR_DOMAIN_START_PAUSED if paused else 0
        if discard_saved:
            flags |= libvirt.VIR_DOMAIN_START_FORCE_BOOT
        try:
            _create(conn, domain, flags)
        except libvirt.libvirtError as error:
            # Somebody was quicker.
            if error.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID or not domain.isActive():
                raise
    if not paused and _paused_for_no_reason(domain):
        domain.resume()
    collect_memory_stats(domain)


def _create(conn: libvirt.virConnect, domain: libvirt.virDomain, flags: int) -> None:
    try:
        domain.createWithFlags(flags)
    except libvirt.libvirtError as error:
        code = error.get_error_code()
        if code == libvirt.VIR_ERR_INVALID_ARG and flags:
            _create_without_flags(domain, flags)
        elif code == libvirt.VIR_ERR_CONFIG_UNSUPPORTED and drop_cpu_shares(conn, domain):
            # The host gives libvirt no CPU cgroup. A weight that cannot be kept must not keep the domain down.
            lookup(conn, domain.UUIDString()).createWithFlags(flags)
        else:
            raise


def _create_without_flags(domain: libvirt.virDomain, flags: int) -> None:
    """What the flags ask for, on a driver that knows none of them."""
    if flags & libvirt.VIR_DOMAIN_START_FORCE_BOOT and domain.hasManagedSaveImage():
        domain.managedSaveRemove()
    domain.create()
    if flags & libvirt.VIR_DOMAIN_START_PAUSED:
        domain.suspend()


def _paused_for_no_reason(domain: libvirt.virDomain) -> bool:
    power, reason = domain.state()
    return power == Power.PAUSED and reason not in (
        libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
        libvirt.VIR_DOMAIN_PAUSED_IOERROR,
    )


def collect_memory_stats(domain: libvirt.virDomain) -> None:
    """Have the guest report its memory; without this its figures stay those of the moment its driver came up."""
    with suppress(libvirt.libvirtError):  # A convenience: a domain without a balloon is a domain all the same.
        domain.setMemoryStatsPeriod(MEMORY_STATS_SECONDS, libvirt.VIR_DOMAIN_AFFECT_LIVE)


def shutdown(conn: libvirt.virConnect, uuid: str) -> None:
    """Press the power button once."""
    domain = lookup(conn, uuid)
    if not domain.isActive():
        return
    try:
        domain.shutdown()
    except libvirt.libvirtError as error:
        if error.get_error_code() != libvirt.VIR_ERR_OPERATION_INVALID or domain.isActive():
            raise


def destroy(conn: libvirt.virConnect, uuid: str) -> None:
    """Pull the plug."""
    domain = find(conn, uuid)
    if domain is None:
        return
    try:
        if domain.isActive():
            domain.destroy()
    except libvirt.libvirtError as error:
        code = error.get_error_code()
        gone = code == libvirt.VIR_ERR_NO_DOMAIN
        off = code == libvirt.VIR_ERR_OPERATION_INVALID and not domain.isActive()
        if not gone and not off:
            raise


def reboot(conn: libvirt.virConnect, uuid: str) -> None:
    """Ask the guest to reboot."""
    lookup(conn, uuid).reboot()


def reset(conn: libvirt.virConnect, uuid: str) -> None:
    """Press the reset button."""
    lookup(conn, uuid).reset()


def pause(conn: libvirt.virConnect, uuid: str) -> None:
    """Stop the guest's CPUs."""
    domain = lookup(conn, uuid)
    power = Power(domain.state()[0])
    if power not in _ON:
        raise WrongState("a domain that is off cannot be paused")
    if power is not Power.PAUSED:
        domain.suspend()


def unpause(conn: libvirt.virConnect, uuid: str) -> None:
    """Let the guest's CPUs run."""
    domain = lookup(conn, uuid)
    power = Power(domain.state()[0])
    if power is Power.PMSUSPENDED:
        domain.pMWakeup()
    elif power is Power.PAUSED:
        domain.resume()
    elif power not in _ON:
        raise WrongState("a domain that is off cannot be continued")
