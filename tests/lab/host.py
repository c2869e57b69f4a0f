"""One host of a lab: libvirtd and sshd in namespaces of their own, and the faults that can befall it."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from xml.etree import ElementTree as ET

from . import folders, processes, ssh
from .command import ENVIRONMENT, LabError, run
from .serial import Serial
from .wire import Wire

# In the order in which they start. sshd wants to be called by its full path.
SERVICES = {
    "virtlogd": ("virtlogd", "--daemon"),
    "libvirtd": ("libvirtd", "--daemon"),
    "sshd": ("/usr/sbin/sshd",),
}
START_TIMEOUT = 30.0


class Host:
    """Host number `number` (from 1) on the lab's wire; `folder` holds its files, `key` opens its sshd."""

    def __init__(self, wire: Wire, number: int, folder: Path, key: Path) -> None:
        self.name = f"h{number}"
        self.address = wire.address(number)
        self.folder = folder
        self.host_key = folders.lay_out(folder, self.name, key)
        self._wire = wire
        self._number = number
        self._key = key
        self._unshare: subprocess.Popen[bytes] | None = None
        self._init = 0
        self._alarms: dict[str, subprocess.Popen[bytes]] = {}
        self._pools = 0
        self._faulty = False
        self._content: frozenset[tuple[str, int, int]] = frozenset()

    @property
    def uri(self) -> str:
        """The libvirt URI at which the host is reached from this machine."""
        return f"qemu+ssh://root@{self.address}/system?keyfile={self._key}&no_tty=1"

    @property
    def known_host(self) -> str:
        """The line for a known_hosts file. It stays the first key's when the host's key is changed."""
        kind, key, _comment = self.host_key.split()
        return f"{self.address} {kind} {key} {self._wire.bridge}"

    # Life

    def start(self) -> None:
        """Boot the host, its cable plugged in, its disks as kill() left them; returns when libvirtd and sshd answer."""
        self._wire.plug(self._number)
        namespace = self._wire.namespace(self._number)
        script = Path(__file__).with_name("host-init.sh")
        spaces = ("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "--mount-proc")
        with (self.folder / "init.log").open("ab") as log:
            self._unshare = subprocess.Popen(
                ["ip", "netns", "exec", namespace, *spaces, "sh", script, self.folder, self.name],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(ENVIRONMENT),
                cwd="/",
                start_new_session=True,
            )
        self._wait_for_init(self._unshare)
        for service in SERVICES:
            self.serve(service)
        self.virsh("list")  # waits until the last of libvirt's drivers is ready and has written its first files
        self._content = self._content_now()

    def _wait_for_init(self, unshare: subprocess.Popen[bytes]) -> None:
        assert unshare.stdout is not None
        with unshare.stdout as said:
            if not select.select([said], [], [], START_TIMEOUT)[0] or said.readline() != b"ready\n":
                raise LabError(f"{self.name} does not start: {(self.folder / 'init.log').read_text().strip()}")
        self._init = int(Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()[0])

    def kill(self) -> None:
        """End the host at once, with all its guests, as a power cut would."""
        if self._unshare is not None:
            with suppress(ProcessLookupError):
                os.kill(self._init, signal.SIGKILL)
            self._unshare.wait(START_TIMEOUT)
        self._unshare, self._init = None, 0
        for alarm in self._alarms.values():
            alarm.wait(START_TIMEOUT)
        self._alarms.clear()
        self._pools = 0
        self._faulty = False
        self._wire.unplug(self._number)

    @property
    def alive(self) -> bool:
        return self._unshare is not None and self._unshare.poll() is None

    def serve(self, service: str) -> None:
        """Start one of SERVICES."""
        self.run(*SERVICES[service], timeout=START_TIMEOUT)

    def halt(self, service: str) -> None:
        """Kill one of SERVICES, all its processes."""
        deadline = time.monotonic() + START_TIMEOUT
        while pids := self.pids(service):
            if time.monotonic() > deadline:
                raise LabError(f"{service} of {self.name} does not end: {pids}")
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    # Witness: what is really there, asked without the network and without the product

    def run(self, *words: str, feed: str = "", timeout: float = 60) -> str:
        """Run a program inside the host, as its root, and return what it printed; raises LabError if it fails."""
        return run(*self._inside(), *words, feed=feed, timeout=timeout)

    def virsh(self, *words: str, feed: str = "", timeout: float = 60) -> str:
        """Run virsh inside the host; a definition can be fed to it as the file /dev/stdin."""
        return self.run("virsh", "--quiet", "--connect", "qemu:///system", *words, feed=feed, timeout=timeout).strip()

    def domains(self, *which: str) -> set[str]:
        """Names of the host's domains; `which` are options of `virsh list`, by default only active ones are listed."""
        return set(self.virsh("list", "--name", *which).split())

    def pids(self, program: str = "") -> list[int]:
        """The host's processes, or those that run `program`, by their numbers on this machine."""
        return processes.beside(self._init, program) if self.alive else []

    def serial(self, domain: str, until: str, timeout: float = 30, say: str = "") -> str:
        """Read the serial console of a domain until a text comes, after typing the line `say`; returns what came.

        What the guest wrote while nobody was reading is lost. Nobody else may have the console open.
        """
        with self.console(domain) as serial:
            if say:
                serial.say(say)
            return serial.wait_for(until, timeout)

    def console(self, domain: str) -> Serial:
        """Open the serial console of a domain; libvirtd is not asked, so it may hang."""
        root = Path(f"/proc/{self._init}/root")
        try:
            # What libvirtd would read after a restart; it is the only place that names the pseudo terminal.
            state = ET.parse(root / f"run/libvirt/qemu/{domain}.xml")
        except FileNotFoundError as error:
            raise LabError(f"{domain} does not run on {self.name}") from error
        source = state.find("domain/devices/serial/source")
        if source is None or "path" not in source.attrib:
            raise LabError(f"{domain} has no serial console")
        return Serial(root / source.attrib["path"].lstrip("/"))

    # Faults

    def cut(self) -> None:
        """Pull the network cable."""
        self._faulty = True
        self._wire.cut(self._number)

    def mend(self) -> None:
        """Plug the cable in again."""
        self._wire.mend(self._number)

    def drop(self) -> None:
        """Let packets to the host's sshd vanish, as a firewall does, until its next start."""
        self._faulty = True
        self.run("iptables", "-A", "INPUT", "-p", "tcp", "--dport", "22", "-j", "DROP")

    def hang(self, service: str, longest: float = 120) -> None:
        """Stop one of SERVICES, all its processes. They go on after `longest` seconds, whatever happens to us."""
        self.wake(service)
        self._faulty = True
        inner = [processes.number_inside(pid) for pid in self.pids(service)]
        if not inner:
            raise LabError(f"{self.name} has no {service} to hang")
        # Inside the host, so that the alarm ends with it and cannot hit another's process.
        self.run("sh", "-c", 'kill -STOP "$@"', "sh", *inner)
        alarm = ["sh", "-c", 'sleep "$0"; kill -CONT "$@"', str(longest), *inner]
        self._alarms[service] = subprocess.Popen(
            [*self._inside(), *alarm], env=dict(ENVIRONMENT), start_new_session=True
        )

    def wake(self, service: str) -> None:
        """End a hang(); harmless without one."""
        alarm = self._alarms.pop(service, None)
        if alarm is not None:
            with suppress(ProcessLookupError):
                os.killpg(alarm.pid, signal.SIGKILL)
            alarm.wait()
        for pid in self.pids(service):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def small_pool(self, size: int) -> str:
        """Mount a file system of `size` bytes, soon full, in the host; returns its path there."""
        self._faulty = True
        self._pools += 1
        path = f"/var/lib/libvirt/small{self._pools}"
        self.run("mkdir", "-p", path)
        self.run("mount", "-t", "tmpfs", "-o", f"size={size}", "small", path)
        return path

    def change_host_key(self) -> str:
        """Give the host another key; its ssh connections end. Returns the new public key."""
        self._faulty = True
        key = self.folder / "etc/ssh/host_key"
        if not key.with_suffix(".first").exists():
            shutil.copy(key, key.with_suffix(".first"))
        changed = ssh.make_key(key, self.name)
        self.halt("sshd")
        self.serve("sshd")
        return changed

    # Back to the beginning

    def reset(self) -> None:
        """Make the host what it was when it was built: no fault, nothing on it. One that was left alone runs on."""
        if self._untouched():
            return
        self.kill()
        first = self.folder / "etc/ssh/host_key.first"
        if first.exists():
            first.replace(first.with_name("host_key"))
        folders.empty(self.folder)
        self.start()

    def _untouched(self) -> bool:
        if self._faulty or not self.alive or not all(self.pids(service) for service in SERVICES):
            return False
        return not self.pids("qemu-system-x86_64") and self._content == self._content_now()

    def _content_now(self) -> frozenset[tuple[str, int, int]]:
        return folders.content(self.folder, Path(f"/proc/{self._init}/root/run/libvirt"))

    def _inside(self) -> tuple[str, ...]:
        if not self.alive:
            raise LabError(f"{self.name} is not running")
        return ("nsenter", f"--target={self._init}", "--mount", "--uts", "--pid", "--net", "--wd=/", "--")
