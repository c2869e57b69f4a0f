"""The History pane: the operations on a VM and its records, newest first."""

from __future__ import annotations

from typing import Any

from vmconsole.console.line_view import Line
from vmconsole.console.panes.show import heading
from vmconsole.presentation import age, day_time, fit, running_time
from vmconsole.store.detail import Detail

_ROLES = {"done": "running", "failed": "failure", "unknown": "unknown", "cancelled": "dim", "running": "moving"}


def lines(detail: Detail, now: float, width: int) -> list[Line]:
    """Operations with who asked, from where and what became of them; then the history records."""
    found: list[Line] = [heading("Operations")]
    for operation in detail.operations:
        found += _operation(operation, now)
    if not detail.operations:
        found.append([(" none", "dim")])
    found += [[], heading("Records")]
    for record in reversed(detail.document["history"]):
        found.append(_record(record, now))
    if not detail.document["history"]:
        found.append([(" none: it was never on a host", "dim")])
    return found


def _operation(operation: dict[str, Any], now: float) -> list[Line]:
    state = operation["state"]
    what = " ".join(part for part in (operation["command"], operation["variant"]) if part)
    end = operation["ended"]
    spent = f"{age(end - operation['started'])}" if end and operation["started"] else ""
    found: list[Line] = [
        [
            (f" {day_time(operation['created'], now)} ", "dim"),
            (fit(what, 16, more="…"), "strong"),
            (f" {fit(state, 9)}", _ROLES.get(state, "text")),
            (f"{spent:>4}  {operation['asked_by']}, {operation['face']}", "dim"),
        ]
    ]
    error = operation["error"]
    if error:
        found.append([("   " + str(error.get("message", "")), "failure")])
        if error.get("hint"):
            found.append([("   " + str(error["hint"]), "key")])
    return found


def _record(record: dict[str, Any], now: float) -> Line:
    spent = running_time((record["end_time"] or now) - record["start_time"])
    return [
        (f" {record['seq']:>3} ", "dim"),
        (fit(record["host"], 14, more="…"), "text"),
        (f" {fit(record['action'], 14, more='…')}", "strong"),
        (f" {day_time(record['start_time'], now)} {spent.strip()}", "dim"),
    ]
