"""Operations under way, one line each, with a bar where the progress is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vmconsole.console.fleet import FleetModel
from vmconsole.console.line_view import Line
from vmconsole.console.screens.menu import Choice
from vmconsole.console.work import reason
from vmconsole.presentation import age, fit
from vmconsole.store import operations
from vmconsole.store.feed import FleetRow
from vmconsole.templates.sizes import human

_BAR = 20


def lines(model: FleetModel, now: float, width: int, height: int) -> list[Line]:
    """The running operations first, then the waiting ones; the last line counts those that have no room."""
    jobs = _in_order(model)
    if len(jobs) > height:
        rest = len(jobs) - (height - 1)
        return [*(line(model, job, now, width) for job in jobs[: height - 1]), [(f" … {rest:,} more", "dim")]]
    return [line(model, job, now, width) for job in jobs]


def choices(model: FleetModel, rows: Sequence[FleetRow] | None = None) -> list[Choice]:
    """The operations on these VMs, or all there are, to be called off; values are command lines."""
    wanted = None if rows is None else {row.id for row in rows}
    found = []
    for job in _in_order(model):
        if wanted is None or job["vm"] in wanted:
            what = [("   ", "text"), (fit("operation cancel", 24), "strong"), ("call off ", "dim")]
            far = "" if job["progress"] is None else f", {job['progress']:.0f}% done"
            what += [(f"{_what(job)} {target(model, job)}", "moving"), (f", {job['state']}{far}", "dim")]
            found.append(Choice(f"operation cancel {job['id']}", what, not job["cancel_requested"]))
    return found


def _in_order(model: FleetModel) -> list[dict[str, Any]]:
    """The running ones first, then the waiting ones, as they will come."""
    return sorted(model.work.operations.values(), key=lambda job: (job["state"] != "running", job["seq"]))


def _what(job: dict[str, Any]) -> str:
    return " ".join(part for part in (job["command"], job["variant"]) if part)


def line(model: FleetModel, job: dict[str, Any], now: float, width: int) -> Line:
    """One operation: what, on which VM, at which step, how far, how long."""
    waiting = job["state"] == "queued"
    since = now - (job["started"] or job["created"])
    spent = f"waits {age(since)}" if waiting else age(since)
    name_width = 16 if width < 100 else 28
    parts: Line = [
        (" · " if waiting else " » ", "dim" if waiting else "moving"),
        (fit(_what(job), 14, more="…"), "strong"),
        (" " + fit(target(model, job), name_width, more="…"), "text"),
    ]
    if width >= 60:
        parts.append((" " + fit(job["step"] or job["note"], 14, more="…"), "dim"))
    parts += bar(job["progress"], _BAR if width >= 100 else 10, begun=not waiting)
    parts.append((" cancelling", "unknown") if job["cancel_requested"] else (f" {spent:>10}", "dim"))
    if job["bytes_total"] and width >= 100:
        done, total = human((job["bytes_done"] or 0) / 1024), human(job["bytes_total"] / 1024)
        left = operations.remaining(job, now)
        rest = "" if left is None else f", {age(left)} left"
        parts.append((f"  {done} of {total}{rest}", "dim"))
    return parts


def target(model: FleetModel, job: dict[str, Any]) -> str:
    """What the operation acts on: `0 web`, `host h1`."""
    number = job["vm"]
    if number is not None:
        row = model.rows.get(number)
        return f"{number} {row.name}" if row is not None else str(number)
    host = model.hosts.get(job["host"]) if job["host"] is not None else None
    return f"host {host.name}" if host is not None else ""


def bar(percent: float | None, width: int, *, begun: bool = True) -> Line:
    """A bar of `width` cells and the number; an empty track when nobody knows how far it is, blank before it begins."""
    if percent is None:
        return [(" ", "text"), (("━" if begun else " ") * width, "track"), (" " * 5, "text")]
    filled = max(0, min(width, round(percent / 100 * width)))
    return [(" ", "text"), ("━" * filled, "moving"), ("━" * (width - filled), "track"), (f" {percent:3.0f}%", "text")]


def ending(model: FleetModel, job: dict[str, Any]) -> tuple[str, str]:
    """What to tell when an operation has ended: a sentence and its severity; no sentence for what needs none."""
    what = f"{job['command']} {target(model, job)}".strip()
    if job["state"] == "done":
        remarks = job["result"].get("remarks")
        if remarks:
            return f"{what}: done; {'; '.join(remarks)}", "warning"
        back = "; u takes it back" if job["arguments"].get("snapshot_before") else ""
        return f"{what}: done{back}", "information"
    if job["state"] == "cancelled":
        return f"{what}: cancelled", "warning"
    hint = (job["error"] or {}).get("hint")
    why = f"{reason(job)}; {hint}" if hint else reason(job)
    if job["state"] == "unknown":
        return f"{what}: outcome unknown: {why}", "warning"
    return f"{what}: {why}", "error"


def summary(jobs: Sequence[dict[str, Any]]) -> str:
    """One sentence for many operations that ended together."""
    counts: dict[str, int] = {}
    for job in jobs:
        counts[job["state"]] = counts.get(job["state"], 0) + 1
    return ", ".join(f"{count:,} {state}" for state, count in sorted(counts.items()))
