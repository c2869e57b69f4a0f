"""The commands on datastores."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.results import Block, Column, Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values

_HERE = "vmconsole.commands.datastore"

COMMANDS: tuple[Command, ...] = (
    Command("datastore list", "list datastores", (), LIST_OPTIONS, reader="vmconsole.commands.store_lists:read"),
    Command(
        "datastore show",
        "show one datastore and the images in it",
        (Argument("datastore", "datastore"),),
        (),
        reader=f"{_HERE}:show",
    ),
)

_IMAGES = (
    Column("ID", 4, "", right=True), Column("NAME", 20, ""), Column("SIZE", 7, "", right=True), Column("STAT", 4, ""),
)  # fmt: skip


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One datastore: where it lies on hosts, and the images in it that the user may use."""
    from vmconsole.lifecycle.permissions import Right, mask_text
    from vmconsole.templates.sizes import human

    number = targets.usable(context, "datastore", values["datastore"])
    query = context.session.query
    name, kind, pool, directory, shared, mode, user, group = query(
        "SELECT datastore.name, type, pool, directory, shared, mode, user_account.name, user_group.name FROM datastore"
        " JOIN user_account ON user_account.id = user_id JOIN user_group ON user_group.id = datastore.group_id"
        " WHERE datastore.id = ?",
        (number,),
    )[0]
    images = [
        row[:4]
        for row in query(
            "SELECT id, name, size_bytes, state, user_id, group_id, mode FROM image WHERE datastore_id = ? ORDER BY id",
            (number,),
        )
        if targets.has_right(context, Right.USE, *row[4:])
    ]
    document = {
        "id": number, "name": name, "user": user, "group": group, "mode": mode, "type": kind, "pool": pool,
        "directory": directory, "shared": bool(shared),
        "images": [dict(zip(("id", "name", "size_bytes", "state"), image, strict=True)) for image in images],
    }  # fmt: skip
    facts = [
        ("ID", number), ("NAME", name), ("USER", user), ("GROUP", group), ("PERMISSIONS", mask_text(mode)),
        ("TYPE", kind), ("POOL", pool), ("DIRECTORY", directory), ("SHARED", "Yes" if shared else "No"),
    ]  # fmt: skip
    lines = [(image, title, human(size / 1024), state) for image, title, size, state in images]
    blocks = [Block(f"DATASTORE {number} INFORMATION", facts), Block("IMAGES", heading=_IMAGES, lines=lines)]
    return Sheet("DATASTORE", [block for block in blocks if block.fields or block.lines], lambda: document)
