"""Snapshots of disks: which can have some, how they are kept, and how a tree of them is drawn."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeVar

    Key = TypeVar("Key")


TREE, FLAT, NONE = "tree", "flat", "none"
"""How a datastore's disks keep snapshots (ON-119, ON-123). In a tree each is a frozen qcow2 layer, on which the next
lies; flat, each is a copy of the whole file, has no parent, and needs the guest to be off; or there are none at all, as
on block devices."""
KEEPINGS = (TREE, FLAT, NONE)


def why_no_tree(kind: str, format: str, *, readonly: bool, keeping: str = TREE) -> str:
    """Why a disk can have no snapshots, as what it is; empty if it can.

    Args:
        kind: the disk's type: swap, fs, context, cdrom, foreign or file.
        format: of its volume.
        keeping: of its datastore.
    """
    if kind in ("swap", "fs", "context"):
        return "is volatile"
    if kind == "cdrom" or readonly:
        return "is read-only"
    if kind == "foreign":
        return "was not made by vmconsole"
    if keeping == NONE:
        return "lies in a datastore that keeps no snapshots"
    return "" if format == "qcow2" or keeping == FLAT else f"is {format}, and only qcow2 disks have a tree of snapshots"


def drawn(parents: Mapping[Key, Key | None]) -> list[tuple[str, Key]]:
    """The nodes of a tree or of several, each under its parent, with the branch drawn before it.

    Args:
        parents: the parent of each node, in the order in which siblings are to stand; one that is no node is none.
    """
    children: dict[Key | None, list[Key]] = {}
    for node, parent in parents.items():
        children.setdefault(parent if parent in parents and parent != node else None, []).append(node)
    found: list[tuple[str, Key]] = []
    # Depth first with a stack of its own: how deep a tree is, is not ours to say.
    stack = [(node, "", not index) for index, node in enumerate(reversed(children.get(None, [])))]
    seen: set[Key] = set()
    while stack:
        node, indent, last = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        found.append((indent + ("└─" if last else "├─"), node))
        below = indent + ("  " if last else "│ ")
        stack += [(child, below, not index) for index, child in enumerate(reversed(children.get(node, [])))]
    return found


def lineage(parents: Mapping[Key, Key | None], node: Key | None) -> list[Key]:
    """The node, its parent, and so on to the root."""
    found: list[Key] = []
    while node is not None and node in parents and node not in found:
        found.append(node)
        node = parents[node]
    return found
