"""What the trial found, as a table of failures and ways out."""

from __future__ import annotations

from collections.abc import Sequence

from vmconsole.lifecycle import states

from .trial import OPTIONS, Way

_WIDTH = 17


def rendered(ways: Sequence[Way], seconds: float) -> str:
    """The table, and everything that is wrong in full."""
    found = {(way.fault, way.option): way for way in ways}
    faults = list(dict.fromkeys(way.fault for way in ways))
    wide = max(len(fault.failure) for fault in faults) + 4
    told = max(len(_told(way)) for way in ways) + 2
    lines = [f"{'':<{wide}}{'by':<{told}}" + "".join(f"{option:<{_WIDTH}}" for option in OPTIONS)]
    for fault in faults:
        row = [found[fault, option] for option in OPTIONS]
        number = states.position(fault.failure).lcm
        lines.append(f"{number} {fault.failure:<{wide - 3}}{_told(row[0]):<{told}}" + "".join(map(_mark, row)))
    wrong = [f"{way.option} from {way.fault.failure}: {way.wrong}" for way in ways if way.wrong]
    return "\n".join((*lines, "", f"{len(ways)} ways out, {len(wrong)} wrong; {seconds:.0f} s", *wrong))


def _told(way: Way) -> str:
    return f"{way.fault.command.split()[0]}, {way.fault.host}: {way.fault.harm.story}"


def _mark(way: Way) -> str:
    if way.wrong:
        text = "!!"
    elif way.end == way.fault.failure:
        text = "="
    else:
        text = way.end if way.end == way.seen else f"{way.end}>{way.seen}"
    return f"{text:<{_WIDTH}}"
