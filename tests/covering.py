"""A pytest plugin: which rows of the checklist the run's tests have shown to be met.

A test marked `@pytest.mark.covers("ON-017")` shows its rows when it passes. With `--record-covered FILE` the outcomes
are written at the end of the run, for `tests.conformance` to read.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

import pytest

from tests import checklist


class Witness(TypedDict):
    """One marked test as it stands in the record; `outcome` is pytest's word, such as passed."""

    test: str
    rows: list[str]
    outcome: str


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record-covered", type=Path, metavar="FILE", help="record the tests that cover checklist rows")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Covering(config.getoption("--record-covered")), "covering")


class Covering:
    """Collects for each marked test its rows and its outcome."""

    def __init__(self, record: Path | None) -> None:
        self._record = record
        self._rows: dict[str, list[str]] = {}
        self._outcomes: dict[str, str] = {}

    # First, so that a wrong id is found in tests that -m or -k leave out, too.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        known = checklist.rows()
        for item in items:
            covered = [row for mark in item.iter_markers("covers") for row in mark.args]
            if unknown := [row for row in covered if row not in known]:
                raise pytest.UsageError(f"{item.nodeid} covers {unknown}, which the checklist does not have")
            if covered:
                self._rows[item.nodeid] = covered

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.nodeid not in self._rows:
            return
        # Setup and teardown count: a test that cannot be torn down has not shown that all is well.
        if report.when == "call" or not report.passed:
            self._outcomes[report.nodeid] = "xfailed" if hasattr(report, "wasxfail") else report.outcome

    def pytest_sessionfinish(self) -> None:
        if self._record is None:
            return
        found = [Witness(test=test, rows=self._rows[test], outcome=outcome) for test, outcome in self._outcomes.items()]
        self._record.parent.mkdir(parents=True, exist_ok=True)
        self._record.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
