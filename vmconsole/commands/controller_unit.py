"""The systemd unit of a permanent controller: written, enabled, and taken away again.

The unit is the one we ship; what is particular to this store and this installation stands in a drop-in beside it.
"""

from __future__ import annotations

import os
import subprocess
import sys

from vmconsole.commands.results import Text
from vmconsole.errors import BadInput, CannotCreate, Denied, Failed
from vmconsole.resources import data_path
from vmconsole.store.location import is_postgres, without_password

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values

UNIT = "vmconsole.service"
DROP_IN = os.path.join(f"{UNIT}.d", "installation.conf")
SYSTEM, USER = "system", "user"
BOOTED = "/run/systemd/system"
"""Is there where systemd is the init, see sd_booted(3)."""
PATIENCE = 60
"""Seconds that systemctl may take; starting includes that the controller is ready."""


def install(context: Context, command: Command, values: Values) -> Text:
    """Write the unit and its drop-in, and have systemd enable and start it where there is one.

    Raises:
        Denied: the place is root's. BadInput: the store's URL holds a password, which others could read in a unit.
        Failed: systemd refused. CannotCreate: a file cannot be written.
    """
    scope, root = _scope(values), values["root"] or ""
    files = {
        _path(scope, root, UNIT): _shipped(scope),
        _path(scope, root, DROP_IN): _drop_in(context),
    }
    if values.get("dry_run"):
        return _text(f"would write {path}:\n{text}" for path, text in files.items())
    for path, text in files.items():
        _write(path, text)
    said = [f"written: {path}" for path in files]
    systemctl = _systemctl(scope, root)
    if systemctl:
        _run([*systemctl, "daemon-reload"])
        _run([*systemctl, "enable", "--now", UNIT])
        said.append("enabled and started; vmconsole controller status tells how it is")
    else:
        said.append(f"systemd was not told; where it runs: {' '.join(_words(scope))} enable --now {UNIT}")
    if scope == USER:
        said.append("to have it run while you are not logged in: loginctl enable-linger")
    return _text(said)


def uninstall(context: Context, command: Command, values: Values) -> Text:
    """Have systemd stop and forget the unit, and remove what `install` wrote."""
    scope, root = _scope(values), values["root"] or ""
    paths = [_path(scope, root, DROP_IN), _path(scope, root, UNIT)]
    there = [path for path in paths if os.path.lexists(path)]
    if not there:
        return _text([f"nothing to do: there is no {paths[-1]}"])
    if values.get("dry_run"):
        return _text(f"would remove {path}" for path in there)
    systemctl = _systemctl(scope, root)
    if systemctl:
        _run([*systemctl, "disable", "--now", UNIT])
    for path in there:
        _remove(path)
    if systemctl:
        _run([*systemctl, "daemon-reload"])
    return _text(f"removed: {path}" for path in there)


def installed() -> str | None:
    """The path of the unit that `install` wrote for this user or for the machine; None when there is none."""
    paths = (_path(scope, "", UNIT) for scope in (USER, SYSTEM))
    return next((path for path in paths if os.path.exists(path)), None)


def _scope(values: Values) -> str:
    return USER if values["user"] or (os.geteuid() and not values["root"]) else SYSTEM


def _path(scope: str, root: str, name: str) -> str:
    """Where administrators put units, below `root`."""
    if scope == SYSTEM:
        folder = "/etc/systemd/system"
    else:
        settings = os.environ.get("XDG_CONFIG_HOME", "")
        base = settings if os.path.isabs(settings) else os.path.join(os.path.expanduser("~"), ".config")
        folder = os.path.join(base, "systemd", "user")
    return os.path.join(os.path.abspath(root) + folder if root else folder, name)


def _shipped(scope: str) -> str:
    with open(data_path("systemd", scope, UNIT), encoding="utf-8") as file:
        return file.read()


def _drop_in(context: Context) -> str:
    """What only this installation knows: which program, which store, which settings."""
    if is_postgres(context.url) and without_password(context.url) != context.url:
        raise BadInput(
            "the store's URL holds a password, and everybody can read a unit",
            code="INPUT_SECRET",
            hint="put the password into ~/.pgpass of the controller's user, and leave it out of --db",
        )
    # In a checkout that is not installed, the packages lie where this one does.
    packages = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    environment = {"VMCONSOLE_DB": context.url, "PYTHONPATH": packages}
    if context.config:
        environment["VMCONSOLE_CONFIG"] = os.path.abspath(context.config)
    program = [sys.executable, "-m", "vmconsole", "controller"]
    lines = [
        "# Written by vmconsole controller install.",
        "[Service]",
        "ExecStart=",
        "ExecStart=" + " ".join(_quoted(word.replace("$", "$$")) for word in program),
        *(f"Environment={_quoted(f'{name}={value}')}" for name, value in environment.items()),
    ]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """A word as systemd.syntax(7) reads it; specifiers begin with a per cent sign."""
    if any(ord(char) < 0x20 for char in word):
        raise BadInput(f"{word!r} cannot stand in a unit", code="INPUT_TEXT")
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _write(path: str, text: str) -> None:
    """Put a file in place as a whole, readable for all as units are."""
    new = f"{path}.new"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(new, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(new, 0o644)
        os.replace(new, path)
    except PermissionError as error:
        raise Denied(f"{path}: {error.strerror}", code="PERM_FILE", hint="as root, or with --user") from error
    except OSError as error:
        raise CannotCreate(f"{path}: {error.strerror}") from error


def _remove(path: str) -> None:
    try:
        os.unlink(path)
        if path.endswith(DROP_IN) and not os.listdir(os.path.dirname(path)):
            os.rmdir(os.path.dirname(path))
    except PermissionError as error:
        raise Denied(f"{path}: {error.strerror}", code="PERM_FILE", hint="as root, or with --user") from error


def _words(scope: str) -> list[str]:
    return ["systemctl", "--user"] if scope == USER else ["systemctl"]


def _systemctl(scope: str, root: str) -> list[str]:
    """How to call systemctl; empty where systemd does not run, or is not to be told."""
    return [] if root or not os.path.isdir(BOOTED) else _words(scope)


def _run(words: Sequence[str]) -> None:
    line = " ".join(words)
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failed(f"{line}: {error}", code="SYSTEMD") from error
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        raise Failed(f"{line}: {said}", code="SYSTEMD", hint=f"journalctl -u {UNIT}")


def _text(lines: Iterable[str]) -> Text:
    said = list(lines)
    return Text("CONTROLLER", "\n".join(said) + "\n", lambda: {"said": said})
