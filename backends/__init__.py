"""Hypervisor drivers. A host's URI names its driver, which is imported on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from backends.base import Host


def connect(uri: str, *, name: str, run_dir: Path, timeout: float = 10.0) -> Host:
    """A host that is not open yet.

    Args:
        uri: a libvirt URI that `backends.uri.parse` accepts.
        name: what errors call the host.
        run_dir: private folder (0700) for what the driver must leave on disk, such as accepted host keys.
        timeout: seconds until an attempt to connect is given up.

    Raises:
        backends.base.BadUri: the URI is refused by the allow-list; nothing was contacted.
    """
    from backends.libvirt.host import LibvirtHost

    return LibvirtHost(uri, name=name, run_dir=run_dir, timeout=timeout)


def host_keys(uri: str, *, timeout: float = 10.0) -> list[tuple[str, str]]:
    """The ssh keys a host shows now: (type, fingerprint) of each. Raises BadUri, Unreachable."""
    from backends import uri as uris
    from backends.libvirt import ssh

    return [(kind, fingerprint) for kind, fingerprint, _ in ssh.scan_host_key(uris.parse(uri), timeout=timeout)]


def trust(uri: str, fingerprint: str, *, run_dir: Path) -> bool:
    """Accept the key with this fingerprint as the host's, from now on. False when the host does not show it."""
    from backends import uri as uris
    from backends.libvirt import ssh

    return ssh.accept_host_key(uris.parse(uri), fingerprint, run_dir)
