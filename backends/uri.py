"""Host URIs, taken apart by an allow-list and put together again.

libvirt runs programs that a URI names (`command=`, the `ext` transport) and pastes parts of it into a remote shell
line (`socket=`, `netcat=`), so no URI reaches it as it was typed: it is parsed into checked fields and rebuilt.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from backends.base import BadUri

MAX_LENGTH = 2048

_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\Z")
_WORD = re.compile(r"[a-z0-9][a-z0-9,-]{0,63}\Z")
_FILE = re.compile(r"/[^\x00-\x1f\x7f\"\\]{0,1023}\Z")
_SWITCH = re.compile(r"[01]\Z")

_PARAMETERS = {
    "keyfile": _FILE,
    "known_hosts": _FILE,
    "mode": re.compile(r"(auto|legacy|direct)\Z"),
    "no_tty": _SWITCH,
    "no_verify": _SWITCH,
    "proxy": re.compile(r"(auto|netcat|native)\Z"),
    "sshauth": _WORD,
}
_ALLOWED = {
    "ssh": frozenset(_PARAMETERS),
    "tls": frozenset({"no_verify"}),
    "unix": frozenset({"mode"}),
    "": frozenset({"mode"}),
}
_RUNS_PROGRAMS = {
    "command": "it names a program that would run on this machine",
    "netcat": "it becomes part of a shell line on the host",
    "socket": "it becomes part of a shell line on the host",
}


@dataclass(frozen=True, slots=True)
class HostUri:
    """A host URI whose every field has been checked."""

    driver: str
    """qemu or test."""
    transport: str
    """ssh, tls, unix, or empty for a local connection."""
    path: str
    """/system, /session, /default or the absolute path of a test driver's file."""
    user: str = ""
    host: str = ""
    port: int | None = None
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def unverified(self) -> bool:
        """Nobody checks that the host is who it says it is: worth a standing warning."""
        return self.parameter("no_verify") == "1"

    @property
    def session(self) -> bool:
        """The user's own libvirt, not the system's."""
        return self.driver == "qemu" and self.path == "/session"

    @property
    def local(self) -> bool:
        return not self.host

    @property
    def safe(self) -> str:
        """The URI for display: every character of it passed the allow-list."""
        return self._text(self.parameters)

    def parameter(self, name: str) -> str:
        """The value of a parameter, empty when it is not given."""
        return dict(self.parameters).get(name, "")

    def render(self, extra: Mapping[str, str] | None = None) -> str:
        """The URI for libvirt. ssh is always kept off the terminal (`no_tty`).

        Args:
            extra: parameters of our own making, not subject to the allow-list.
        """
        # Only the libssh transports read known_hosts; for ssh it becomes an option of our own wrapper.
        parameters = {name: value for name, value in self.parameters if name != "known_hosts"}
        if self.transport == "ssh":
            parameters["no_tty"] = "1"
        return self._text(tuple((parameters | dict(extra or {})).items()))

    def _text(self, parameters: tuple[tuple[str, str], ...]) -> str:
        scheme = f"{self.driver}+{self.transport}" if self.transport else self.driver
        user = f"{self.user}@" if self.user else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port is not None else ""
        query = "&".join(f"{name}={quote(value, safe='/,')}" for name, value in parameters)
        return f"{scheme}://{user}{host}{port}{quote(self.path, safe='/')}{'?' if query else ''}{query}"


def parse(uri: str) -> HostUri:
    """The checked parts of a host URI; nothing is contacted and no file is looked at.

    Raises:
        BadUri: a part of it is outside the allow-list; the message names the part.
    """
    if len(uri.encode("utf-8", "surrogatepass")) > MAX_LENGTH:
        raise BadUri(f"the host URI is longer than {MAX_LENGTH} bytes")
    if not uri.isascii() or not uri.isprintable() or " " in uri:
        raise BadUri("the host URI contains a blank, a control or a non-ASCII character")
    scheme, separator, rest = uri.partition("://")
    if not separator:
        raise BadUri("a host URI looks like qemu+ssh://USER@HOST/system, qemu:///system or test:///default")
    if "#" in rest:
        raise BadUri("a host URI has no fragment (#)")
    location, question, query = rest.partition("?")
    authority, slash, path = location.partition("/")
    driver, transport = _driver(scheme)
    user, host, port = _authority(authority)
    if transport in ("ssh", "tls") and not host:
        raise BadUri(f"{scheme}:// needs a host name")
    if transport not in ("ssh", "tls") and authority:
        raise BadUri(f"{scheme}:// is this machine and takes no host name; use {driver}+ssh://HOST/{path}")
    return HostUri(
        driver=driver,
        transport=transport,
        path=_path(driver, slash + path),
        user=user,
        host=host,
        port=port,
        parameters=_parameters(driver, transport, query) if question else (),
    )


def _driver(scheme: str) -> tuple[str, str]:
    driver, plus, transport = scheme.partition("+")
    if driver not in ("qemu", "test"):
        raise BadUri(f"hypervisor {_shown(driver)} is not supported: use qemu or test")
    if plus and (driver == "test" or transport not in ("ssh", "tls", "unix")):
        raise BadUri(f"transport {_shown(transport)} is refused: use qemu+ssh, qemu+tls or qemu+unix")
    return driver, transport


def _authority(authority: str) -> tuple[str, str, int | None]:
    user, at, rest = authority.rpartition("@")
    if ":" in user:
        raise BadUri("a password in a host URI is refused: use an ssh key")
    if at and not _USER.match(user):
        raise BadUri(f"user name {_shown(user)} is refused: letters, digits, '_', '.', '-', not starting with '-'")
    if rest.startswith("["):
        address, bracket, after = rest[1:].partition("]")
        try:
            host = str(ipaddress.IPv6Address(address)) if bracket and "%" not in address else ""
        except ValueError:
            host = ""
        if not host or (after and not after.startswith(":")):
            raise BadUri(f"{_shown(rest)} is not an IPv6 address in brackets")
        return user, host, _port(after[1:]) if after else None
    host, colon, port = rest.partition(":")
    if (host or at or colon) and not _HOST.match(host):
        raise BadUri(f"host name {_shown(host)} is refused: letters, digits, '.', '_', '-', starting with no '-'")
    return user, host, _port(port) if colon else None


def _port(text: str) -> int:
    if not re.match(r"[0-9]{1,5}\Z", text) or not 1 <= int(text) <= 65535:
        raise BadUri(f"port {_shown(text)} is not a number from 1 to 65535")
    return int(text)


def _path(driver: str, quoted: str) -> str:
    path = _unquote(quoted)
    if driver == "qemu":
        if path not in ("/system", "/session"):
            raise BadUri(f"path {_shown(path)} is refused: a host URI ends in /system or /session")
    elif not _FILE.match(path) or path == "/":
        raise BadUri("a test URI is test:///default or test:///ABSOLUTE/PATH.xml")
    return path


def _parameters(driver: str, transport: str, query: str) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for pair in query.split("&"):
        name, _, quoted = pair.partition("=")
        if reason := _RUNS_PROGRAMS.get(_unquote(name).lower()):
            raise BadUri(f"URI parameter {_shown(name)} is refused: {reason}")
        if name not in _PARAMETERS:
            raise BadUri(f"URI parameter {_shown(name)} is refused: allowed are {', '.join(sorted(_PARAMETERS))}")
        if driver == "test" or name not in _ALLOWED[transport]:
            raise BadUri(f"URI parameter {_shown(name)} has no meaning here")
        if name in found:
            raise BadUri(f"URI parameter {_shown(name)} is given twice")
        value = _unquote(quoted)
        if not _PARAMETERS[name].match(value):
            raise BadUri(f"URI parameter {_shown(name)} has the unusable value {_shown(value)}")
        found[name] = value
    return tuple(found.items())


def _unquote(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise BadUri("the host URI contains bytes that are no text") from None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")
