"""The Graphs pane: the stored samples of a VM as small charts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from vmconsole.console.line_view import Line
from vmconsole.console.panes.show import heading
from vmconsole.presentation import age
from vmconsole.store.detail import Detail
from vmconsole.templates.sizes import human

_LEVELS = " ▁▂▃▄▅▆▇█"
_HEIGHT = 4


def lines(detail: Detail, now: float, width: int) -> list[Line]:
    """CPU, memory and network over the time that is stored; says so when nothing is stored yet."""
    samples = detail.samples
    if len(samples) < 2:
        return [heading("Graphs"), [(" no samples yet; the controller stores one a minute while the VM runs", "dim")]]
    vm = detail.document
    span = f"{age(now - samples[0][0])} ago … {age(now - samples[-1][0])} ago"
    cpu = [sample[1] for sample in samples]
    memory = [sample[2] for sample in samples]
    received = rates([(sample[0], sample[3]) for sample in samples])
    sent = rates([(sample[0], sample[4]) for sample in samples])
    room = max(width - 2, 8)
    found: list[Line] = [[(f" {span}", "dim")]]
    full = 100.0 * vm["vcpu"]
    found += _titled("CPU", f"{_last(cpu):.1f}% of {full:.0f}%", chart(cpu, room, top=full), "running")
    all_of_it = float(vm["memory_max_kib"])
    now_used = f"{human(_last(memory))} of {human(all_of_it)}"
    found += _titled("Memory", now_used, chart(memory, room, top=all_of_it), "moving")
    found += _titled("Received", _rate(received), chart(received, room), "saved")
    found += _titled("Sent", _rate(sent), chart(sent, room), "unknown")
    return found


def _rate(values: Sequence[float | None]) -> str:
    """Now, and at the upper edge of the chart."""
    most = max((value for value in values if value is not None), default=0.0)
    return f"{human(_last(values) / 1024)}/s, at most {human(most / 1024)}/s"


def _titled(title: str, now: str, drawn: list[str], role: str) -> list[Line]:
    return [[], [(f" {title} ", "title"), (now, "text")], *([(f" {row}", role)] for row in drawn)]


def _last(values: Sequence[float | None]) -> float:
    return next((float(value) for value in reversed(values) if value is not None), 0.0)


def rates(counters: Sequence[tuple[int, int | None]]) -> list[float | None]:
    """Bytes a second between counters; None where one is missing or was reset."""
    found: list[float | None] = []
    for (before, old), (after, new) in pairwise(counters):
        if old is None or new is None or new < old or after <= before:
            found.append(None)
        else:
            found.append((new - old) / (after - before))
    return found


def chart(values: Sequence[float | None], width: int, *, top: float = 0.0, height: int = _HEIGHT) -> list[str]:
    """A chart of blocks, the newest value at the right; gaps stay blank.

    Args:
        top: the value of the upper edge; with 0, the largest value there is.
    """
    columns = _condensed(values, width)
    highest = top or max((value for value in columns if value is not None), default=0.0) or 1.0
    steps = [0 if value is None else max(1, min(height * 8, round(value / highest * height * 8))) for value in columns]
    return [
        "".join(_LEVELS[max(0, min(8, step - row * 8))] for step in steps).rjust(width)
        for row in range(height - 1, -1, -1)
    ]


def _condensed(values: Sequence[float | None], width: int) -> list[float | None]:
    """At most `width` values, each the largest of those it stands for: a peak must not vanish."""
    if len(values) <= width:
        return list(values)
    found: list[float | None] = []
    for index in range(width):
        part = values[index * len(values) // width : (index + 1) * len(values) // width]
        known = [value for value in part if value is not None]
        found.append(max(known) if known else None)
    return found
