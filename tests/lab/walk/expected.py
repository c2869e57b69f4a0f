"""What the walk is held against: a table written by hand from the life-cycle's rules, not taken from the product."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("expected.tsv")

FAILED = (
    "BOOT_FAILURE", "BOOT_MIGRATE_FAILURE", "PROLOG_MIGRATE_FAILURE", "PROLOG_FAILURE", "EPILOG_FAILURE",
    "EPILOG_STOP_FAILURE", "EPILOG_UNDEPLOY_FAILURE", "PROLOG_MIGRATE_POWEROFF_FAILURE",
    "PROLOG_MIGRATE_SUSPEND_FAILURE", "BOOT_UNDEPLOY_FAILURE", "BOOT_STOPPED_FAILURE", "PROLOG_RESUME_FAILURE",
    "PROLOG_UNDEPLOY_FAILURE", "PROLOG_MIGRATE_UNKNOWN_FAILURE",
)  # fmt: skip
"""The failures of an operation on a host, by their numbers."""
RESTS = (
    "PENDING", "HOLD", "RUNNING", "SUSPENDED", "PAUSED", "POWEROFF", "STOPPED", "UNDEPLOYED", "UNKNOWN",
    "CLONING_FAILURE", "DONE",
)  # fmt: skip
PLACES = (*RESTS, *FAILED)
_SETS = {"ANY": PLACES, "ALIVE": tuple(place for place in PLACES if place != "DONE"), "FAILED": FAILED}


@cache
def expected() -> dict[tuple[str, str], tuple[str, ...]]:
    """(action, place) → the positions passed; none where the state stays. A pair that is missing is refused."""
    lines = [line for line in TABLE.read_text().splitlines() if not line.startswith("#")]
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for row in csv.DictReader(lines, delimiter="\t"):
        places = [place for word in row["at"].split() for place in _SETS.get(word, (word,))]
        passes = () if row["passes"] == "-" else tuple(row["passes"].split())
        for action in row["action"].split():
            for place in places:
                assert place in PLACES, place
                assert (action, place) not in found, (action, place)
                found[action, place] = passes
    return found


def stays(action: str, place: str) -> bool:
    """Whether an accepted action leaves a VM where it was."""
    passes = expected()[action, place]
    return not passes or place in (passes[-1], {"SUSPENDED": "PAUSED"}.get(passes[-1]))
