"""A VM's schedules as SCHED_ACTION blocks of its template, and what became of them in an editor or a file."""

from __future__ import annotations

from vmconsole.commands import scheduling
from vmconsole.errors import NotFound
from vmconsole.lifecycle import actions
from vmconsole.local_zone import local_zone
from vmconsole.schedules import records
from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.retention import Retention
from vmconsole.store import vm_reading
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.template import Template
from vmconsole.templates.vm import check_scheduled_action

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.targets import Target

    Block = dict[str, str]

KEY = "SCHED_ACTION"


def of_vm(context: Context, target: Target) -> list[Block]:
    """The blocks of a VM's schedules."""
    found = vm_reading.documents(context.session, context.user, [target.id])
    return [_block(document) for vm in found for document in vm["schedules"]]


def _block(document: dict[str, Any]) -> Block:
    try:
        rule = records.from_document(document)
    except ScheduleError as error:
        raise scheduling.refused(
            [f"schedule {document['id']}: {problem}" for problem in error.problems], error.code
        ) from error
    args = {"ARGS": ",".join(document["args"])} if document["args"] else {}
    own = {"ID": str(document["id"]), "ACTION": document["action"], **args}
    kept = {key.upper(): str(value) for key, value in Retention.of(document).columns.items() if value is not None}
    return {**own, **records.to_template(rule, zone_default=local_zone()), **kept}


def joined(template: Template, blocks: list[Block]) -> Template:
    """The template with the blocks behind it."""
    whole = template.copy()
    for block in blocks:
        whole.add(KEY, block)
    return whole


def parted(template: Template) -> tuple[Template, list[Template]]:
    """The template without its blocks, and each of these in a template of its own, so that problems have a place."""
    rest, blocks = Template(), []
    for attribute in template:
        if attribute.key == KEY:
            blocks.append(Template())
            blocks[-1].append(attribute)
        else:
            rest.append(attribute)
    return rest, blocks


def edited(
    context: Context, target: Target, before: list[Block], wanted: list[Template], *, append: bool
) -> list[dict[str, Any]]:
    """What the VM's schedules are to be, as the operation `update` takes it; those left alone have no rule.

    Args:
        append: schedules that are not mentioned stay, instead of being dropped.

    Raises:
        BadInput: a block is none. NotFound: its ID is none of the VM's. Denied: the action is not the user's to take.
    """
    known = {block["ID"]: block for block in before}
    found = []
    for template in wanted:
        block = template.get(KEY)
        number = block.get("ID") if isinstance(block, dict) else None
        if number is None:
            found.append(_changed(context, target, template, None))
        elif number not in known:
            raise NotFound(f"{target.label} has no schedule {number}", code="NO_SCHEDULE")
        else:
            left_alone = block == known.pop(number)
            found.append(_unchanged(number) if left_alone else _changed(context, target, template, number))
    return [*found, *(map(_unchanged, known) if append else ())]


def _unchanged(number: str) -> dict[str, Any]:
    return {"number": int(number), "action": "", "args": [], "rule": None}


def _changed(context: Context, target: Target, template: Template, number: str | None) -> dict[str, Any]:
    try:
        read = check_scheduled_action(template)
        rule = records.from_template(read, zone=local_zone())
    except ScheduleError as error:
        raise scheduling.refused(error.problems, error.code) from error
    except BadTemplate as error:
        raise scheduling.refused([str(error)], "INPUT_TEMPLATE") from error
    scheduling.require_right(context, actions.action(read.action), target)
    return {
        "number": None if number is None else int(number),
        "action": read.action,
        "args": list(read.args),
        "rule": records.to_store(rule),
        **Retention(read.keep_last, read.keep_days).columns,
    }
