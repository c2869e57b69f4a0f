"""Sizes as people write them (`512`, `2g`, `0.5g`, `1t`; without a unit in MiB) and as lists show them."""

from __future__ import annotations

from vmconsole.templates.errors import SizeError

MAX_MIB = (1 << 43) - 1  # one MiB less than 2^63 bytes: libvirt and the store count bytes in signed 64 bits

_UNIT_MIB = {"m": 1, "g": 1 << 10, "t": 1 << 20}
_DIGITS = frozenset("0123456789")
_LONGEST = 32


def memory_mib(text: str) -> int:
    """A memory size in MiB, rounded down: `0.5g` is 512. SizeError when malformed, below 1 MiB or beyond 2^63 bytes."""
    numerator, denominator = _mib_fraction(text)
    return _bounded(text, numerator // denominator)


def disk_mib(text: str) -> int:
    """A disk size in MiB, rounded up so that what was asked for fits. Errors as `memory_mib`."""
    numerator, denominator = _mib_fraction(text)
    return _bounded(text, -(-numerator // denominator))


def human(value: float, unit: str = "K") -> str:
    """A size in `unit` (K, M, G or T, powers of 1024) in the largest unit that keeps it above 1: `1.5G`, but `1024K`.

    Divided by 1024 while greater than 1024, at most to T; one decimal, `.0` dropped (ON-050).
    """
    units = "KMGT"
    index = units.index(unit)
    while value > 1024 and index < len(units) - 1:
        value /= 1024
        index += 1
    return f"{value:.1f}".removesuffix(".0") + units[index]


def _mib_fraction(text: str) -> tuple[int, int]:
    """The size as an exact fraction of MiB: floats would turn 0.1t into one MiB more or less."""
    trimmed = text.strip()
    unit = trimmed[-1:].lower()
    number = trimmed[:-1] if unit in _UNIT_MIB else trimmed
    whole, point, decimals = number.partition(".")
    digits = whole + decimals
    if not whole or bool(point) != bool(decimals) or len(digits) > _LONGEST or not _DIGITS.issuperset(digits):
        raise SizeError(f"{text[:_LONGEST]!r} is not a size: expected a number with m, g, t or nothing (MiB) behind it")
    return int(digits) * _UNIT_MIB.get(unit, 1), 10 ** len(decimals)


def _bounded(text: str, mib: int) -> int:
    if 1 <= mib <= MAX_MIB:
        return mib
    raise SizeError(f"{text[:_LONGEST]!r} is out of bounds: a size is at least 1 MiB and below 2^63 bytes")
