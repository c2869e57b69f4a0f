"""Time zones: which names are taken, and what the clocks show at a change."""

from __future__ import annotations

import time

import pytest

from tests.unit.schedules.instants import at
from vmconsole.schedules.errors import UnknownZone
from vmconsole.schedules.zones import zone

BERLIN = zone("Europe/Berlin")


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT-2", "EST5EDT"])
def test_zones_of_the_database_are_taken(name: str) -> None:
    assert zone(name).at(0).tzinfo is not None


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "Europe/Atlantis", "Europe", "europe/berlin ", "/etc/passwd", "../../etc/passwd", "Europe/../UTC",
        "/usr/share/zoneinfo/UTC", "right/Europe/Berlin", "posix/UTC", "localtime", "posixrules", "Factory",
        "tzdata.zi", "zone.tab", "leapseconds", "+02:00", "UTC+2", "UTC\x00", "Europe\\Berlin", "A" * 100_000,
        "A/" * 5000, "\x1b[31m",
    ],
    ids=lambda name: repr(name[:30]),
)  # fmt: skip
def test_every_other_name_is_refused_at_once(name: str) -> None:
    begin = time.perf_counter()
    with pytest.raises(UnknownZone) as refusal:
        zone(name)
    assert time.perf_counter() - begin < 0.05
    assert len(str(refusal.value)) < 200
    assert str(refusal.value).isprintable()


def wall(text: str) -> int:
    return at(f"{text}Z")


def test_a_wall_that_is_skipped_is_the_end_of_the_gap_and_does_not_exist() -> None:
    assert BERLIN.instant(wall("2026-03-29T02:00")) == at("2026-03-29T03:00+02:00")
    assert BERLIN.instant(wall("2026-03-29T02:59:59")) == at("2026-03-29T03:00+02:00")
    assert BERLIN.instant(wall("2026-03-29T01:59:59")) == at("2026-03-29T01:59:59+01:00")
    assert not BERLIN.exists(wall("2026-03-29T02:30"))
    assert BERLIN.exists(wall("2026-03-29T03:00"))


def test_a_wall_that_comes_twice_is_the_first() -> None:
    assert BERLIN.instant(wall("2026-10-25T02:30")) == at("2026-10-25T02:30+02:00")
    assert BERLIN.first_pass(at("2026-10-25T02:30+01:00")) == at("2026-10-25T02:30+02:00")
    assert BERLIN.first_pass(at("2026-10-25T03:30+01:00")) == at("2026-10-25T03:30+01:00")


def test_a_day_that_is_skipped_is_the_next_one() -> None:
    apia = zone("Pacific/Apia")
    assert apia.instant(wall("2011-12-30T12:00")) == at("2011-12-31T00:00+14:00")


def test_a_change_is_found_to_the_second() -> None:
    change = at("2026-03-29T03:00+02:00")
    assert BERLIN.change(at("2026-01-01T00:00Z"), at("2026-06-01T00:00Z")) == change
    assert BERLIN.change(change - 1, change) == change
    assert BERLIN.change(change, at("2026-10-01T00:00Z")) is None
    assert BERLIN.change(change - 100, change - 1) is None
