"""The commands on datastores."""

from __future__ import annotations

from vmconsole.commands import ownership, targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.request import Request
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
    Command(
        "datastore create",
        "register a folder of the hosts for volumes",
        (Argument("name", "text"),),
        (
            Option("--type", "what it keeps (system)", short="-t", metavar="TYPE", choices=("system", "backup")),
            Option("--directory", "the folder, by its full path or under the hosts' own", metavar="PATH"),
            Option("--shared", "all hosts see the same folder; needs the full path"),
        ),
        preparer=f"{_HERE}:create",
    ),
    Command(
        "datastore delete",
        "forget a datastore that nothing is in",
        (Argument("datastore", "datastore"),),
        (),
        preparer=f"{_HERE}:delete",
        level=1,
    ),
    Command(
        "datastore snapshots",
        "how its disks keep snapshots: as a tree of layers, flat as whole copies, or not at all",
        (Argument("datastore", "datastore"), Argument("keeping", "text")),
        (),
        preparer=f"{_HERE}:keep_snapshots",
    ),
    *ownership.commands("datastore", lockable=False),
)

_IMAGES = (
    Column("ID", 4, "", right=True), Column("NAME", 20, ""), Column("SIZE", 7, "", right=True), Column("STAT", 4, ""),
)  # fmt: skip
_ROOM = (Column("HOST", 15, ""), Column("TOTAL", 7, "", right=True), Column("FREE", 7, "", right=True))


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One datastore: where it lies on hosts, and the images in it that the user may use."""
    from vmconsole.lifecycle.permissions import Right, mask_text
    from vmconsole.templates.sizes import human

    number = targets.visible(context, "datastore", values["datastore"])
    query = context.session.query
    name, kind, pool, directory, shared, snapshots, mode, user, group = query(
        "SELECT datastore.name, type, pool, directory, shared, snapshots, mode, user_account.name, user_group.name"
        " FROM datastore JOIN user_account ON user_account.id = user_id"
        " JOIN user_group ON user_group.id = datastore.group_id"
        " WHERE datastore.id = ?",
        (number,),
    )[0]
    images = [
        row[:4]
        for row in query(
            "SELECT id, name, size_bytes, state, user_id, group_id, mode FROM image WHERE datastore_id = ? ORDER BY id",
            (number,),
        )
        if targets.has_right(context, Right.USE, "image", row[0], *row[4:])
    ]
    room = query(
        "SELECT host.name, total_bytes, free_bytes FROM datastore_space JOIN host ON host.id = host_id"
        " WHERE datastore_id = ? ORDER BY host.id",
        (number,),
    )
    document = {
        "id": number, "name": name, "user": user, "group": group, "mode": mode, "type": kind, "pool": pool,
        "directory": directory, "shared": bool(shared), "snapshots": snapshots,
        "room": [dict(zip(("host", "total_bytes", "free_bytes"), row, strict=True)) for row in room],
        "images": [dict(zip(("id", "name", "size_bytes", "state"), image, strict=True)) for image in images],
    }  # fmt: skip
    facts = [
        ("ID", number), ("NAME", name), ("USER", user), ("GROUP", group), ("PERMISSIONS", mask_text(mode)),
        ("TYPE", kind), ("POOL", pool), ("DIRECTORY", directory), ("SHARED", "Yes" if shared else "No"),
        ("SNAPSHOTS", snapshots),
    ]  # fmt: skip
    lines = [(image, title, human(size / 1024), state) for image, title, size, state in images]
    left = [(host, human(total / 1024), human(free / 1024)) for host, total, free in room]
    blocks = [
        Block(f"DATASTORE {number} INFORMATION", facts),
        Block("ROOM", heading=_ROOM, lines=left),
        Block("IMAGES", heading=_IMAGES, lines=lines),
    ]
    return Sheet("DATASTORE", [block for block in blocks if block.fields or block.lines], lambda: document)


def keep_snapshots(context: Context, command: Command, values: Values) -> list[Request]:
    """tree, flat or none (ON-119, ON-123); for administrators."""
    from vmconsole.errors import BadInput
    from vmconsole.lifecycle.trees import KEEPINGS

    targets.require_administrator(context, command.words)
    number, name = targets.one(context, "datastore", values["datastore"])
    keeping = values["keeping"]
    if keeping not in KEEPINGS:
        raise BadInput(f"snapshots are kept as one of {', '.join(KEEPINGS)}, not {keeping!r}", code="INPUT_SNAPSHOTS")
    arguments = {"datastore_id": number, "keeping": keeping}
    return [Request("datastore.snapshots", arguments, label=f"datastore {number} ({name})")]


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """Register a folder of the hosts; it is for administrators, because it names what the hosts have."""
    from vmconsole.errors import BadInput

    targets.require_creation(context, "datastore")
    name, shared = ownership.checked_name(values["name"]), bool(values["shared"])
    directory = values["directory"] or name
    parts = directory.removeprefix("/").split("/")
    if not all(part and part.isprintable() and part[0] not in ".-" for part in parts):
        raise BadInput(f"{directory!r} is no folder for a datastore", code="INPUT_DIRECTORY")
    if shared and not directory.startswith("/"):
        raise BadInput(
            "a shared datastore needs --directory with the full path", code="INPUT_DIRECTORY",
            hint=f"vmconsole datastore create {name} --shared --directory /srv/{name}",
        )  # fmt: skip
    arguments = {"name": name, "type": values["type"] or "system", "directory": directory, "shared": shared}
    return [Request("datastore.create", arguments, label=f"datastore {name}")]


def delete(context: Context, command: Command, values: Values) -> list[Request]:
    """Forget a datastore; what is in its folders stays on the hosts."""
    from vmconsole.lifecycle.permissions import Right

    target = targets.owned(context, "datastore", values["datastore"])
    targets.require_right(context, Right.MANAGE, target)
    return [Request("datastore.delete", {"datastore_id": target.id}, label=target.label)]
