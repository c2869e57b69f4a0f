"""N real libvirt hosts on this one machine, and their complete removal."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from . import folders, ground, ssh
from .claim import Claim
from .host import Host
from .wire import Wire

__all__ = ["Host", "Lab"]


class Lab:
    """`hosts` hosts on a network of their own, with their files in a new folder under `directory`.

    As a context manager the lab lives as long as the block; a `kept` lab lives until remove() or the machine's next
    start. With `shared`, the folder `lab.shared` has the same path and content on all hosts (a migration of what lies
    there needs the flag "unsafe").
    """

    def __init__(self, directory: Path, hosts: int = 2, shared: bool = False, kept: bool = False) -> None:
        self._hosts_wanted = hosts
        self._directory = directory
        self._sharing = shared
        self._kept = kept
        self._claim: Claim | None = None
        self.hosts: list[Host] = []

    @staticmethod
    def why_not() -> str | None:
        """Why no lab can be built on this machine, in one line; None if one can."""
        return ground.why_not()

    def __enter__(self) -> Self:
        try:
            self.build()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.remove()

    def __getitem__(self, name: str) -> Host:
        """The host with this name: "h1", "h2" …"""
        return {host.name: host for host in self.hosts}[name]

    def build(self) -> None:
        """Build and start all hosts; raises LabError, and then remove() is due."""
        self._claim = Claim.take(self._directory, self._kept)
        self.folder.mkdir(parents=True)
        ssh.make_key(self.ssh_key, self._claim.name)
        if self._sharing:
            (self.folder / "shared").mkdir()
        wire = Wire(self._claim)
        numbers = range(1, self._hosts_wanted + 1)
        self.hosts = [Host(wire, number, self.folder / f"h{number}", self.ssh_key) for number in numbers]
        self.known_hosts.write_text("".join(f"{host.known_host}\n" for host in self.hosts))
        for host in self.hosts:
            names = {other.address: other.name for other in self.hosts}
            folders.introduce(host.folder, names, {other.name: other.host_key for other in self.hosts})
        wire.build()
        self._with_all(Host.start)

    @property
    def folder(self) -> Path:
        return self._claimed.directory

    @property
    def name(self) -> str:
        """What the names of the lab's bridge, links and network namespaces begin with."""
        return self._claimed.name

    @property
    def ssh_key(self) -> Path:
        """The private key that opens all hosts."""
        return self.folder / "key"

    @property
    def known_hosts(self) -> Path:
        """A known_hosts file with the keys of all hosts, for use as a UserKnownHostsFile."""
        return self.folder / "known_hosts"

    @property
    def shared(self) -> Path:
        """The folder that all hosts share."""
        if not self._sharing:
            raise LookupError("this lab was built without a shared folder")
        return self.folder / "shared"

    def trust(self, path: Path) -> None:
        """Add the keys of all hosts to a known_hosts file; they are taken out again when the lab is removed."""
        self._claimed.note_trust(path.resolve())
        ssh.trust(path.resolve(), self.known_hosts.read_text().splitlines())

    def reset(self) -> None:
        """Undo every fault and remove everything that was put on the hosts."""
        self._with_all(Host.reset)
        if self._sharing:
            shutil.rmtree(self.shared)
            self.shared.mkdir()

    def remove(self) -> None:
        """End the lab; nothing of it is left. Harmless on one that is removed or was never built."""
        if self._claim is None:
            return
        _remove(self._claim)
        for host in self.hosts:
            host.kill()
        self.hosts.clear()
        self._claim = None

    @staticmethod
    def sweep() -> list[str]:
        """Remove the labs whose owner died without removing them; returns their names."""
        with Claim.abandoned() as claims:
            for claim in claims:
                _remove(claim)
        return [claim.name for claim in claims]

    @staticmethod
    def remove_kept(directory: Path) -> list[str]:
        """Remove the kept labs that were built in `directory`; returns their names."""
        ours = [claim for claim in Claim.all() if claim.kept and claim.directory.parent == directory.resolve()]
        claims = [claim for claim in ours if claim.lock()]
        for claim in claims:
            _remove(claim)
        return [claim.name for claim in claims]

    @property
    def _claimed(self) -> Claim:
        if self._claim is None:
            raise LookupError("the lab is not built")
        return self._claim

    def _with_all(self, act: Callable[[Host], None]) -> None:
        with ThreadPoolExecutor(max_workers=max(1, len(self.hosts))) as pool:
            list(pool.map(act, self.hosts))


def _remove(claim: Claim) -> None:
    """Remove a lab by its claim alone, whoever built it and however far that came. The claim goes last."""
    Wire(claim).remove()
    for path in claim.trusting:
        ssh.distrust(path, claim.name)
    shutil.rmtree(claim.directory, ignore_errors=True)
    claim.drop()
