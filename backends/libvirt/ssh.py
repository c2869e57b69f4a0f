"""The ssh that carries a connection: how it is called, and what went wrong when it failed.

libvirt calls `ssh` without time limits, in our process group (where Ctrl-C reaches it) and with the user's own file
of host keys only. A script of ours, handed to libvirt instead, adds what is missing.
"""

from __future__ import annotations

import math
import os
import shlex
import subprocess
import tempfile
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from threading import Timer

from backends.base import AuthFailed, BackendError, HostKeyChanged, HostKeyUnknown, Unreachable
from backends.libvirt.errors import quotable
from backends.uri import HostUri

KEEPALIVE_SECONDS = 5
KEEPALIVE_COUNT = 3

_SCRIPT = """#!/bin/sh
# Written by vmconsole: the ssh of one libvirt host.
LC_ALL=C
export LC_ALL
exec setsid {command} "$@"
"""


def write_wrapper(uri: HostUri, run_dir: Path, *, timeout: float) -> Path:
    """Write the program that libvirt runs as its ssh for this host.

    Args:
        uri: an ssh URI.
        run_dir: private folder; the accepted host keys lie in it too.
        timeout: seconds until an attempt to reach the host is given up.

    Returns:
        The path of the script, mode 0700.
    """
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = _SCRIPT.format(command=shlex.join(["ssh", *_options(uri, run_dir, timeout)]))
    path = run_dir / f"ssh-{sha256(text.encode()).hexdigest()[:16]}"
    if not path.exists() or path.read_text() != text:
        handle, new = tempfile.mkstemp(dir=run_dir, prefix="ssh-")
        with os.fdopen(handle, "w") as script:
            script.write(text)
        os.chmod(new, 0o700)
        os.replace(new, path)
    return path


def diagnose(uri: HostUri, run_dir: Path, *, host: str, timeout: float) -> BackendError:
    """Why a connection over ssh could not be opened, found by calling ssh once more, without running anything there.

    Args:
        uri: the ssh URI that failed.
        run_dir: as for `write_wrapper`.
        host: what the error calls the host.
        timeout: seconds this may take.
    """
    said = _probe(uri, run_dir, timeout)
    if "REMOTE HOST IDENTIFICATION HAS CHANGED" in said:
        return _key_error(HostKeyChanged, uri, host, timeout, said)
    if "Host key verification failed" in said or "host key is known for" in said:
        return _key_error(HostKeyUnknown, uri, host, timeout, said)
    if "Authenticated to " in said:
        message = f"{host}: ssh works, but libvirt does not answer there (is libvirtd running?)"
        return Unreachable(message, host=host, detail=said)
    if "Permission denied" in said or "Too many authentication failures" in said:
        return AuthFailed(f"{host} refused our ssh login: {_last_line(said)}", host=host, detail=said)
    if "Could not resolve hostname" in said:
        return Unreachable(f"{host}: the name {uri.host} cannot be resolved", host=host, detail=said)
    return Unreachable(f"{host} cannot be reached: {_last_line(said) or 'no answer'}", host=host, detail=said)


def scan_host_key(uri: HostUri, *, timeout: float = 10.0) -> list[tuple[str, str, str]]:
    """The key the host shows now, as ssh itself would record it; nothing is accepted by this.

    The user's ssh configuration (aliases, jump hosts) applies.

    Returns:
        (type, SHA256 fingerprint, line of a known_hosts file), empty when the host cannot be asked.
    """
    with tempfile.TemporaryDirectory(prefix="vmconsole-") as folder:
        seen = Path(folder, "known_hosts")
        options = [
            *_common(timeout),
            *_option("StrictHostKeyChecking", "accept-new"),
            *_option("UserKnownHostsFile", str(seen)),
            *_option("GlobalKnownHostsFile", "/dev/null"),
            *_option("HashKnownHosts", "no"),
            *_option("UpdateHostKeys", "no"),
            *_option("PreferredAuthentications", "none"),
        ]
        _ssh(options, uri, timeout)
        lines = seen.read_text().splitlines() if seen.exists() else []
    return [(fields[1], _fingerprint(fields[2]), line) for line in lines if len(fields := line.split()) >= 3]


def accept_host_key(uri: HostUri, fingerprint: str, run_dir: Path, *, timeout: float = 10.0) -> bool:
    """Accept the key with this fingerprint for the host, in place of one accepted earlier.

    Args:
        fingerprint: as `scan_host_key` and `HostKeyUnknown` give it, `SHA256:…`.

    Returns:
        Whether the host showed that key; nothing is accepted otherwise.
    """
    accepted = [line for _, seen, line in scan_host_key(uri, timeout=timeout) if seen == fingerprint]
    if not accepted:
        return False
    run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = run_dir / "known_hosts"
    replaced = {tuple(line.split()[:2]) for line in accepted}
    old = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in old if tuple(line.split()[:2]) not in replaced]
    handle, new = tempfile.mkstemp(dir=run_dir, prefix="known_hosts-")  # mkstemp makes it 0600
    with os.fdopen(handle, "w") as file:
        file.write("".join(f"{line}\n" for line in [*kept, *accepted]))
    os.replace(new, path)
    return True


def _options(uri: HostUri, run_dir: Path, timeout: float) -> list[str]:
    if uri.unverified:
        # libvirt passes StrictHostKeyChecking=no itself. What was never checked must not become known by it.
        files = ["/dev/null"]
        checking = "no"
    else:
        files = ["~/.ssh/known_hosts", str(run_dir / "known_hosts")]
        checking = "yes"
    if extra := uri.parameter("known_hosts"):
        files.append(extra)
    return [
        *_common(timeout),
        *_option("StrictHostKeyChecking", checking),
        "-o",
        "UserKnownHostsFile=" + " ".join(_quoted(file) for file in files),
    ]


def _common(timeout: float) -> list[str]:
    return [
        *_option("BatchMode", "yes"),
        *_option("ConnectTimeout", str(max(1, math.ceil(timeout)))),
        *_option("ServerAliveInterval", str(KEEPALIVE_SECONDS)),
        *_option("ServerAliveCountMax", str(KEEPALIVE_COUNT)),
        *_option("ForwardAgent", "no"),
        *_option("ForwardX11", "no"),
        # A shared master would outlive this connection, and its death would take strangers along.
        *_option("ControlMaster", "no"),
        *_option("ControlPath", "none"),
    ]


def _option(name: str, value: str) -> list[str]:
    return ["-o", f"{name}={value}"]


def _quoted(path: str) -> str:
    return '"' + path.replace("%", "%%") + '"'


def _probe(uri: HostUri, run_dir: Path, timeout: float) -> str:
    options = [*_options(uri, run_dir, timeout), *_option("LogLevel", "VERBOSE")]
    return _ssh(options, uri, timeout, until="Authenticated to ")


def _ssh(options: list[str], uri: HostUri, timeout: float, until: str = "") -> str:
    """What ssh says while it logs in; -N, so that nothing runs on the host. `until` ends it early."""
    command = ["ssh", "-N", "-T", *options]
    if uri.port is not None:
        command += ["-p", str(uri.port)]
    if uri.user:
        command += ["-l", uri.user]
    if keyfile := uri.parameter("keyfile"):
        command += ["-i", keyfile]
    try:
        process = subprocess.Popen(
            [*command, "--", uri.host],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        return f"ssh cannot be run: {error}"
    return _listen(process, timeout, until)


def _listen(process: subprocess.Popen[str], timeout: float, until: str) -> str:
    assert process.stderr is not None
    timer = Timer(timeout, process.kill)
    timer.daemon = True
    timer.start()
    said: list[str] = []
    try:
        for line in process.stderr:
            said.append(line)
            if until and until in line:
                break
    finally:
        timer.cancel()
        process.kill()
        process.stderr.close()
        process.wait()
    return "".join(said)


def _key_error(kind: type[HostKeyUnknown], uri: HostUri, host: str, timeout: float, said: str) -> HostKeyUnknown:
    keys = scan_host_key(uri, timeout=timeout)
    shown = f"{keys[0][0]} {keys[0][1]}" if keys else "a key that could not be read again"
    where = uri.host if uri.port is None else f"{uri.host} port {uri.port}"
    if kind is HostKeyChanged:
        message = f"{host}: {where} shows another ssh key than the one accepted before: {shown}"
    else:
        message = f"{host}: the ssh key of {where} is not known yet; it shows {shown}"
    error = kind(message, host=host, detail=said)
    error.fingerprint = keys[0][1] if keys else ""
    return error


def _fingerprint(key: str) -> str:
    return "SHA256:" + b64encode(sha256(b64decode(key)).digest()).decode().rstrip("=")


def _last_line(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip()]
    return quotable(lines[-1]) if lines else ""
