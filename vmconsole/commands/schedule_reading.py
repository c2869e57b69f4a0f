"""What schedules say: their list, one of them with its record, and a dry run of the coming days."""

from __future__ import annotations

from vmconsole.commands import schedule, targets
from vmconsole.commands.listing import described, shape
from vmconsole.commands.results import Block, Column, Listing, Sheet
from vmconsole.commands.vm_show import moment
from vmconsole.schedules.columns import end_text, repeat_text
from vmconsole.schedules.retention import Retention
from vmconsole.store import vm_reading
from vmconsole.store.conditions import ALIVE
from vmconsole.templates.scheduled import RETAINED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.results import Text
    from vmconsole.schedules.dry_run import Plan

    Document = dict[str, Any]

_SHOWN_RECORDS = 50
_STAMP = "%Y-%m-%d %H:%M"


def list_schedules(context: Context, command: Command, values: Values) -> Listing | Text:
    """The schedules of the VMs the user may use, what comes next first."""
    if values.get("describe"):
        return described(schedule.COLUMNS)
    only = [targets.vm(context, values["vm"]).id] if values["vm"] else None
    found = {(vm["id"], each["id"]): (vm, each) for vm, each in schedules(context, only)}
    ordered = sorted(found.values(), key=lambda pair: (pair[1]["next"] is None, pair[1]["next"] or 0, pair[0]["id"]))
    rows = [_row(vm, each) for vm, each in ordered]
    table = Listing(
        "SCHEDULE", schedule.COLUMNS, rows, lambda: [_document(*found[row[0], row[1]]) for row in table.rows]
    )
    shape(table, values)
    table.remark = unattended(context)
    return table


def unattended(context: Context) -> str:
    """What a person has to know while schedules wait and nobody stays to fire them; empty when somebody does."""
    pending = context.session.query("SELECT 1 FROM schedule WHERE next IS NOT NULL AND enabled = 1 LIMIT 1")
    lease = context.session.query("SELECT 1 FROM lease WHERE holder <> '' AND permanent = 1")
    return UNATTENDED if pending and not lease else ""


UNATTENDED = "schedules fire only while a controller runs, and none that stays does: vmconsole controller install"


def schedules(context: Context, ids: Iterable[int] | None) -> Iterator[tuple[Document, Document]]:
    """Each schedule with its VM."""
    if ids is None:
        rows = context.session.query(
            f"SELECT DISTINCT vm_id FROM schedule JOIN vm ON vm.id = schedule.vm_id WHERE {ALIVE} ORDER BY vm_id"
        )
        ids = [row[0] for row in rows]
    for vm in vm_reading.documents(context.session, context.user, ids):
        for each in vm["schedules"]:
            yield vm, each


def _document(vm: Document, each: Document) -> Document:
    return {"vm": vm["id"], "vm_name": vm["name"], **each}


def _row(vm: Document, each: Document) -> tuple[Any, ...]:
    upcoming = moment(each["next"], _STAMP) if each["enabled"] else "paused"
    action = " ".join([each["action"], *each["args"]])
    repeat = repeat_text(each["repeat"], each["days"], each["cron"]) or "-"
    return (
        vm["id"], each["id"], vm["name"], action, upcoming, repeat, ended(each), moment(each["done"], "%m/%d %H:%M"),
        each["message"],
    )  # fmt: skip


def ended(each: Document) -> str:
    """When a schedule ends, as `show` says it."""
    kind = ("never", "times", "date").index(each["end"]["type"])
    return end_text(kind, each["end"]["value"] or 0, each["time_zone"])


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One schedule: its rule in words, and what became of its occurrences, the latest first."""
    target, each = schedule.find(context, values)
    vm = vm_reading.documents(context.session, context.user, [target.id])[0]
    records = context.session.query(
        "SELECT due, status, reason, operation_id, at FROM firing WHERE schedule_id ="
        " (SELECT id FROM schedule WHERE vm_id = ? AND number = ?) ORDER BY due DESC LIMIT ?",
        (target.id, each["id"], _SHOWN_RECORDS),
    )
    names = ("due", "status", "reason", "operation", "at")
    document = {**_document(vm, each), "firings": [dict(zip(names, row, strict=True)) for row in records]}
    facts = [
        ("VM", f"{vm['id']} ({vm['name']})"),
        ("ID", each["id"]),
        ("ACTION", " ".join([each["action"], *each["args"]])),
        ("WHEN", _when(each, vm["start_time"])),
        ("NEXT", moment(each["next"], _STAMP) if each["enabled"] else "paused"),
        ("END", ended(each)),
        ("DONE", moment(each["done"])),
        ("MESSAGE", each["message"] or "-"),
    ]
    if each["action"] in RETAINED:
        facts.append(("KEEPS", str(Retention.of(each))))
    lines = [(moment(row[0], _STAMP), row[1], moment(int(row[4])), row[3] or "-", row[2]) for row in records]
    heading = (
        Column("DUE", 17, ""), Column("STATUS", 8, ""), Column("AT", 14, ""), Column("OPERATION", 26, ""),
        Column("REASON", 60, ""),
    )  # fmt: skip
    blocks = [Block(f"SCHEDULE {each['id']} OF VM {vm['id']}", facts)]
    if lines:
        blocks.append(Block("FIRINGS", heading=heading, lines=lines))
    sheet = Sheet("SCHEDULE", blocks, lambda: document)
    sheet.remark = unattended(context)
    return sheet


def _when(each: Document, start: int) -> str:
    """The rule in words, or, when it cannot be followed, why."""
    from vmconsole.schedules.errors import ScheduleError
    from vmconsole.schedules.records import from_document
    from vmconsole.schedules.words import sentence

    try:
        return sentence(from_document(each), start=start)
    except ScheduleError as error:
        return "; ".join(error.problems)


def preview(context: Context, command: Command, values: Values) -> Sheet:
    """What all schedules, or those of some VMs, would do in the coming days, and which of them clash."""
    from vmconsole.schedules import dry_run

    ids = [target.id for target in targets.vms(context, values["vms"])] if values["vms"] else None
    days = values["days"] or dry_run.DAYS
    known = [pair for pair in schedules(context, ids) if pair[1]["next"] is not None and pair[1]["enabled"]]
    plans = [plan for index, (vm, each) in enumerate(known) if (plan := planned(index, vm, each)) is not None]
    run = dry_run.dry_run(plans, int(context.clock()), days=days)
    numbers = [each["id"] for _, each in known]
    firings: list[Document] = [
        {"at": firing.at, "vm": firing.vm, "schedule": numbers[firing.schedule], "action": firing.action}
        for firing in run.firings
    ]
    clashes: list[Document] = [
        {
            "vm": clash.vm,
            "schedules": [numbers[index] for index in clash.schedules],
            "first": clash.first,
            "count": clash.count,
        }
        for clash in run.clashes
    ]
    title = f"COMING {days} DAYS" + ("" if run.complete else ", FIRST PART")
    blocks = [Block(title, heading=_FIRING, lines=[_firing(firing) for firing in firings])]
    if clashes:
        blocks.append(Block("IN EACH OTHER'S WAY", heading=_CLASH, lines=[_clash(clash) for clash in clashes]))
    sheet = Sheet("PREVIEW", blocks, lambda: {"firings": firings, "clashes": clashes, "complete": run.complete})
    sheet.remark = unattended(context)
    return sheet


_FIRING = (
    Column("TIME", 17, ""), Column("VM", 5, "", right=True), Column("ID", 3, "", right=True), Column("ACTION", 20, ""),
)  # fmt: skip
_CLASH = (
    Column("FIRST", 17, ""), Column("VM", 5, "", right=True), Column("IDS", 9, ""), Column("TIMES", 6, "", right=True),
)  # fmt: skip


def planned(index: int, vm: Document, each: Document) -> Plan | None:
    """A schedule for the dry run; None for one whose rule cannot be followed, as its message says."""
    from vmconsole.schedules.dry_run import Plan
    from vmconsole.schedules.errors import ScheduleError
    from vmconsole.schedules.records import from_document

    try:
        rule = from_document(each)
    except ScheduleError:
        return None
    return Plan(index, vm["id"], each["action"], rule, each["next"], vm["start_time"])


def _firing(firing: Document) -> tuple[Any, ...]:
    return moment(firing["at"], _STAMP), firing["vm"], firing["schedule"], firing["action"]


def _clash(clash: Document) -> tuple[Any, ...]:
    return moment(clash["first"], _STAMP), clash["vm"], ",".join(map(str, clash["schedules"])), clash["count"]
