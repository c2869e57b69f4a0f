"""The options that have an action done later, or again and again, and the schedules they become.

Declared on the path of every read command: what reads rules of time is imported on use.
"""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Option
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput, Conflict, Usage, VmconsoleError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.targets import Target
    from vmconsole.lifecycle.flows import Action
    from vmconsole.schedules.retention import Retention
    from vmconsole.schedules.rule import Rule
    from vmconsole.templates.scheduled import ScheduledAction


def _option(long: str, help: str, metavar: str) -> Option:
    return Option(long, help, metavar=metavar, kind="schedule")


SCHED = (
    _option("--schedule", "not now but then: MM/DD, HH:MM, both, now, or +SECONDS after the VM's start", "TIME"),
    _option("--weekly", "again on days of the week, 0 is Sunday: 1,5", "DAYS"),
    _option("--monthly", "again on days of the month: 1,14", "DAYS"),
    _option("--yearly", "again on days of the year from 0: 0,200", "DAYS"),
    _option("--hourly", "again after so many hours", "HOURS"),
    _option("--cron", "again as a cron expression says: '30 2 * * mon-fri'", "EXPRESSION"),
    _option("--zone", "time zone of all of it, such as Europe/Berlin", "ZONE"),
    _option("--end", "no more after so many times, or after that date", "N|DATE"),
)
"""What every command takes whose action can be scheduled (ON-147)."""


KEEP = (
    Option("--keep-last", "of what the schedule makes, keep so many and remove older ones", metavar="N", kind="count"),
    Option("--keep-days", "of what the schedule makes, keep what is younger", metavar="DAYS", kind="count"),
)
"""What every command takes whose action, scheduled, makes more and more of something."""


def retention(asked: Action, values: Values) -> Retention:
    """What stays of what the schedule makes, as the options of `KEEP` say. Raises Usage: the action makes nothing."""
    from vmconsole.schedules.retention import Retention
    from vmconsole.templates.scheduled import RETAINED

    if (given := _kept(values)) and asked.name not in RETAINED:
        raise Usage(f"{asked.title} makes nothing that {given[0]} could keep", code="USAGE_OPTION")
    return Retention.of(values)


def refuse_retention(asked: Action, values: Values) -> None:
    """Raise Usage for the options of `KEEP` without a schedule; backups alone have an order without one."""
    if (given := _kept(values)) and asked.name != "backup":
        raise Usage(f"{asked.title}: {given[0]} goes with a schedule", code="USAGE_OPTION")


def _kept(values: Values) -> list[str]:
    return [option.long for option in KEEP if values.get(option.name) is not None]


def wanted(values: Values) -> bool:
    """Whether the action is to be done later."""
    return any(values.get(option.name) is not None for option in SCHED)


def rule_of(context: Context, values: Values) -> Rule:
    """The rule that the options mean. Raises BadInput with all that is wrong with them."""
    from vmconsole.local_zone import local_zone
    from vmconsole.schedules.errors import ScheduleError
    from vmconsole.schedules.options import from_options

    try:
        return from_options(**given(values), zone_default=local_zone(), now=int(context.clock()))
    except ScheduleError as error:
        raise refused(error.problems, error.code) from error


def given(values: Values) -> dict[str, str | None]:
    """The texts of the options as `from_options` names them."""
    texts = {option.name: values.get(option.name) for option in SCHED}
    return {**{name: text for name, text in texts.items() if name != "zone"}, "zone_name": texts["zone"]}


def refused(problems: Iterable[str], code: str) -> BadInput:
    """The one line of all problems of a rule."""
    return BadInput("; ".join(problems), code=code)


def requests(
    context: Context, asked: Action, values: Values, found: Sequence[Target], arguments: Mapping[str, Any]
) -> list[Request]:
    """One request for each VM: to do the action when the options say.

    The state of the VM does not matter yet; the right that the action itself needs does, now.

    Raises:
        Usage: the action cannot be scheduled. BadInput: the options make no rule.
    """
    if asked.schedule is None:
        raise Usage(f"{asked.title} cannot be scheduled", code="USAGE_OPTION")
    names = [name.rstrip("?") for name in asked.schedule]
    args = [str(arguments[name]) for name in names if arguments.get(name) is not None]
    rule, keep = rule_of(context, values), retention(asked, values)
    return [request(context, asked, target, args, rule, keep) for target in found]


def request(
    context: Context, asked: Action, target: Target, args: Sequence[str], rule: Rule, keep: Retention
) -> Request:
    """The operation that schedules an action on one VM."""
    from vmconsole.schedules.records import to_store

    asking = Request(
        "schedule.create",
        {"vm_id": target.id, "action": asked.name, "args": list(args), "rule": to_store(rule), **keep.columns},
        label=target.label,
        name=target.name,
    )
    try:
        require_right(context, asked, target)
    except VmconsoleError as error:
        asking.error = error
    return asking


def require_right(context: Context, asked: Action, target: Target) -> None:
    """Raise unless the user may have the action done on the VM, and the VM is not gone."""
    from vmconsole.lifecycle import states

    targets.require_right(context, asked.right, target, lockable=asked.lockable)
    if states.by_numbers(target.state, target.lcm) is states.DONE:
        raise Conflict(f"{target.label} is done: nothing can be scheduled on it", code="VM_DONE")


def action_of(word: str, args: Sequence[str]) -> Action:
    """The action of a schedule by its own name (`poweroff-hard`) or an old one, with as many arguments as it takes.

    Raises:
        BadInput: there is none of the name, it cannot be scheduled, or it takes other arguments.
    """
    from vmconsole.lifecycle import actions, aliases

    known = {asked.name: asked for asked in actions.schedulable()}
    asked = known.get(aliases.modern_scheduled(word))
    if asked is None or asked.schedule is None:
        raise BadInput(f"{word!r} is none of {', '.join(known)}", code="INPUT_ACTION")
    least = len([name for name in asked.schedule if not name.endswith("?")])
    if not least <= len(args) <= len(asked.schedule):
        takes = ", ".join(name.replace("_", " ") for name in asked.schedule) or "no arguments"
        raise BadInput(f"{asked.name} takes {takes}, not {' '.join(args) or 'nothing'}", code="INPUT_ACTION")
    return asked


def check_scheduled(context: Context, blocks: Sequence[ScheduledAction]) -> None:
    """Check the SCHED_ACTION of a VM that the user would own: rules that can be followed, actions an owner may take.

    Raises:
        BadInput: a rule cannot be followed. Denied: an action is for administrators, and the user is none.
    """
    if not blocks:
        return
    from vmconsole.lifecycle import actions
    from vmconsole.lifecycle.permissions import Right
    from vmconsole.local_zone import local_zone
    from vmconsole.schedules.errors import ScheduleError
    from vmconsole.schedules.records import from_template

    for block in blocks:
        try:
            from_template(block, zone=local_zone())
        except ScheduleError as error:
            raise refused((f"SCHED_ACTION: {problem}" for problem in error.problems), error.code) from error
        if actions.action(block.action).right is Right.ADMIN:
            targets.require_administrator(context, f"to schedule {block.action}")
