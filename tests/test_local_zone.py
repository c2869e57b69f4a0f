"""The zone in which people mean their times."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmconsole.local_zone import local_zone


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (":Europe/Berlin", "Europe/Berlin"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("", "America/New_York"),
    ],
)
def test_the_variable_rules_over_the_machine(tmp_path: Path, variable: str, name: str) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/America/New_York")
    assert local_zone({"TZ": variable} if variable else {}, str(link)) == name


def test_a_machine_that_does_not_say_keeps_utc(tmp_path: Path) -> None:
    assert local_zone({}, str(tmp_path / "missing")) == "UTC"
