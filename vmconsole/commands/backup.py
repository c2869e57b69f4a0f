"""The commands on backups."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput, Conflict, NotFound, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.targets import Target
    from vmconsole.lifecycle.permissions import Right

_HERE = "vmconsole.commands.backup"
_READING = "vmconsole.commands.backup_reading"
_BACKUP = Argument("backup", "backup")

COMMANDS: tuple[Command, ...] = (
    Command(
        "backup list",
        "list backups, the latest first",
        (Argument("vm", "vm", optional=True),),
        LIST_OPTIONS,
        reader=f"{_READING}:list_backups",
    ),
    Command("backup show", "show one backup and what it lies on", (_BACKUP,), (), reader=f"{_READING}:show"),
    Command(
        "backup restore",
        "make images or a new VM of a backup",
        (_BACKUP,),
        (
            Option("--to-image", "image to make; of several disks NAME-disk-0 and so on", metavar="NAME", name="image"),
            Option("--name", "VM to make, with its template and images", metavar="NAME"),
            Option("--disk", "only this disk, by its id", metavar="ID", kind="count"),
            Option("--persistent", "the images are persistent; those of a VM always are"),
            Option("--hold", "keep the VM from being placed"),
        ),
        preparer=f"{_HERE}:restore",
    ),
    Command(
        "backup delete",
        "delete backups on which no other one lies",
        (Argument("backups", "backup", many=True),),
        (),
        preparer=f"{_HERE}:delete",
        level=3,
    ),
)


def back_up(context: Context, command: Command, values: Values) -> list[Request]:
    """`backup VM`: full or incremental, now or, with the options that say when, again and again."""
    from vmconsole.commands.acting import requests
    from vmconsole.lifecycle import actions
    from vmconsole.lifecycle.permissions import Right

    if values["full"] and values["incremental"]:
        raise Usage("backup: --full and --incremental exclude each other", code="USAGE_OPTION")
    datastore = targets.owned(context, "datastore", values["datastore"] or _only_datastore(context))
    targets.require_right(context, Right.USE, datastore)
    arguments: dict[str, Any] = {"datastore_id": datastore.id, "datastore": datastore.name}
    if values["full"] or values["incremental"]:
        arguments["mode"] = "full" if values["full"] else "incremental"
    if values["name"]:
        arguments["name"] = _checked(values["name"])
    if values["keep_last"]:
        arguments["keep_last"] = values["keep_last"]
    return requests(context, actions.of_command("backup"), values, arguments)


def _only_datastore(context: Context) -> str:
    """The datastore that backups go to when none is named: the only one there is for them."""
    found = context.session.query("SELECT id FROM datastore WHERE type = 'backup'")
    if len(found) == 1:
        return str(found[0][0])
    reason = "there is none for backups" if not found else f"there are {len(found)} for backups"
    hint = "vmconsole datastore create NAME --type backup" if not found else "vmconsole datastore list"
    raise Usage(f"backup needs --datastore: {reason}", code="USAGE_OPTION", hint=hint)


def restore(context: Context, command: Command, values: Values) -> list[Request]:
    """Images, or a VM, of a backup that the user may use."""
    from vmconsole.lifecycle.permissions import Right

    if bool(values["image"]) == bool(values["name"]):
        raise Usage("backup restore needs either --to-image NAME or --name NAME", code="USAGE_OPTION")
    if values["name"] and values["disk"] is not None:
        raise Usage("backup restore: a VM has all its disks; --disk goes with --to-image", code="USAGE_OPTION")
    targets.require_creation(context, "image")
    if values["name"]:
        targets.require_creation(context, "vm")
        targets.require_creation(context, "template")
    number, name, _ = find(context, values["backup"], Right.USE)
    arguments = {
        "backup_id": number, "image": values["image"] and _checked(values["image"]),
        "name": values["name"] and _checked(values["name"]), "disk_id": values["disk"],
        "persistent": values["persistent"], "hold": values["hold"],
    }  # fmt: skip
    return [Request("backup.restore", arguments, label=f"backup {number} ({name})")]


def delete(context: Context, command: Command, values: Values) -> list[Request]:
    """Each alone: those on which another one lies are refused, unless that one is named, too."""
    from vmconsole.lifecycle.permissions import Right

    found = {each[0]: each for each in (find(context, word, Right.ADMIN) for word in values["backups"])}
    if not found:
        raise Usage("backup delete: a backup is missing", code="USAGE_ARGUMENT")
    # An increment has a higher number than what it lies on.
    ids = sorted(found, reverse=True)
    for number in ids:
        for (above,) in context.session.query("SELECT id FROM backup WHERE parent_id = ? ORDER BY id", (number,)):
            if above not in found:
                raise Conflict(
                    f"backup {number} is needed: backup {above} is an increment on it",
                    code="BACKUP_NEEDED", hint=f"vmconsole backup delete {above} {number}",
                )  # fmt: skip
    label = ", ".join(f"backup {number} ({found[number][1]})" for number in ids)
    return [Request("backup.delete", {"backup_ids": ids}, label=label)]


def find(context: Context, word: str, right: Right) -> tuple[int, str, Target]:
    """Id and name of a backup, given by either, and its VM, on which the user has the right.

    Raises:
        NotFound, Denied. Conflict: several backups have the name.
    """
    rows = context.session.query("SELECT id, name, vm_id FROM backup WHERE name = ? ORDER BY id", (word,))
    if word.isascii() and word.isdigit() and len(word) < 10:
        rows = context.session.query("SELECT id, name, vm_id FROM backup WHERE id = ?", (int(word),)) or rows
    if not rows:
        raise NotFound(f"backup {word!r} does not exist", code="NO_BACKUP", hint="vmconsole backup list")
    if len(rows) > 1:
        ids = ", ".join(str(row[0]) for row in rows[:8])
        raise Conflict(f"{len(rows)} backups are named {word!r}", code="NAME_AMBIGUOUS", hint=f"use the id: {ids}")
    number, name, vm_id = rows[0]
    target = targets.vm(context, str(vm_id))
    targets.require_right(context, right, target)
    return number, name, target


def _checked(name: str) -> str:
    from vmconsole.templates.errors import NameRefused
    from vmconsole.templates.names import check_vm_name

    try:
        return check_vm_name(name)
    except NameRefused as error:
        raise BadInput(str(error), code="INPUT_NAME") from error
