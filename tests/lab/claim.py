"""A lab's claim on a number of this machine: every name and address of the lab follows from it.

A claim is a file that its owner keeps locked. The kernel drops the lock with the owner's last breath, so a claim that
can be locked belongs to nobody and its lab may be swept away; a lab that is to outlive its maker is marked as kept.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .command import LabError, run

REGISTRY = Path("/run/vmconsole-lab")
NUMBERS = range(1, 255)


class Claim:
    """One number, the folder of its lab and the files in which its host keys were made known."""

    def __init__(self, number: int, directory: Path, kept: bool, trusting: list[Path]) -> None:
        self.number = number
        self.directory = directory
        self.kept = kept
        self.trusting = trusting
        self._lock: int | None = None

    @classmethod
    def take(cls, parent: Path, kept: bool) -> Claim:
        """Claim a number that no other lab and no route of this machine uses; the lab's folder will be in `parent`.

        Raises LabError if there is none left.
        """
        with _registry():
            for number in random.sample(NUMBERS, len(NUMBERS)):
                claim = cls(number, parent.resolve() / f"vmlab{number}", kept, [])
                if not claim.path.exists() and not run("ip", "route", "show", "root", claim.subnet).strip():
                    claim._record()
                    return claim
        raise LabError("no number is left for another lab")

    @classmethod
    def all(cls) -> list[Claim]:
        """The claims of this machine, those of living owners included."""
        claims = []
        for path in sorted(REGISTRY.glob("*.json")):
            record = json.loads(path.read_text())
            trusting = [Path(name) for name in record["trusting"]]
            claims.append(cls(int(path.stem), Path(record["directory"]), record["kept"], trusting))
        return claims

    @classmethod
    @contextmanager
    def abandoned(cls) -> Iterator[list[Claim]]:
        """The claims whose owner is dead, locked for us; no claim can be taken meanwhile."""
        with _registry():
            yield [claim for claim in cls.all() if not claim.kept and claim.lock()]

    @property
    def name(self) -> str:
        return f"vmlab{self.number}"

    @property
    def subnet(self) -> str:
        # 198.18.0.0/15 is set apart for tests of equipment (RFC 2544): no real network has these addresses.
        return f"198.18.{self.number}.0/24"

    @property
    def path(self) -> Path:
        return REGISTRY / f"{self.number}.json"

    def lock(self) -> bool:
        """Become the owner; False if a living process is."""
        lock = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def note_trust(self, path: Path) -> None:
        """Record a file in which the lab's host keys are made known, for whoever removes the lab."""
        self.trusting.append(path)
        with _registry():
            self._record()

    def _record(self) -> None:
        record = {"directory": str(self.directory), "kept": self.kept, "trusting": list(map(str, self.trusting))}
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(record))
        lock = os.open(draft, os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Whole and locked from its first moment on: a crash leaves no half record, and no sweeper finds it unowned.
        draft.replace(self.path)
        self._release()
        self._lock = lock

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def drop(self) -> None:
        """Give the number back."""
        self.path.unlink(missing_ok=True)
        self._release()


@contextmanager
def _registry() -> Iterator[None]:
    REGISTRY.mkdir(mode=0o700, exist_ok=True)
    with (REGISTRY / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
