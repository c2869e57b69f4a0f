"""What may be asked of a VM where it is, and where that leads. Nothing else decides a transition."""

from __future__ import annotations

from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.catalogue import ACTIONS
from vmconsole.lifecycle.flows import Action, Danger, Flow, Record
from vmconsole.lifecycle.recovery import Verdict, recover_target
from vmconsole.lifecycle.stages import chain_from
from vmconsole.lifecycle.states import Position
from vmconsole.lifecycle.steps import Variant

__all__ = [
    "ACTIONS",
    "Action",
    "Danger",
    "Flow",
    "Record",
    "action",
    "actions_for",
    "birth",
    "chain",
    "danger",
    "legal",
    "of_command",
    "refusal",
    "schedulable",
]

_BY_NAME = {row.name: row for row in ACTIONS}
_BY_COMMAND = {(row.command, row.flag): row for row in ACTIONS}
_HARD_OFF_LIMIT = 10


def action(name: str) -> Action:
    """The action called `name`. Raises KeyError for a name the table does not have."""
    return _BY_NAME[name]


def of_command(command: str, flag: str = "") -> Action:
    """The action `command` means with `flag` (`--hard`, `--live`, …). Raises KeyError if there is none."""
    return _BY_COMMAND[command, flag]


def schedulable() -> tuple[Action, ...]:
    """Every action a schedule may name (ON-164)."""
    return tuple(row for row in ACTIONS if row.schedule is not None)


def birth(*, held: bool, images_locked: bool) -> tuple[Position, Variant]:
    """Where a new VM starts, and the variant its CLONING remembers the wish to be held by."""
    if images_locked:
        return at.CLONING, Variant.HELD if held else Variant.PLAIN
    return (at.HOLD if held else at.PENDING), Variant.PLAIN


def legal(
    asked: Action,
    position: Position,
    *,
    last_action: str = "",
    paused: bool = False,
    in_flight: Variant = Variant.PLAIN,
) -> Flow | None:
    """How `asked` would go from `position`, or None if it is not legal there.

    `last_action` is the action of the VM's last history record: a deploy brings memory or files back after a stop or an
    undeploy. `paused` says that a SUSPENDED VM's domain is alive on its host: then nothing can be copied, moved or
    restored under it. `in_flight` is the variant of the operation a recovery is about.
    """
    if asked.recovery is not None:
        return _recovery_flow(asked, position, in_flight)
    for flow in asked.flows:
        if position in flow.origins and _fits(flow, last_action, paused=paused and position is at.SUSPENDED):
            return flow
    return None


def _fits(flow: Flow, last_action: str, *, paused: bool) -> bool:
    return (not flow.after or last_action in flow.after) and (flow.paused == paused or flow.first is None)


def _recovery_flow(asked: Action, position: Position, in_flight: Variant) -> Flow | None:
    assert asked.recovery is not None
    found = recover_target(position, asked.recovery, in_flight)
    if found.verdict is Verdict.REFUSE:
        return None
    first = found.target.position if found.target is not None else None
    record = Record.NOTE if found.target is not None else Record.NONE
    return Flow(frozenset({position}), first, in_flight, record)


def refusal(asked: Action, position: Position, *, paused: bool = False, in_flight: Variant = Variant.PLAIN) -> str:
    """Why `asked` is not legal at `position`: the action, the state the VM is in, and what would help."""
    if asked.recovery is not None:
        return f"cannot {asked.title}: {recover_target(position, asked.recovery, in_flight).reason}"
    text = f"cannot {asked.title}: the VM is {position}"
    if paused and legal(asked, position) is not None:
        return f"{text} and only paused, without a memory image; resume it first"
    if asked.command == "terminate":
        return f"{text}, an operation is in flight; `recover --delete` removes it from any state"
    origins = {origin for flow in asked.flows for origin in flow.origins}
    wanted = [place.name for place in at.POSITIONS if place in origins and place.category == at.STABLE]
    return f"{text}; legal in {', '.join(wanted)}"


def actions_for(position: Position, *, paused: bool = False) -> tuple[Action, ...]:
    """Every action legal at `position`, in the order of the table (ON-178)."""
    return tuple(row for row in ACTIONS if legal(row, position, paused=paused) is not None)


def chain(asked: Action, position: Position, *, last_action: str = "", paused: bool = False) -> tuple[Position, ...]:
    """The positions `asked` passes from `position` if every step succeeds, the last one being where it ends.

    Empty if the state does not change. Raises ValueError, with the refusal, if the action is not legal there.
    """
    flow = legal(asked, position, last_action=last_action, paused=paused)
    if flow is None:
        raise ValueError(refusal(asked, position, paused=paused))
    return () if flow.first is None else chain_from(flow.first, flow.variant)


def danger(asked: Action, vms: int) -> Danger:
    """How `asked` has to be confirmed for that many VMs: numbers make the same action worse."""
    if asked.danger is Danger.SOME and vms > 1:
        return Danger.LOSS
    if asked.flag in ("--hard", "--poff-hard") and vms > _HARD_OFF_LIMIT:
        return Danger.FOR_EVER
    return asked.danger
