"""The commands on schedules: what will be done to VMs by itself, and when."""

from __future__ import annotations

from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.results import Column
from vmconsole.commands.scheduling import KEEP, SCHED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.request import Request
    from vmconsole.commands.targets import Target

_HERE = "vmconsole.commands.schedule"
_READING = "vmconsole.commands.schedule_reading"
_VM = Argument("vm", "vm")
_NUMBER = Argument("number", "text")

COMMANDS: tuple[Command, ...] = (
    Command(
        "schedule list",
        "list what will be done to VMs by itself",
        (Argument("vm", "vm", optional=True),),
        LIST_OPTIONS,
        reader=f"{_READING}:list_schedules",
    ),
    Command("schedule show", "show one schedule and what became of it", (_VM, _NUMBER), (), reader=f"{_READING}:show"),
    Command(
        "schedule preview",
        "say what the coming days will bring, and what gets into each other's way",
        (Argument("vms", "vms", optional=True),),
        (Option("--days", "how many days", metavar="N", kind="count"),),
        reader=f"{_READING}:preview",
    ),
    Command(
        "schedule create",
        "have an action done on VMs later, or again and again",
        (Argument("vms", "vms"), Argument("action", "action"), Argument("args", "text", optional=True, many=True)),
        (*KEEP, *SCHED),
        preparer=f"{_HERE}:create",
    ),
    Command(
        "schedule update",
        "change when a schedule fires; --schedule and the like, or a file with one SCHED_ACTION",
        (_VM, _NUMBER, Argument("file", "file", optional=True)),
        (*KEEP, *SCHED),
        preparer=f"{_HERE}:update",
        aliases=("sched-update", "update-chart"),
    ),
    Command(
        "schedule delete",
        "drop a schedule",
        (_VM, _NUMBER),
        (),
        preparer=f"{_HERE}:edit",
        level=1,
        aliases=("sched-delete", "delete-chart"),
    ),
    Command("schedule run-now", "do now what a schedule will do", (_VM, _NUMBER), (), preparer=f"{_HERE}:edit"),
    Command("schedule pause", "keep a schedule from firing", (_VM, _NUMBER), (), preparer=f"{_HERE}:edit"),
    Command("schedule resume", "let a paused schedule fire again", (_VM, _NUMBER), (), preparer=f"{_HERE}:edit"),
)

COLUMNS = (
    Column("VM", 5, "VM it is on", right=True),
    Column("ID", 3, "number among the VM's schedules", right=True),
    Column("NAME", 15, "name of the VM", expands=True),
    Column("ACTION", 16, "what is done"),
    Column("NEXT", 17, "when it is done next"),
    Column("REP", 16, "how it recurs"),
    Column("END", 14, "when it ends"),
    Column("DONE", 11, "when it was done last"),
    Column("MESSAGE", 30, "why it is overdue"),
)


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """An action by its name, with its arguments, on one or several VMs."""
    from vmconsole.commands import scheduling, targets

    asked = scheduling.action_of(values["action"], values["args"])
    found = targets.vms(context, values["vms"])
    rule, keep = scheduling.rule_of(context, values), scheduling.retention(asked, values)
    return [scheduling.request(context, asked, target, values["args"], rule, keep) for target in found]


def update(context: Context, command: Command, values: Values) -> list[Request]:
    """Another rule, which keeps what the options do not name; or all that a file says."""
    from vmconsole.commands import scheduling
    from vmconsole.commands.acting import read_file
    from vmconsole.errors import Usage
    from vmconsole.local_zone import local_zone
    from vmconsole.schedules import options, records
    from vmconsole.schedules.errors import ScheduleError
    from vmconsole.schedules.retention import Retention
    from vmconsole.templates import syntax
    from vmconsole.templates.errors import BadInput as BadTemplate
    from vmconsole.templates.vm import check_scheduled_action

    target, document = find(context, values)
    kept = {option.name: values[option.name] for option in KEEP if values[option.name] is not None}
    if bool(values["file"]) == (scheduling.wanted(values) or bool(kept)):
        raise Usage("schedule update needs either a file or one of the options", code="USAGE_OPTION")
    name, args, keep = document["action"], document["args"], Retention.of({**document, **kept})
    try:
        if values["file"]:
            read = check_scheduled_action(syntax.parse(read_file(values["file"])))
            name, args, keep = read.action, list(read.args), Retention(read.keep_last, read.keep_days)
            rule = records.from_template(read, zone=local_zone())
        else:
            rule = options.changed(
                records.from_document(document), now=int(context.clock()), **scheduling.given(values)
            )
    except ScheduleError as error:
        raise scheduling.refused(error.problems, error.code) from error
    except BadTemplate as error:
        raise scheduling.refused([str(error)], "INPUT_TEMPLATE") from error
    asked = scheduling.action_of(name, args)
    scheduling.retention(asked, kept)
    changed = {"action": asked.name, "args": args, "rule": records.to_store(rule), **keep.columns}
    return [_request(context, "schedule.update", target, document, changed)]


def edit(context: Context, command: Command, values: Values) -> list[Request]:
    """`delete`, `run-now`, `pause`, `resume`: whoever may do the action may do these."""
    target, document = find(context, values)
    operation = "schedule." + command.words.partition(" ")[2].partition("-")[0]
    return [_request(context, operation, target, document, {})]


def _request(
    context: Context, operation: str, target: Target, document: dict[str, Any], changed: dict[str, Any]
) -> Request:
    from vmconsole.commands import scheduling
    from vmconsole.commands.request import Request
    from vmconsole.errors import VmconsoleError
    from vmconsole.lifecycle import actions

    asking = Request(
        operation,
        {"vm_id": target.id, "number": document["id"], **changed},
        label=f"{target.label} schedule {document['id']}",
        name=target.name,
    )
    try:
        for name in {document["action"], changed.get("action", document["action"])}:
            scheduling.require_right(context, actions.action(name), target)
    except VmconsoleError as error:
        asking.error = error
    return asking


def find(context: Context, values: Values) -> tuple[Target, dict[str, Any]]:
    """The VM and the document of its schedule. Raises NotFound."""
    from vmconsole.commands import targets
    from vmconsole.errors import NotFound
    from vmconsole.store import vm_reading

    target = targets.vm(context, values["vm"])
    word = values["number"]
    for vm in vm_reading.documents(context.session, context.user, [target.id]):
        for document in vm["schedules"]:
            if word == str(document["id"]):
                return target, document
    raise NotFound(f"{target.label} has no schedule {word}", code="NO_SCHEDULE", hint=f"vmconsole show {target.id}")
