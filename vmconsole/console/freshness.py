"""How old the news of a host is, and when it is too old to be believed."""

from __future__ import annotations

from vmconsole.lifecycle import host_states
from vmconsole.presentation import age
from vmconsole.store.feed import HostRow


class Freshness:
    """Judges hosts by the time of their last answer.

    Args:
        sweep_period: seconds between two looks at a host.
    """

    def __init__(self, sweep_period: float) -> None:
        self._patience = max(2 * sweep_period, 2.0)

    def silence(self, host: HostRow | None, now: float) -> float | None:
        """Seconds since a host answered, when that is longer than two sweeps or it is known to be down; else None."""
        if host is None or host.state == host_states.OFFLINE:
            return None
        since = self.silent_since(host)
        if self.is_down(host):
            return max(now - (since if since is not None else now), 0.0)
        if since is not None and now - since > self._patience:
            return now - since
        return None

    def is_down(self, host: HostRow) -> bool:
        """Whether the controller has given the host up for now."""
        return host.state == host_states.ERROR or host.down_since is not None

    def silent_since(self, host: HostRow) -> float | None:
        """Unix seconds of the last sign of life."""
        known = [at for at in (host.last_seen, host.down_since) if at is not None]
        return min(known) if known else None


def told(silence: float | None) -> str:
    """How long a host has been silent, from a minute on: seconds would repaint all its rows every second."""
    return "" if silence is None or silence < 60 else age(silence)
