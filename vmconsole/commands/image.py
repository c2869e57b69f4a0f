"""The commands on images."""

from __future__ import annotations

from vmconsole.commands import ownership, targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.request import Request
from vmconsole.commands.results import Block, Column, Sheet
from vmconsole.store.conditions import ALIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.results import Listing, Text

_HERE = "vmconsole.commands.image"
_CHANGES = "vmconsole.commands.image_changes"
_IMAGE = Argument("image", "image")

COMMANDS: tuple[Command, ...] = (
    Command("image list", "list images", (), LIST_OPTIONS, reader=f"{_HERE}:list_images"),
    Command("image show", "show one image and where it lies", (_IMAGE,), (), reader=f"{_HERE}:show"),
    Command(
        "image create",
        "register an image from a file, or an empty one",
        (),
        (
            Option("--name", "name of the image", metavar="NAME"),
            Option("--path", "file with its content, raw or qcow2", metavar="FILE"),
            Option("--size", "size of an empty one in MiB", metavar="MIB"),
            Option("--type", "what it is for", metavar="TYPE", choices=("os", "cdrom", "datablock")),
            Option("--persistent", "changes a VM makes are kept; one VM at a time"),
        ),
        preparer=f"{_HERE}:create",
    ),
    Command(
        "image clone", "make a copy of an image", (_IMAGE, Argument("name", "text")), (), preparer=f"{_CHANGES}:clone"
    ),
    *ownership.commands("image"),
    Command("image persistent", "have VMs change the image itself", (_IMAGE,), (), preparer=f"{_CHANGES}:switch"),
    Command("image nonpersistent", "have VMs work on copies of it", (_IMAGE,), (), preparer=f"{_CHANGES}:switch"),
    Command("image enable", "let it be used again", (_IMAGE,), (), preparer=f"{_CHANGES}:switch"),
    Command("image disable", "let nobody use it", (_IMAGE,), (), preparer=f"{_CHANGES}:switch"),
    Command("image delete", "remove an image", (_IMAGE,), (), preparer=f"{_HERE}:delete", level=3),
)

COLUMNS = (
    Column("ID", 4, "number of the image", right=True),
    Column("USER", 8, "owner"),
    Column("GROUP", 8, "owning group"),
    Column("NAME", 15, "name", expands=True),
    Column("DATASTORE", 10, "where it is kept"),
    Column("SIZE", 7, "size", right=True),
    Column("TYPE", 4, "OS, CD, DB …", right=True),
    Column("PER", 3, "whether it is persistent", right=True),
    Column("STAT", 4, "state", right=True),
    Column("RVMS", 4, "VMs that use it", right=True),
)
_TYPES = {
    "OS": "OS",
    "CDROM": "CD",
    "DATABLOCK": "DB",
    "KERNEL": "KL",
    "RAMDISK": "RD",
    "CONTEXT": "CX",
    "BACKUP": "BK",
}
_SELECT = (
    "SELECT image.id, user_account.name, user_group.name, image.name, datastore.name, image.size_bytes, image.type,"
    " image.persistent, image.state, (SELECT COUNT(DISTINCT disk.vm_id) FROM disk JOIN vm ON vm.id = disk.vm_id"
    f" WHERE disk.image_id = image.id AND {ALIVE}), image.format, image.registered, image.message,"
    " image.user_id, image.group_id, image.mode, image.lock_level FROM image"
    " JOIN user_account ON user_account.id = image.user_id JOIN user_group ON user_group.id = image.group_id"
    " JOIN datastore ON datastore.id = image.datastore_id"
)
_NAMES = (
    "id", "user", "group", "name", "datastore", "size_bytes", "type", "persistent", "state", "running_vms", "format",
    "registered", "message",
)  # fmt: skip


def list_images(context: Context, command: Command, values: Values) -> Listing | Text:
    """Images the user may use, newest first."""
    from vmconsole.commands.simple_lists import listing
    from vmconsole.lifecycle.permissions import Right
    from vmconsole.templates.sizes import human

    found = [
        row
        for row in context.session.query(f"{_SELECT} ORDER BY image.id DESC")
        if targets.has_right(context, Right.USE, "image", row[0], *row[13:16])
    ]
    rows = [
        (*row[:5], human(row[5] / 1024), _TYPES[row[6]], "Yes" if row[7] else "No", row[8], row[9]) for row in found
    ]
    return listing("IMAGE", COLUMNS, rows, [_document(row) for row in found], values)


def _document(row: tuple[Any, ...]) -> dict[str, Any]:
    document = dict(zip(_NAMES, row[:13], strict=True))
    document["persistent"] = bool(document["persistent"])
    document["mode"], document["lock"] = row[15:17]
    return document


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One image, with the hosts that have its content."""
    from vmconsole.commands.vm_show import moment
    from vmconsole.lifecycle.permissions import mask_text

    number = targets.visible(context, "image", values["image"])
    document = _document(context.session.query(f"{_SELECT} WHERE image.id = ?", (number,))[0])
    copies = context.session.query(
        "SELECT host.name, path FROM image_copy JOIN host ON host.id = image_copy.host_id WHERE image_id = ?", (number,)
    )
    document["copies"] = [{"host": host, "path": path} for host, path in copies]
    document["snapshots"] = _snapshots(context, number)
    facts = [
        (name.upper().replace("_", " "), moment(value) if name == "registered" else value)
        for name, value in document.items()
        if name not in ("copies", "snapshots", "mode", "lock")
    ]
    facts += [("PERMISSIONS", mask_text(document["mode"])), ("LOCK", ownership.LOCKS[document["lock"]])]
    lies = (Column("HOST", 15, ""), Column("PATH", 60, ""))
    blocks = [
        Block(f"IMAGE {number} INFORMATION", facts),
        Block("COPIES", heading=lies, lines=copies),
        Block("IMAGE SNAPSHOTS", heading=_TREE, lines=[_node(row) for row in document["snapshots"]]),
    ]
    return Sheet("IMAGE", [block for block in blocks if block.fields or block.lines], lambda: document)


_TREE = (
    Column("AC", 2, ""), Column("ID", 3, "", right=True), Column("PARENT", 6, "", right=True), Column("DATE", 11, ""),
    Column("SIZE", 8, "", right=True), Column("NAME", 30, ""),
)  # fmt: skip


def _snapshots(context: Context, number: int) -> list[dict[str, Any]]:
    """The tree of a persistent image, which is with the disk that uses it while one does (ON-122)."""
    node = "snapshot_id, parent_id, {0}.name, active, created, {0}.size_bytes"
    rows = context.session.query(
        f"SELECT {node.format('image_snapshot')} FROM image_snapshot WHERE image_id = ? UNION ALL"
        f" SELECT {node.format('disk_snapshot')} FROM disk_snapshot"
        " JOIN disk ON disk.vm_id = disk_snapshot.vm_id AND disk.disk_id = disk_snapshot.disk_id"
        f" JOIN vm ON vm.id = disk.vm_id WHERE disk.image_id = ? AND disk.persistent = 1 AND {ALIVE} ORDER BY 1",
        (number, number),
    )
    names = ("id", "parent", "name", "active", "date", "size_bytes")
    return [{**dict(zip(names, row, strict=True)), "active": bool(row[3])} for row in rows]


def _node(row: dict[str, Any]) -> tuple[Any, ...]:
    from vmconsole.commands.vm_show import moment

    mark, date = "=>" if row["active"] else "", moment(row["date"], "%m/%d %H:%M")
    return mark, row["id"], row["parent"], date, f"{row['size_bytes'] >> 20}M", row["name"]


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """Register an image; a file must be readable here and now."""
    import os

    from vmconsole.errors import BadInput, NoInput, Usage
    from vmconsole.templates.errors import BadInput as BadTemplate
    from vmconsole.templates.names import check_vm_name
    from vmconsole.templates.sizes import disk_mib

    targets.require_creation(context, "image")
    name, path, size = values["name"], values["path"], values["size"]
    if not name:
        raise Usage("image create needs --name", code="USAGE_OPTION")
    if (path is None) == (size is None):
        raise Usage("image create needs either --path FILE or --size MIB", code="USAGE_OPTION")
    try:
        check_vm_name(name)
        size_mib = disk_mib(size) if size is not None else None
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_IMAGE") from error
    if size_mib == 0:
        raise BadInput("an image of 0 MiB holds nothing", code="INPUT_IMAGE")
    if path is not None:
        path = os.path.abspath(path)
        if not os.path.isfile(path):
            raise NoInput(f"image file {path}: there is no such file", code="INPUT_FILE")
        if not os.access(path, os.R_OK):
            raise NoInput(f"image file {path}: it cannot be read", code="INPUT_FILE")
    arguments = {
        "name": name,
        "path": path,
        "size_mib": size_mib,
        "type": (values["type"] or ("os" if path else "datablock")).upper(),
        "persistent": values["persistent"],
    }
    return [Request("image.create", arguments, label=f"image {name}")]


def delete(context: Context, command: Command, values: Values) -> list[Request]:
    """Remove an image and its content everywhere."""
    from vmconsole.lifecycle.permissions import Right

    target = targets.owned(context, "image", values["image"])
    targets.require_right(context, Right.MANAGE, target)
    return [Request("image.delete", {"image_id": target.id}, label=target.label)]
