"""Firings as a time line and as a calendar. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import islice

from vmconsole.console.line_view import Line
from vmconsole.schedules.words import MONTHS
from vmconsole.schedules.zones import DAY

WEEKS = 5
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_CELL = 7


def time_line(
    instants: Sequence[int], now: int, width: int, zone: tzinfo | None = None, *, span: int = DAY
) -> list[Line]:
    """The firings of the coming day as marks on a scale; a digit where several fall together.

    Args:
        instants: Unix seconds.
        width: cells.
        zone: of the hours on the scale, by default this machine's.
        span: seconds that the line stands for.
    """
    room = max(width - 2, 12)
    counts = Counter((at - now) * room // span for at in instants if now <= at < now + span)
    marks: Line = [(" ", "text")]
    for column in range(room):
        count = counts[column]
        marks.append(("·", "track") if not count else ("●", "key") if count == 1 else (_digit(count), "mark"))
    return [[(f" {_scale(now, room, span, zone)}", "dim")], _merged(marks)]


def _digit(count: int) -> str:
    return str(count) if count < 10 else "+"


def _scale(now: int, room: int, span: int, zone: tzinfo | None) -> str:
    """Hours at their places: as many as there is room for."""
    hours = next(step for step in (1, 2, 3, 6, 12, 24) if step * 3600 * room // span >= 6 or step == 24)
    cells = [" "] * room
    moment = datetime.fromtimestamp(now, zone).replace(minute=0, second=0, microsecond=0)
    for _ in range(span // 3600 + 1):
        moment += timedelta(hours=1)
        place = int((moment.timestamp() - now) * room / span)
        text = f"{moment:%H:%M}"
        if moment.hour % hours == 0 and 0 <= place <= room - len(text):
            cells[place : place + len(text)] = text
    cells[:3] = "now"
    return "".join(cells)


def _merged(line: Line) -> Line:
    """Neighbours in the same role as one span."""
    found: Line = []
    for text, role in line:
        if found and found[-1][1] == role:
            found[-1] = (found[-1][0] + text, role)
        else:
            found.append((text, role))
    return found


def calendar(
    instants: Sequence[int], clashing: Collection[int], now: int, zone: tzinfo | None = None, *, weeks: int = WEEKS
) -> list[Line]:
    """The coming weeks, a line each: the day of the month and how many firings it has; ! where some clash.

    Args:
        instants, clashing: all firings, and those in each other's way, Unix seconds.
        zone: whose days they are, by default this machine's.
    """
    today = datetime.fromtimestamp(now, zone).date()
    first = today - timedelta(days=today.weekday())
    counts = Counter(datetime.fromtimestamp(at, zone).date() for at in instants)
    troubled = {datetime.fromtimestamp(at, zone).date() for at in clashing}
    found: list[Line] = [[(" " * 5 + "".join(f"{day:<{_CELL}}" for day in _WEEKDAYS), "dim")]]
    days = (first + timedelta(days=number) for number in range(weeks * 7))
    while week := list(islice(days, 7)):
        line: Line = [(f" {MONTHS[week[-1].month - 1][:3]} ", "dim")]
        for day in week:
            count, bad = counts[day], day in troubled
            shown = f"{count if count < 1000 else '999+'}{'!' if bad else ''}" if count else ""
            role = "failure" if bad else "key" if count else "dim"
            line += [(f"{day.day:>3}", "chosen" if day == today else "dim"), (f" {shown:<{_CELL - 4}}", role)]
        found.append(line)
    return found
