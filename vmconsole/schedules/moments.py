"""Moments as people type them: `12/25`, `12/25 14:15`, `2026-12-25 14:15:30`, `14:15`, `now` and `+3600`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from vmconsole.schedules.errors import TimeError
from vmconsole.schedules.zones import LATEST, Zone, wall_of

FORMS = "MM/DD, MM/DD HH:MM, YYYY-MM-DD HH:MM[:SS], HH:MM, now or +SECONDS"

_MOMENT = re.compile(
    r"""
    (?:
        (?: (?P<year>\d{4}) - (?P<month>\d{1,2}) - (?P<day>\d{1,2}) | (?P<us_month>\d{1,2}) / (?P<us_day>\d{1,2}) )
        (?: [ T](?=\d) | $ )
    )?
    (?: (?P<hour>\d{1,2}) : (?P<minute>\d{2}) (?: : (?P<second>\d{2}) )? )?
    """,
    re.ASCII | re.VERBOSE,
)
_DELAY = re.compile(r"\+[0-9]{1,12}")


@dataclass(frozen=True, slots=True)
class Moment:
    """Unix seconds (UTC), or seconds after a VM's start when `relative`; whether the clocks show what was typed."""

    time: int
    relative: bool = False
    exists: bool = True


def moment(text: str, *, now: int, zone: Zone) -> Moment:
    """The moment a text means in a zone, seen from `now`; TimeError when it is none.

    Without a year it is this year, without a date today, without a time midnight (SCHED rules of ON-145, ON-146). A
    moment that the clocks skip is the first one after it, one that comes twice is the first.
    """
    text = text.strip()
    if text == "now":
        return Moment(now)
    if _DELAY.fullmatch(text):
        return Moment(int(text), relative=True)
    wall = wall_of(_moment(text, zone.at(now)))
    if not 0 <= wall <= LATEST:
        raise TimeError([f"{text!r} is not within 1970 to 2999"])
    return Moment(zone.instant(wall), exists=zone.exists(wall))


def _moment(text: str, today: datetime) -> datetime:
    match = _MOMENT.fullmatch(text)
    if not text or not match:
        raise TimeError([f"{text[:40]!r} is no time: expected {FORMS}"])
    part = {name: int(value) for name, value in match.groupdict().items() if value}
    try:
        return datetime(  # noqa: DTZ001  # what the clocks of the zone show
            part.get("year", today.year),
            part.get("month", part.get("us_month", today.month)),
            part.get("day", part.get("us_day", today.day)),
            part.get("hour", 0),
            part.get("minute", 0),
            part.get("second", 0),
        )
    except ValueError as err:
        raise TimeError([f"{text!r} does not exist: {err}"]) from None
