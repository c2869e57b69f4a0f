"""The commands on operations: what was asked, what became of it, and how to wait for it or call it off."""

from __future__ import annotations

from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.results import Block, Column, Sheet, Text
from vmconsole.store import operations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.request import Request
    from vmconsole.commands.results import Listing

_HERE = "vmconsole.commands.operation"
_OPERATION = Argument("operation", "operation")

COMMANDS: tuple[Command, ...] = (
    Command(
        "operation list",
        "list operations",
        (),
        (
            *LIST_OPTIONS,
            Option("--active", "only those that have not ended"),
            Option("--vm", "only those on one VM", metavar="VM"),
        ),
        reader=f"{_HERE}:list_operations",
    ),
    Command("operation show", "show one operation, step by step", (_OPERATION,), (), reader=f"{_HERE}:show"),
    Command("operation wait", "wait until an operation ends", (_OPERATION,), (), reader=f"{_HERE}:wait"),
    Command("operation cancel", "call an operation off", (_OPERATION,), (), reader=f"{_HERE}:cancel"),
    Command("operation retry", "ask once more for what failed", (_OPERATION,), (), preparer=f"{_HERE}:retry"),
)

COLUMNS = (
    Column("ID", 26, "id of the operation"),
    Column("VM", 5, "VM it is on", right=True),
    Column("COMMAND", 20, "what was asked"),
    Column("STATE", 9, "what became of it"),
    Column("STEP", 20, "step it is at, or ended at"),
    Column("PROGRESS", 8, "percent", right=True),
    Column("BY", 10, "who asked"),
    Column("FACE", 9, "from where"),
    Column("CREATED", 14, "when"),
    Column("SECONDS", 8, "how long it took", right=True),
    Column("MESSAGE", 40, "what went wrong"),
)
FIELDS = (
    "id", "vm", "command", "arguments", "state", "step", "progress", "bytes_done", "bytes_total", "remaining_seconds",
    "asked_by", "face", "error", "result", "note", "host", "attempt", "created", "started", "ended",
)  # fmt: skip


def list_operations(context: Context, command: Command, values: Values) -> Listing | Text:
    """Operations the user may see, newest first."""
    from vmconsole.commands import targets
    from vmconsole.commands.simple_lists import listing

    vm_id = targets.vm(context, values["vm"]).id if values["vm"] else None
    documents = operations.recent(context.session, vm_id=vm_id, active=values["active"])
    if not context.user.administrator:
        documents = [document for document in documents if _allowed(context, document, "USE")]
    rows = [_row(context, document) for document in documents]
    return listing("OPERATION", COLUMNS, rows, [public(context, document) for document in documents], values)


def _row(context: Context, document: dict[str, Any]) -> tuple[Any, ...]:
    from vmconsole.commands.vm_show import moment

    took = (document["ended"] or context.clock()) - (document["started"] or document["created"])
    message = (document["error"] or {}).get("message", "") or document["note"]
    progress = "-" if document["progress"] is None else f"{document['progress']:g}%"
    return (
        document["id"], "" if document["vm"] is None else document["vm"], document["command"], document["state"],
        document["step"], progress, document["asked_by"], document["face"], moment(int(document["created"])),
        round(took, 1), message,
    )  # fmt: skip


def public(context: Context, document: dict[str, Any]) -> dict[str, Any]:
    """An operation as JSON shows it."""
    from vmconsole.templates.secrets import concealed

    remaining = operations.remaining(document, context.clock())
    full = {**document, "arguments": concealed(document["arguments"]), "remaining_seconds": remaining}
    return {name: full[name] for name in FIELDS}


def _allowed(context: Context, document: dict[str, Any], right: str) -> bool:
    """Whether the user asked for the operation, or has a right on the VM it is on."""
    if context.user.administrator or document["user_id"] == context.user.id:
        return True
    from vmconsole.commands import targets
    from vmconsole.lifecycle.permissions import Right

    rows = context.session.query("SELECT id, user_id, group_id, mode FROM vm WHERE id = ?", (document["vm"],))
    return any(targets.has_right(context, Right[right], "vm", *row) for row in rows)


def _find(context: Context, word: str, right: str) -> dict[str, Any]:
    """An operation by its id or a part of it that no other has; the user must have asked for it, or have the right."""
    from vmconsole.errors import Conflict, Denied, NotFound

    identities = operations.matching(context.session, word)
    if not identities:
        raise NotFound(f"operation {word} does not exist", code="NO_OPERATION", hint="vmconsole operation list")
    if len(identities) > 1:
        raise Conflict(
            f"{len(identities)} operations match {word!r}", code="NAME_AMBIGUOUS", hint="give more of the id"
        )
    document = operations.get(context.session, identities[0])
    assert document is not None
    if not _allowed(context, document, right):
        raise Denied(f"operation {document['id']} is somebody else's", code=f"PERM_{right}")
    return document


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One operation with everything that happened to it."""
    from vmconsole.commands.vm_show import moment

    document = _find(context, values["operation"], "USE")
    happened = operations.events(context.session, document["id"])
    shown = public(context, document)
    full = {**shown, "events": happened}
    facts = [
        (
            name.upper().replace("_", " "),
            moment(int(value)) if name in ("created", "started", "ended") and value else value,
        )
        for name, value in shown.items()
        if value not in (None, "", {})
    ]
    lines = [
        (f"{event['at'] - happened[0]['at']:.3f}", event["state"], event["position"] or event["step"], event["note"])
        for event in happened
    ]
    heading = (
        Column("SECOND", 9, "", right=True), Column("STATE", 9, ""), Column("POSITION", 24, ""), Column("NOTE", 60, ""),
    )  # fmt: skip
    blocks = [Block(f"OPERATION {document['id']}", facts), Block("EVENTS", heading=heading, lines=lines)]
    return Sheet("OPERATION", blocks, lambda: full)


def wait(context: Context, command: Command, values: Values) -> Text:
    """Return when the operation has ended; fail as it failed."""
    from vmconsole.commands import submission

    document = _find(context, values["operation"], "USE")
    documents = submission.wait(
        context.session, [document["id"]], timeout=values.get("timeout"), summon_again=context.summon
    )
    error = submission.verdict(documents[document["id"]])
    if error is not None:
        raise error
    return _silent(context, document["id"])


def cancel(context: Context, command: Command, values: Values) -> Text:
    """Ask for an operation to be called off."""
    from vmconsole.errors import Conflict

    document = _find(context, values["operation"], "MANAGE")
    if not operations.request_cancel(context.session, document["id"], context.clock()):
        raise Conflict(f"operation {document['id']} has ended: it is {document['state']}", code="OP_ENDED")
    return _silent(context, document["id"])


def _silent(context: Context, identity: str) -> Text:
    """Says nothing in words; in JSON, how the operation is now."""
    document = operations.get(context.session, identity)
    assert document is not None
    return Text("OPERATION", "", lambda: public(context, document))


def retry(context: Context, command: Command, values: Values) -> list[Request]:
    """Ask once more for what failed or was cancelled, checked as if it were asked for the first time.

    Raises:
        Conflict: the operation has not failed, or nobody knows whether it did.
    """
    from vmconsole.commands import acting, targets
    from vmconsole.commands.request import Request
    from vmconsole.errors import Conflict
    from vmconsole.lifecycle import actions

    document = _find(context, values["operation"], "MANAGE")
    if document["state"] not in ("failed", "cancelled"):
        raise Conflict(
            f"operation {document['id']} is {document['state']}: only what failed or was cancelled is asked for again",
            code="OP_STATE",
            hint=f"vmconsole operation show {document['id']}",
        )
    name, arguments = document["command"], document["arguments"]
    if document["vm"] is not None:
        target = targets.vm(context, str(document["vm"]))
        return [acting.request(context, actions.action(name), target, arguments)]
    targets.require_administrator(context, "operation retry")
    return [Request(name, arguments, host_id=document["host"], variant=document["variant"], label=name)]
