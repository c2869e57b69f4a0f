"""Lists every row of the checklist as proven or not yet: `python -m tests.conformance RECORD`.

RECORD is what the last full run wrote with `--record-covered`. A row is proven when a test that covers it passed and
none that covers it failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NamedTuple

from tests import checklist
from tests.covering import Witness


class Verdict(NamedTuple):
    """Whether a row is proven, and the tests that show it or that failed."""

    proven: bool
    tests: str


def verdicts(record: list[Witness]) -> dict[str, Verdict]:
    """What the record says of every row of the checklist."""
    passed: dict[str, set[str]] = {}
    failed: dict[str, set[str]] = {}
    for witness in record:
        groups = {"passed": passed, "failed": failed}.get(witness["outcome"], {})
        for row in witness["rows"]:
            # Without its parameters: one function is one witness.
            groups.setdefault(row, set()).add(witness["test"].partition("[")[0])
    return {row: _verdict(passed.get(row, set()), failed.get(row, set())) for row in checklist.rows()}


def _verdict(passed: set[str], failed: set[str]) -> Verdict:
    if failed:
        return Verdict(False, f"failed: {', '.join(sorted(failed))}")
    return Verdict(bool(passed), ", ".join(sorted(passed)))


def main(words: list[str]) -> int:
    if len(words) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    record = Path(words[0])
    if not record.exists():
        print(f"{record}: there is no record yet; make one with ./run test", file=sys.stderr)
        return 66
    rows, reasons = checklist.rows(), checklist.reasons()
    found = verdicts(json.loads(record.read_text(encoding="utf-8")))
    for row, verdict in found.items():
        print(f"{row}  {'proven ' if verdict.proven else 'not yet'}  {rows[row].feature}", end="")
        why = verdict.tests or reasons.get(row, "")
        print(f"  <- {why}" if why else "")
    count = sum(verdict.proven for verdict in found.values())
    print(f"{count} of {len(rows)} rows proven, {len(rows) - count} not yet")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
