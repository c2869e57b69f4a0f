"""Which disks can have snapshots of their own."""

from __future__ import annotations


def why_no_tree(kind: str, format: str, *, readonly: bool, persistent: bool) -> str:
    """Why a disk can have no snapshots, as what it is; empty if it can.

    Args:
        kind: the disk's type: swap, fs, context, cdrom, foreign or file.
        format: of its volume.
    """
    if kind in ("swap", "fs", "context"):
        return "is volatile"
    if kind == "cdrom" or readonly:
        return "is read-only"
    if kind == "foreign":
        return "was not made by vmconsole"
    if persistent:
        return "is a persistent image, which would have to keep them itself; that is not supported"
    return "" if format == "qcow2" else f"is {format}, and only qcow2 disks have snapshots"
