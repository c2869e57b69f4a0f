"""Run one program of the machine and hand back what it printed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/run/root"}


class LabError(Exception):
    """The lab could not do what was asked; the text names the program and what it answered."""


def run(*words: str | os.PathLike[str], feed: str = "", timeout: float = 60) -> str:
    """Run a program to its end, `feed` on its standard input, and return its standard output.

    Raises LabError if it exits with anything but 0 or takes longer than `timeout` seconds (it is killed then).
    """
    line = [os.fspath(word) for word in words]
    try:
        done = subprocess.run(
            line, check=False, input=feed, env=dict(ENVIRONMENT), capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(line)}: no end after {timeout} s") from error
    if done.returncode:
        raise LabError(f"{' '.join(line)}: exit {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
