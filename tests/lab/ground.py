"""What this machine must offer before a lab can stand on it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from .command import ENVIRONMENT

# Program -> the Debian package that brings it.
PROGRAMS = {
    "ip": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "libvirtd": "libvirt-daemon-system",
    "virtlogd": "libvirt-daemon-system",
    "virsh": "libvirt-clients",
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "sshd": "openssh-server",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "nc": "netcat-openbsd",
    "dnsmasq": "dnsmasq-base",
    "iptables": "iptables",
}


def why_not() -> str | None:
    """Why no lab can be built here, in one line; None if one can."""
    if os.geteuid():
        return "a lab of libvirt hosts needs root"
    missing = sorted({package for program, package in PROGRAMS.items() if not _found(program)})
    if missing:
        return f"a lab of libvirt hosts needs the packages {' '.join(missing)}"
    if not Path("/dev/net/tun").exists():
        return "a lab of libvirt hosts needs /dev/net/tun"
    spaces = subprocess.run(
        ["unshare", "--mount", "--uts", "--pid", "--net", "--fork", "true"],
        check=False,
        env=dict(ENVIRONMENT),
        capture_output=True,
        text=True,
    )
    if spaces.returncode:
        return f"a lab of libvirt hosts needs to make namespaces: {spaces.stderr.strip()}"
    return None


def _found(program: str) -> bool:
    return shutil.which(program, path=ENVIRONMENT["PATH"]) is not None
