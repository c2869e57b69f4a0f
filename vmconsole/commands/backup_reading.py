"""What there is to say of backups: their list, and one of them with the chain it belongs to."""

from __future__ import annotations

from vmconsole.commands import backup, targets
from vmconsole.commands.results import Block, Column, Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.results import Listing, Text

    Document = dict[str, Any]

COLUMNS = (
    Column("ID", 4, "number of the backup", right=True),
    Column("VM", 4, "VM it is of", right=True),
    Column("NAME", 20, "name", expands=True),
    Column("DATASTORE", 12, "where it is kept"),
    Column("TIME", 17, "what moment it holds"),
    Column("TYPE", 5, "full, or incr on another one"),
    Column("ON", 4, "the backup it lies on", right=True),
    Column("SIZE", 7, "what it takes itself", right=True),
    Column("STAT", 4, "state", right=True),
)
_NAMES = (
    "id", "name", "vm", "vm_name", "datastore_id", "datastore", "host", "parent", "state", "time", "size_bytes",
    "running", "frozen", "closed", "operation", "schedule",
)  # fmt: skip
_SELECT = (
    "SELECT backup.id, backup.name, backup.vm_id, vm.name, backup.datastore_id, datastore.name, host.name,"
    " backup.parent_id, backup.state, backup.created, backup.size_bytes, backup.running, backup.frozen, backup.closed,"
    " backup.operation_id, (SELECT number FROM schedule WHERE schedule.id = backup.schedule_id),"
    " vm.user_id, vm.group_id, vm.mode FROM backup JOIN vm ON vm.id = backup.vm_id"
    " JOIN datastore ON datastore.id = backup.datastore_id LEFT JOIN host ON host.id = backup.host_id"
)
_DISK = ("disk_id", "target", "volume", "incremental", "capacity_bytes", "size_bytes")
_DISKS = (
    Column("ID", 3, "", right=True), Column("TARGET", 6, ""), Column("SIZE", 7, "", right=True),
    Column("WRITTEN", 7, "", right=True), Column("TYPE", 5, ""), Column("VOLUME", 30, ""),
)  # fmt: skip
_TIME = "%Y-%m-%d %H:%M"


def list_backups(context: Context, command: Command, values: Values) -> Listing | Text:
    """The backups of the VMs the user may use, the latest first."""
    from vmconsole.commands.simple_lists import listing
    from vmconsole.commands.vm_show import moment
    from vmconsole.templates.sizes import human

    of_vm = [targets.vm(context, values["vm"]).id] if values["vm"] else []
    condition = " WHERE backup.vm_id = ?" if of_vm else ""
    documents = _documents(context, context.session.query(f"{_SELECT}{condition} ORDER BY backup.id DESC", of_vm))
    rows = [
        (
            each["id"], each["vm"], each["name"], each["datastore"], moment(each["time"], _TIME),
            "full" if each["parent"] is None else "incr", "-" if each["parent"] is None else each["parent"],
            human(each["size_bytes"] / 1024), each["state"],
        )
        for each in documents
    ]  # fmt: skip
    return listing("BACKUP", COLUMNS, rows, documents, values)


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One backup: what it holds of each disk, what it lies on, and what lies on it."""
    from vmconsole.commands.vm_show import moment
    from vmconsole.lifecycle.permissions import Right
    from vmconsole.templates.sizes import human

    number, _, _ = backup.find(context, values["backup"], Right.USE)
    query = context.session.query
    (document,) = _documents(context, query(f"{_SELECT} WHERE backup.id = ?", (number,)))
    above = [row[0] for row in query("SELECT id FROM backup WHERE parent_id = ? ORDER BY id", (number,))]
    document["children"] = above
    facts = [
        ("ID", number), ("NAME", document["name"]), ("VM", f"{document['vm']} ({document['vm_name']})"),
        ("DATASTORE", document["datastore"]), ("HOST", document["host"] or "-"), ("STATE", document["state"]),
        ("TIME", moment(document["time"])), ("SIZE", human(document["size_bytes"] / 1024)),
        ("LIES ON", "-" if document["parent"] is None else document["parent"]),
        ("NEEDED BY", ", ".join(map(str, above)) or "-"),
        ("VM RAN", "Yes" if document["running"] else "No"), ("FROZEN", "Yes" if document["frozen"] else "No"),
        ("NEXT", f"full: {document['closed']}" if document["closed"] else "can be incremental"),
    ]  # fmt: skip
    lines = [
        (
            disk["disk_id"], disk["target"], human(disk["capacity_bytes"] / 1024), human(disk["size_bytes"] / 1024),
            "incr" if disk["incremental"] else "full", disk["volume"],
        )
        for disk in document["disks"]
    ]  # fmt: skip
    blocks = [Block(f"BACKUP {number} INFORMATION", facts), Block("DISKS", heading=_DISKS, lines=lines)]
    return Sheet("BACKUP", [block for block in blocks if block.fields or block.lines], lambda: document)


def _documents(context: Context, rows: Iterable[tuple[Any, ...]]) -> list[Document]:
    """Of each backup that the user may look at."""
    from vmconsole.lifecycle.permissions import Right

    allowed = [row for row in rows if targets.has_right(context, Right.USE, "vm", row[2], *row[-3:])]
    if not allowed:
        return []
    marks = ", ".join("?" for _ in allowed)
    disks: dict[int, list[Document]] = {}
    for number, *values in context.session.query(
        f"SELECT backup_id, {', '.join(_DISK)} FROM backup_disk WHERE backup_id IN ({marks}) ORDER BY disk_id",
        tuple(row[0] for row in allowed),
    ):
        disk = dict(zip(_DISK, values, strict=True))
        disks.setdefault(number, []).append({**disk, "incremental": bool(disk["incremental"])})
    found = []
    for row in allowed:
        document = dict(zip(_NAMES, row[: len(_NAMES)], strict=True))
        flags = {name: bool(document[name]) for name in ("running", "frozen")}
        found.append({**document, **flags, "disks": disks.get(row[0], [])})
    return found
