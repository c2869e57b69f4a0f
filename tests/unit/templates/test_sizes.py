"""Sizes as people write them and as lists show them."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.templates.errors import SizeError
from vmconsole.templates.sizes import MAX_MIB, disk_mib, human, memory_mib


@pytest.mark.parametrize(
    ("text", "mib"), [("512", 512), ("512m", 512), ("2g", 2048), ("2G", 2048), ("0.5g", 512), ("0.1g", 102), ("1.9", 1)]
)
def test_memory_is_in_mib_and_rounded_down(text: str, mib: int) -> None:
    assert memory_mib(text) == mib


@pytest.mark.parametrize(("text", "mib"), [("2000", 2000), ("20g", 20480), ("1t", 1 << 20), ("0.1g", 103), ("0.2m", 1)])
def test_disk_sizes_are_in_mib_and_rounded_up(text: str, mib: int) -> None:
    assert disk_mib(text) == mib


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "g",
        "-1",
        "-1g",
        "+1",
        "1x",
        "1gb",
        "1 000",
        "1e3",
        "0x10",
        "nan",
        "inf",
        ".5g",
        "5.g",
        "1.2.3",
        "٣",
        "\uff11g",
        "1_000",
        "0",
        "0m",
        "1" * 33,
        str(MAX_MIB + 1),
        "99999999999t",
    ],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(SizeError):
        memory_mib(text)
    with pytest.raises(SizeError):
        disk_mib(text)


@given(st.decimals(min_value="0.001", max_value="999999", places=3), st.sampled_from(["m", "g", "t"]))
def test_rounding_goes_to_the_nearest_mib_on_its_side(number: object, unit: str) -> None:
    exact = Fraction(str(number)) * {"m": 1, "g": 1024, "t": 1024**2}[unit]
    assert exact <= disk_mib(f"{number}{unit}") < exact + 1
    if exact >= 1:
        assert exact - 1 < memory_mib(f"{number}{unit}") <= exact


@given(st.text(max_size=12))
def test_any_text_is_a_size_within_bounds_or_refused(text: str) -> None:
    try:
        assert 1 <= disk_mib(text) <= MAX_MIB
    except SizeError:
        pass


@pytest.mark.parametrize(
    ("kib", "shown"),
    [
        (0, "0K"),
        (1024, "1024K"),
        (1025, "1M"),
        (2048, "2M"),
        (1536 * 1024, "1.5G"),
        (1024 * 1024, "1024M"),
        (3 * 1024**3, "3T"),
        (5000 * 1024**3, "5000T"),
    ],
)
def test_a_size_is_shown_in_the_largest_unit_it_exceeds(kib: int, shown: str) -> None:
    assert human(kib) == shown


def test_a_size_may_be_given_in_other_units() -> None:
    assert human(1536, "M") == "1.5G"
