"""Prints each budget beside what this run measured: `python -m tests.bench [GROUP…]`. Exit 1 if one is not kept."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench import accepting, console, executing, hanging, listing, remembering, sweeping
from tests.bench.measuring import Row, report

GROUPS = {
    "listing": listing.rows,
    "accepting": accepting.rows,
    "sweeping": sweeping.rows,
    "console": console.rows,
    "executing": executing.rows,
    "remembering": remembering.rows,
    "hanging": hanging.rows,
}


def main(words: list[str]) -> int:
    if unknown := set(words) - set(GROUPS):
        print(f"no such group: {', '.join(sorted(unknown))}; there are {', '.join(GROUPS)}", file=sys.stderr)
        return 2
    found: list[Row] = []
    for name in words or GROUPS:
        print(f"measuring: {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="vmconsole-bench-") as work:
            found += GROUPS[name](Path(work))
    print(report(found))
    return 0 if all(row.ok for row in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
