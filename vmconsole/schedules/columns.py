"""The columns REP and END of `show`, from what the store holds; on the reading path, so it imports nothing heavy."""

from __future__ import annotations

_KINDS = ("Weekly", "Monthly", "Yearly")
_HOURLY = 3


def repeat_text(repeat: int | None, days: str, cron: str = "") -> str:
    """How it recurs: `Weekly 1,5`, `Each 10 hours`, `Cron 0 2 * * *`; empty when it does not (ON-148, ON-157)."""
    if cron:
        return f"Cron {cron}"
    if repeat is None:
        return ""
    return f"Each {days} hours" if repeat == _HOURLY else f"{_KINDS[repeat]} {days}"


def end_text(end_type: int, end_value: int, time_zone: str) -> str:
    """When it ends: `None`, `After 5 times`, `On 12/25/18` by the clocks of its time zone (ON-158, ON-159)."""
    if end_type == 0:
        return "None"
    if end_type == 1:
        return f"After {end_value} times"
    from vmconsole.schedules.errors import UnknownZone
    from vmconsole.schedules.zones import zone

    try:
        return f"On {zone(time_zone).at(end_value):%m/%d/%y}"
    except UnknownZone:
        return f"On {zone('UTC').at(end_value):%m/%d/%y} UTC"
