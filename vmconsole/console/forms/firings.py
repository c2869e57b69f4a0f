"""While a rule is typed: what it means in words, and when it will fire. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vmconsole.commands import scheduling
from vmconsole.console.line_view import Line
from vmconsole.local_zone import local_zone
from vmconsole.schedules import options
from vmconsole.schedules.errors import ScheduleError
from vmconsole.schedules.preview import preview
from vmconsole.schedules.words import distance, moment

if TYPE_CHECKING:
    from vmconsole.commands.declaration import Command
    from vmconsole.schedules.rule import Rule


def takes_rule(command: Command) -> bool:
    """Whether the command can be done later."""
    return any(option is scheduling.SCHED[0] for option in command.options)


def rule_before(command: Command, values: Mapping[str, str]) -> Rule | None:
    """The rule that the command changes, as it stands in the form at first; None where it makes a new one."""
    if command.words != "schedule update" or not scheduling.wanted(_texts(values)):
        return None
    try:
        return options.from_options(**scheduling.given(_texts(values)), zone_default=local_zone(), now=0)
    except ScheduleError:
        return None


def _texts(values: Mapping[str, str]) -> dict[str, str | None]:
    return {option.name: values.get(option.name, "").strip() or None for option in scheduling.SCHED}


def lines(values: Mapping[str, str], *, now: float, start: int | None, before: Rule | None = None) -> list[Line]:
    """The rule as a sentence and its next five firings, or what is wrong with it; nothing while none is typed.

    Args:
        values: of the form, by the names of the options of `commands.scheduling`.
        now: Unix seconds.
        start: when the VM was started, Unix seconds, which a relative rule counts from; None for one yet to be made.
        before: the rule that is changed, None for a new one.
    """
    texts = _texts(values)
    if not scheduling.wanted(texts):
        return []
    given = scheduling.given(texts)
    try:
        if before is not None:
            rule = options.changed(before, **given, now=int(now))
        else:
            rule = options.from_options(**given, zone_default=local_zone(), now=int(now))
        coming = preview(rule, int(now), start=int(now) if start is None else start)
    except ScheduleError as error:
        return [[(" ! ", "unknown"), (problem, "text")] for problem in error.problems[:3]]
    found: list[Line] = [[(" » ", "key"), (coming.sentence, "strong")]]
    if start is None and rule.relative:
        found.append([("   of a VM that is started now:", "dim")])
    if coming.warning:
        found.append([(" ? ", "unknown"), (coming.warning, "unknown")])
    found += [
        [(f"   {moment(instant, rule.zone):19}", "text"), (f"  {distance(instant, int(now))}", "dim")]
        for instant in coming.runs
    ]
    return found
