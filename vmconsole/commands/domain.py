"""The commands by libvirt's own names."""

from __future__ import annotations

from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS

_SNAPSHOTS = "vmconsole.commands.domain_snapshots"
_DOMAIN = Argument("domain", "vm")
_NAME = Argument("name", "text")

COMMANDS: tuple[Command, ...] = (
    Command(
        "domain snapshot-create",
        "take a snapshot of a domain, called after the time",
        (_DOMAIN,),
        (
            Option("--name", "name of the snapshot", metavar="NAME"),
            Option("--description", "what is to be known of it", metavar="TEXT"),
        ),
        preparer=f"{_SNAPSHOTS}:change",
    ),
    Command("domain snapshot-list", "list a domain's snapshots", (_DOMAIN,), LIST_OPTIONS, reader=f"{_SNAPSHOTS}:read"),
    Command("domain snapshot-tree", "draw a domain's snapshots", (_DOMAIN,), (), reader=f"{_SNAPSHOTS}:draw"),
    Command(
        "domain snapshot-dumpxml", "what libvirt keeps of a snapshot", (_DOMAIN, _NAME), (), reader=f"{_SNAPSHOTS}:dump"
    ),
    Command(
        "domain snapshot-revert",
        "make a domain what it was; what has changed since is lost",
        (_DOMAIN, _NAME),
        (
            Option("--running", "have it running afterwards"),
            Option("--paused", "have it paused afterwards"),
        ),
        preparer=f"{_SNAPSHOTS}:change",
        level=2,
        aliases=("domain snapshot-restore",),
    ),
    Command(
        "domain snapshot-delete",
        "delete a snapshot; its children get its parent",
        (_DOMAIN, _NAME),
        (
            Option("--children", "with all that lie on it"),
            Option("--metadata", "forget it, and leave its data in the disks"),
        ),
        preparer=f"{_SNAPSHOTS}:change",
        level=2,
    ),
    Command(
        "domain snapshot-redefine",
        "make a snapshot known whose data the disks hold",
        (_DOMAIN, Argument("file", "file")),
        (Option("--current", "the next snapshot lies on it"),),
        preparer=f"{_SNAPSHOTS}:change",
    ),
)
