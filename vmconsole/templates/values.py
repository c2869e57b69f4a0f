"""What one attribute of a VM template may hold: each function returns the value a text stands for, or raises
ValueError saying what was expected."""

from __future__ import annotations

import ipaddress
import math
import re
import uuid as uuids
from collections.abc import Callable

LONGEST_LINE = 4096

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]{0,63}")
_DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,9})?")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FLAGS = {"yes": True, "no": False, "true": True, "false": False}


def whole(low: int, high: int = (1 << 63) - 1) -> Callable[[str], int]:
    """A whole number of ASCII digits from `low` to `high`."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and len(text) <= 19 and low <= int(text) <= high:
            return int(text)
        raise ValueError(f"expected a whole number from {low} to {high}, found {shown(text)}")

    return read


def share(text: str) -> float:
    """A number greater than 0 in plain decimal notation, such as the 0.5 of half a CPU."""
    number = float(text) if _DECIMAL.fullmatch(text) else math.nan
    if number > 0:
        return number
    raise ValueError(f"expected a number greater than 0, found {shown(text)}")


def one_of(*choices: str) -> Callable[[str], str]:
    """One of the words given, in any case; returned as given here."""
    known = {choice.lower(): choice for choice in choices}

    def read(text: str) -> str:
        if text.lower() in known:
            return known[text.lower()]
        raise ValueError(f"expected one of {', '.join(choices)}, found {shown(text)}")

    return read


def flag(text: str) -> bool:
    """YES or NO."""
    if text.lower() in _FLAGS:
        return _FLAGS[text.lower()]
    raise ValueError(f"expected YES or NO, found {shown(text)}")


def line(text: str) -> str:
    """A text on one line."""
    if text and len(text) <= LONGEST_LINE and "\n" not in text and "\t" not in text:
        return text
    raise ValueError(f"expected a text on one line, 1 to {LONGEST_LINE} characters long")


def word(text: str) -> str:
    """A name as hypervisors and kernels use them: letters, digits and `_ . : + -`, at most 64."""
    if _WORD.fullmatch(text):
        return text
    raise ValueError(f"expected a name of letters, digits and _ . : + -, found {shown(text)}")


def path(text: str) -> str:
    """An absolute path without `..`, on one line."""
    line(text)
    if text.startswith("/") and ".." not in text.split("/"):
        return text
    raise ValueError(f"expected an absolute path without '..', found {shown(text)}")


def mac(text: str) -> str:
    """The address of one network card, in lower case."""
    lower = text.lower()
    if not _MAC.fullmatch(lower):
        raise ValueError(f"expected a MAC address such as 02:00:0c:00:4c:dd, found {shown(text)}")
    if int(lower[:2], 16) & 1:
        raise ValueError(f"expected the MAC address of one card, {lower} is a multicast address")
    return lower


def ip(text: str) -> str:
    """An IPv4 or IPv6 address without a zone, in its canonical form."""
    try:
        if "%" not in text:
            return str(ipaddress.ip_address(text))
    except ValueError:
        pass
    raise ValueError(f"expected an IP address, found {shown(text)}")


def uuid(text: str) -> str:
    """A UUID in its usual form, in lower case."""
    if _UUID.fullmatch(text.lower()):
        return str(uuids.UUID(text))
    raise ValueError(f"expected a UUID, found {shown(text)}")


def shown(text: str) -> str:
    """A text for an error message: escaped, in quotes, cut after 40 characters."""
    return repr(text if len(text) <= 40 else text[:39] + "~")
