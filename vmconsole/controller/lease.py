"""The lease: at most one controller acts on a store, and the writes of one that lost it do not count."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vmconsole.controller import identity
from vmconsole.errors import TryAgain

if TYPE_CHECKING:
    from vmconsole.store.session import Store

NAME = "controller"
TTL = 15.0
"""Seconds a lease is good for without renewal."""
RENEW_EVERY = 5.0
GIVE_UP_AFTER = 10.0
"""Seconds by its own monotonic clock after which a holder that has not renewed stops acting, before another begins."""


class LeaseLost(TryAgain):
    """Another controller holds the lease; nothing of this write counts."""

    default_code = "LEASE_LOST"


class Lease:
    """The right to act. Take-over wants the holder proven dead on this machine, or expired when it is on another."""

    def __init__(self, store: Store, *, permanent: bool) -> None:
        self._store = store
        self._permanent = permanent
        self.holder = identity.own()
        self.token = 0
        self.doubtful = False
        """Whether the last refusal was due to a holder of which nobody here can say whether it lives."""
        self._renewed = 0.0
        self._watched: tuple[str, int, float] | None = None

    def acquire(self) -> bool:
        """Take the lease if it is free or its holder is gone. True when it is ours afterwards."""
        begun = time.monotonic()
        with self._store.write():
            rows = self._store.query("SELECT holder, token, renewals FROM lease WHERE name = ?", (NAME,))
            now = time.time()
            if not rows:
                self.token = 1
                self._store.execute(
                    "INSERT INTO lease (name, holder, token, renewals, expires, since, permanent)"
                    " VALUES (?, ?, 1, 0, ?, ?, ?)",
                    (NAME, self.holder, now + TTL, now, int(self._permanent)),
                )
            else:
                holder, token, renewals = rows[0]
                if holder and not self._vacant(holder, renewals):
                    return False
                self.token = token + 1
                self._store.execute(
                    "UPDATE lease SET holder = ?, token = ?, renewals = 0, expires = ?, since = ?, permanent = ?"
                    " WHERE name = ?",
                    (self.holder, self.token, now + TTL, now, int(self._permanent), NAME),
                )
        self._renewed = begun
        return True

    def _vacant(self, holder: str, renewals: int) -> bool:
        """Whether the holder is gone: proven by the process table, or by a counter that stood still for a whole TTL.

        Wall clocks are not asked: they jump. The counter is watched on our own monotonic clock.
        """
        if identity.proven_dead(holder):
            return True
        self.doubtful = holder.split(":")[:2] != self.holder.split(":")[:2]
        if not self.doubtful:
            return False
        watched = self._watched
        if watched is None or watched[:2] != (holder, renewals):
            self._watched = (holder, renewals, time.monotonic())
            return False
        return time.monotonic() - watched[2] > TTL

    def renew(self) -> None:
        """Prolong the lease. Raises LeaseLost."""
        begun = time.monotonic()
        with self._store.write():
            self.fence()
            self._store.execute("UPDATE lease SET expires = ? WHERE name = ?", (time.time() + TTL, NAME))
        self._renewed = begun

    def fence(self) -> None:
        """Within a write transaction: make the whole transaction count only while the lease is ours.

        Raises:
            LeaseLost: it is not; the transaction must be rolled back.
        """
        held = self._store.execute(
            "UPDATE lease SET renewals = renewals + 1 WHERE name = ? AND holder = ? AND token = ?",
            (NAME, self.holder, self.token),
        )
        if not held:
            raise LeaseLost("another controller holds the lease")

    @property
    def stale(self) -> bool:
        """Whether the last renewal is so long ago that acting on would be wrong."""
        return time.monotonic() - self._renewed > GIVE_UP_AFTER

    def release(self) -> None:
        """Give the lease back, so that the next controller need not prove anything."""
        with self._store.write():
            self._store.execute(
                "UPDATE lease SET holder = '' WHERE name = ? AND holder = ? AND token = ?",
                (NAME, self.holder, self.token),
            )
