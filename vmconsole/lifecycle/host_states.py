"""Where a host can be, by number and short name."""

from __future__ import annotations

INIT, MONITORED, ERROR, DISABLED, OFFLINE = 0, 2, 3, 4, 8

ALIASES = {INIT: "init", MONITORED: "on", ERROR: "err", DISABLED: "dsbl", OFFLINE: "off"}
"""Short states as lists show them."""

PLACEABLE = frozenset({MONITORED})
"""Where the scheduler may place VMs."""
