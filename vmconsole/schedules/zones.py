"""What the clocks on the wall show in a time zone, and the changes of that zone to and from summer time.

A *wall* is what such a clock shows, counted in seconds as though it were UTC; an *instant* is Unix seconds (UTC).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from vmconsole.schedules.errors import UnknownZone

DAY = 86_400
LATEST = 32_503_679_999
"""The last second of the year 2999, as instant and as wall: what lies beyond is a mistake, such as milliseconds."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+-]{0,31}(/[A-Za-z0-9_+-]{1,31}){0,2}")
# No rules of their own, or rules of a clock that counts leap seconds.
_NO_ZONES = ("posix/", "right/", "Factory", "localtime", "posixrules")
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # a wall has no zone


@cache
def zone(name: str) -> Zone:
    """The zone with a name of the time-zone database, such as Europe/Berlin; UnknownZone when it has none such."""
    if not _NAME.fullmatch(name) or name.startswith(_NO_ZONES):
        raise UnknownZone([f"{_shown(name)} is no time zone; a zone is written like Europe/Berlin or UTC"])
    try:
        return Zone(ZoneInfo(name))
    except (KeyError, ValueError, OSError):
        message = f"the time-zone database has no zone {_shown(name)}; a zone is written like Europe/Berlin or UTC"
        raise UnknownZone([message]) from None


def _shown(name: str) -> str:
    return repr(name if len(name) <= 40 else name[:39] + "~")


class Zone:
    """One time zone."""

    __slots__ = ("_info",)

    def __init__(self, info: ZoneInfo) -> None:
        self._info = info

    def at(self, instant: int) -> datetime:
        """The instant as a date and time of this zone."""
        return datetime.fromtimestamp(instant, self._info)

    def offset(self, instant: int) -> int:
        """By how many seconds the clocks are ahead of UTC."""
        return _seconds(self.at(instant).utcoffset())

    def wall(self, instant: int) -> int:
        return instant + self.offset(instant)

    def exists(self, wall: int) -> bool:
        """Whether the clocks ever show it: they skip some when they are put forward."""
        return self.wall(self.instant(wall)) == wall

    def instant(self, wall: int) -> int:
        """The first instant at which the clocks show `wall`, or, when they skip it, a later time."""
        shown = (_EPOCH + timedelta(seconds=wall)).replace(tzinfo=self._info)
        # Before and after the change, where there is one; without one both are the same.
        before = wall - _seconds(shown.utcoffset())
        after = wall - _seconds(shown.replace(fold=1).utcoffset())
        if before <= after:
            return before
        return self.change(after, before) or before

    def first_pass(self, instant: int) -> int:
        """The instant at which the clocks first showed what they show: an earlier one in an hour that is repeated."""
        return self.instant(self.wall(instant)) if self.at(instant).fold else instant

    def change(self, after: int, until: int) -> int | None:
        """The first instant after `after`, at the latest `until`, from which on the offset is another; None without.

        Changes that undo each other within a day would be missed; the closest on record are a week apart.
        """
        offset = self.offset(after)
        low = after
        while low < until:
            high = min(low + DAY, until)
            if self.offset(high) != offset:
                return low + 1 + bisect_left(range(low + 1, high), x=True, key=lambda at: self.offset(at) != offset)
            low = high
        return None


def wall_of(moment: datetime) -> int:
    """The wall that a date and time without a zone stands for."""
    return int((moment - _EPOCH).total_seconds())


def _seconds(offset: timedelta | None) -> int:
    return int(offset.total_seconds()) if offset else 0
