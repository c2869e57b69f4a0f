"""The folders that a host sees instead of this machine's own."""

from __future__ import annotations

import shutil
import uuid
from contextlib import suppress
from pathlib import Path
from stat import S_ISLNK, S_ISREG

from . import ssh

LIBVIRTD_CONF = """\
host_uuid = "{uuid}"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "3:file:/var/log/libvirt/libvirtd.log"
"""

# Without systemd there are neither control groups nor security labels to be had, and the lab's files belong to root.
QEMU_CONF = """\
user = "root"
group = "root"
security_driver = "none"
namespaces = []
cgroup_controllers = []
"""

SSHD_CONF = """\
HostKey /etc/ssh/host_key
AuthorizedKeysFile /etc/ssh/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
MaxStartups 500
PidFile /run/sshd.pid
"""

# The hosts trust one another: a peer-to-peer migration is one host's ssh to another.
SSH_CONF = """\
Host *
    IdentityFile /etc/ssh/lab_key
    GlobalKnownHostsFile /etc/ssh/ssh_known_hosts
    BatchMode yes
"""


def lay_out(folder: Path, name: str, key: Path) -> str:
    """Fill the folder of the host with this name, which `key` opens; returns the host's public key."""
    etc = folder / "etc"
    (etc / "ssh").mkdir(parents=True)
    for place in ("var/log/libvirt/qemu", "var/cache/libvirt/qemu", "dev"):
        (folder / place).mkdir(parents=True)
    empty(folder)

    (etc / "ssh/sshd_config").write_text(SSHD_CONF)
    (etc / "ssh/ssh_config").write_text(SSH_CONF)
    shutil.copy(key, etc / "ssh/lab_key")
    shutil.copy(key.with_suffix(".pub"), etc / "ssh/authorized_keys")

    # root of a host: a home of its own, a plain shell, and not locked, whatever this machine's root is.
    accounts = [line for line in Path("/etc/passwd").read_text().splitlines() if not line.startswith("root:")]
    (etc / "passwd").write_text("\n".join(["root:x:0:0:root:/run/root:/bin/sh", *accounts, ""]))
    (etc / "shadow").write_text("root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n")
    return ssh.make_key(etc / "ssh/host_key", name)


def empty(folder: Path) -> None:
    """Give a host that is not running a libvirt without domains and pools, and with the distribution's network."""
    configuration, state = folder / "etc/libvirt", folder / "var/lib/libvirt"
    identity = configuration / "libvirtd.conf"
    # libvirt tells hosts apart by this, and refuses to migrate to what it takes for itself.
    settings = identity.read_text() if identity.exists() else LIBVIRTD_CONF.format(uuid=uuid.uuid4())
    for place in (configuration, state):
        shutil.rmtree(place, ignore_errors=True)
    shutil.copytree("/etc/libvirt", configuration, ignore=shutil.ignore_patterns("storage", "autostart"))
    for definition in (configuration / "qemu").glob("*.xml"):
        definition.unlink()
    identity.write_text(settings)
    (configuration / "qemu.conf").write_text(QEMU_CONF)
    (state / "images").mkdir(parents=True)


def content(folder: Path, running: Path) -> frozenset[tuple[str, int, int]]:
    """What libvirt keeps about all that is on a host: files by path, size and time. `running` is its /run/libvirt."""
    configured, stored = (folder / "etc/libvirt").rglob("*"), (folder / "var/lib/libvirt").rglob("*")
    files = set()
    for path in (*configured, *stored, *running.rglob("*.xml")):
        with suppress(FileNotFoundError):
            status = path.lstat()
            if S_ISREG(status.st_mode) or S_ISLNK(status.st_mode):
                files.add((str(path), status.st_size, status.st_mtime_ns))
    return frozenset(files)


def introduce(folder: Path, names: dict[str, str], keys: dict[str, str]) -> None:
    """Tell a host the names of all hosts of its lab (by address) and their public keys (by name)."""
    lines = ["127.0.0.1 localhost", *(f"{address} {name}" for address, name in names.items())]
    (folder / "etc/hosts").write_text("\n".join(lines) + "\n")
    (folder / "etc/ssh/ssh_known_hosts").write_text("".join(f"{name} {key}\n" for name, key in keys.items()))
