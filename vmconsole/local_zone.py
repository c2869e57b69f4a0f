"""The name of the time zone that this machine, or the person at it, keeps."""

from __future__ import annotations

import os

ZONES = "/zoneinfo/"
"""What stands before the name in the path of a zone's file."""


def local_zone(environ: os._Environ[str] | dict[str, str] = os.environ, link: str = "/etc/localtime") -> str:
    """The zone of the variable TZ, else the one that /etc/localtime leads to, else UTC: ``Europe/Berlin``.

    The name is not looked up here: whoever uses it learns whether the time-zone database has it.
    """
    named = environ.get("TZ", "").removeprefix(":")
    for text in (named, os.path.realpath(link)):
        _, found, name = text.rpartition(ZONES)
        if found:
            return name
        if text and not text.startswith("/"):
            return text
    return "UTC"
