"""Keys of a lab and the known_hosts files in which they are made known."""

from __future__ import annotations

import fcntl
from pathlib import Path

from .command import run


def make_key(path: Path, comment: str) -> str:
    """Make a key pair without a pass phrase at `path` (and `path`.pub), replacing any; returns the public key."""
    path.unlink(missing_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path)
    return path.with_suffix(".pub").read_text().strip()


def trust(path: Path, lines: list[str]) -> None:
    """Append host keys to a known_hosts file, which is made if it is missing."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        text = file.read()
        if text and not text.endswith("\n"):
            text += "\n"
        path.write_text(text + "".join(f"{line}\n" for line in lines))


def distrust(path: Path, comment: str) -> None:
    """Take the host keys that end with this comment out of a known_hosts file; a file left empty is removed."""
    if not path.exists():
        return
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept = [line for line in file.read().splitlines(keepends=True) if line.split()[-1:] != [comment]]
        if kept:
            path.write_text("".join(kept))
        else:
            path.unlink()
