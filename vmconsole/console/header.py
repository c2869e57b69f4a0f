"""The header: hosts, VMs by state, load, who executes operations, and what needs attention."""

from __future__ import annotations

import time

from vmconsole.console.fleet import FleetModel
from vmconsole.console.freshness import Freshness
from vmconsole.console.line_view import Line
from vmconsole.console.palette import role_of
from vmconsole.lifecycle import host_states, states
from vmconsole.presentation import age, cells, day_time, safe
from vmconsole.store.feed import HostRow
from vmconsole.templates.sizes import human

HIGH_LOAD, MEDIUM_LOAD = 85.0, 60.0
_GAP: Line = [("  ", "text")]
_ALIAS_ROLES = {row.alias: role_of(row) for row in states.POSITIONS}
_ORDER = {
    alias: number
    for number, alias in enumerate(("runn", "fail", "unkn", "poff", "susp", "stop", "unde", "pend", "hold"))
}


def lines(
    model: FleetModel, freshness: Freshness, now: float, width: int, *, notice: str = "", trouble: str = ""
) -> list[Line]:
    """The header's lines, without those that have nothing to say.

    Args:
        now: Unix seconds.
        width: cells of a line.
        notice: what was chosen for the user, such as the hypervisor taken; shown until there is something else.
        trouble: why the store cannot be read.
    """
    clock = _clock(now)
    parts = [_hosts(model, freshness, now), *_load(model, gauges=width >= 100), _controller(model, now)]
    first = _joined(parts, width - len(clock) - 1)
    first = [*_padded(first, width - len(clock)), (clock, "dim")]
    second = _joined([_vms(model), *_selection(model), *_states(model)], width)
    return [first, second, *_warnings(model, freshness, now, width, notice=notice, trouble=trouble)]


def _clock(now: float) -> str:
    return time.strftime("%H:%M:%S ", time.localtime(now))


def _hosts(model: FleetModel, freshness: Freshness, now: float) -> Line:
    hosts = [host for host in model.hosts.values() if host.state != host_states.OFFLINE]
    down = sum(freshness.is_down(host) for host in hosts)
    stale = sum(freshness.silence(host, now) is not None for host in hosts) - down
    up = len(hosts) - stale - down
    line: Line = [(" hosts ", "dim"), (f"{up} up", "running" if up else "dim")]
    if stale:
        line.append((f" {stale} stale", "unknown"))
    if down:
        line += [(" ", "text"), (f" {down} down ", "alarm")]
    return line


def _load(model: FleetModel, *, gauges: bool) -> list[Line]:
    known = [host for host in model.hosts.values() if host.cpus and host.cpu_percent is not None]
    if not known:
        return []
    cpus = sum(host.cpus for host in known)
    cpu = sum(_percent_of_host(host) * host.cpus for host in known) / cpus
    memory = sum(host.memory_kib for host in known)
    used = sum(host.memory_used_kib or 0 for host in known)
    share = 100 * used / memory if memory else 0.0
    return [
        [("cpu ", "dim"), *_gauge(cpu, gauges), (f"{cpu:.0f}%", _load_role(cpu)), (f" of {cpus}", "dim")],
        [
            ("mem ", "dim"),
            *_gauge(share, gauges),
            (f"{share:.0f}%", _load_role(share)),
            (f" of {human(memory)}", "dim"),
        ],
    ]


def _percent_of_host(host: HostRow) -> float:
    return min(host.cpu_percent or 0.0, 100.0)


def _load_role(percent: float) -> str:
    return "failure" if percent >= HIGH_LOAD else "unknown" if percent >= MEDIUM_LOAD else "text"


def _gauge(percent: float, shown: bool, width: int = 8) -> Line:
    if not shown:
        return []
    filled = max(0, min(width, round(percent / 100 * width)))
    role = _load_role(percent)
    return [("━" * filled, "key" if role == "text" else role), ("━" * (width - filled), "track"), (" ", "text")]


def _controller(model: FleetModel, now: float) -> Line:
    lease = model.controller
    if lease is None or not lease.holder:
        return [("controller ", "dim"), ("none", "unknown" if model.work.operations else "dim")]
    kind = "permanent" if lease.permanent else "passing"
    if lease.expires < now:
        return [("controller ", "dim"), (f"{kind}, silent {age(now - lease.expires)}", "unknown")]
    return [("controller ", "dim"), (kind, "text"), (f" {age(now - lease.since)}", "dim")]


def _vms(model: FleetModel) -> Line:
    total = len(model.rows)
    return [(" VMs   ", "dim"), (f"{total:,}", "strong"), ("" if model.complete else " so far", "unknown")]


def _states(model: FleetModel) -> list[Line]:
    counts = [(alias, count) for alias, count in model.states.items() if count]
    counts.sort(key=lambda item: (_ORDER.get(item[0], len(_ORDER)), item[0]))
    return [
        [(f"{count:,} {alias}", "alarm" if alias == "fail" else _ALIAS_ROLES.get(alias, "text"))]
        for alias, count in counts
    ]


def _selection(model: FleetModel) -> list[Line]:
    found: list[Line] = []
    if model.filter:
        found.append([("/", "key"), (model.filter.text, "strong"), (f" {len(model.order):,} shown", "dim")])
    if model.marks:
        hidden = model.hidden_marks
        found.append([(f"{len(model.marks):,} marked", "mark"), (f", {hidden:,} hidden" if hidden else "", "unknown")])
    return found


def _warnings(
    model: FleetModel, freshness: Freshness, now: float, width: int, *, notice: str, trouble: str
) -> list[Line]:
    found: list[Line] = []
    if trouble:
        found.append([(" the list is not live: ", "alarm"), (f" {trouble}", "failure")])
    silent = [(host, silence) for host in model.hosts.values() if (silence := freshness.silence(host, now)) is not None]
    if silent:
        host, silence = max(silent, key=lambda item: item[1])
        word = "down" if freshness.is_down(host) else "silent"
        more = f", and {len(silent) - 1} more" if len(silent) > 1 else ""
        reason = f" since {day_time(now - silence, now)}" + (f": {host.message}" if host.message else "")
        found.append([(f" host {host.name} {word} for {age(silence)}{more}", "failure"), (reason, "dim")])
    unverified = [host.name for host in model.hosts.values() if host.unverified]
    if unverified:
        found.append([(f" not verified: {', '.join(unverified[:3])}", "unknown"), (" (no_verify=1)", "dim")])
    passing = model.controller is None or not model.controller.holder or not model.controller.permanent
    if model.pending_schedules and passing:
        found.append(
            [
                (f" {model.pending_schedules:,} schedules wait", "unknown"),
                (" and no permanent controller runs them; run: ", "dim"),
                ("vmconsole controller install", "key"),
            ]
        )
    if model.wild and model.rows:
        found.append(_wild(model))
    if notice:
        found.append([(f" {_shortened(notice, width - 1)}", "dim")])
    return found


def _wild(model: FleetModel) -> Line:
    count = sum(model.wild.values())
    first = model.hosts.get(next(iter(model.wild)))
    line: Line = [
        (f" {count:,} unmanaged VM{'s' if count != 1 else ''}", "saved"),
        (" on the hosts; take over with ", "dim"),
    ]
    return [*line, (f":host importvm {first.name if first else 'HOST'} --all", "key")]


def _shortened(notice: str, width: int) -> str:
    """As many of its clauses, parted by semicolons, as there is room for."""
    clauses = notice.split("; ")
    while len(clauses) > 1 and cells(safe("; ".join(clauses))) > width:
        clauses.pop()
    return "; ".join(clauses)


def _joined(parts: list[Line], width: int) -> Line:
    """The parts side by side, as many as there is room for."""
    line: Line = []
    taken = 0
    for part in parts:
        wide = sum(cells(safe(text)) for text, _ in part)
        if line and taken + 2 + wide > width:
            break
        if line:
            line, taken = [*line, *_GAP], taken + 2
        line, taken = [*line, *part], taken + wide
    return line


def _padded(line: Line, width: int) -> Line:
    taken = sum(cells(safe(text)) for text, _ in line)
    return [*line, (" " * max(width - taken, 1), "text")]
