"""`recover`: out of a stuck or failed operation, if need be part by part."""

from __future__ import annotations

from vmconsole.commands import scheduling, targets
from vmconsole.commands.acting import act, request
from vmconsole.errors import Conflict, Usage
from vmconsole.lifecycle import actions, recovery, states, transfers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.request import Request
    from vmconsole.commands.targets import Target
    from vmconsole.lifecycle.transfers import Part

    Ask = Callable[[str, bool], str]


def recover(context: Context, command: Command, values: Values) -> list[Request]:
    """`recover` wants exactly one of its options."""
    if not command.flag(values):
        options = ", ".join(option.long for option in command.options if option.kind == "variant")
        raise Usage(f"recover needs one of {options}", code="USAGE_OPTION")
    return _interactive(context, command, values) if values["interactive"] else act(context, command, values)


def _interactive(context: Context, command: Command, values: Values) -> list[Request]:
    """`recover --retry --interactive`: of a transfer that failed, what the person does not skip is done again (ON-101).

    Everything is asked before anything is done. What was skipped must be there: somebody has done it by hand.

    Raises:
        Usage: there is nobody to be asked, or the person quit: nothing was done.
    """
    if command.flag(values) != "--retry" or scheduling.wanted(values):
        raise Usage("--interactive goes with --retry, and with nothing else", code="USAGE_OPTION")
    if context.ask is None:
        raise Usage("--interactive needs somebody to ask, and nobody can be asked here", code="CONFIRMATION_REQUIRED")
    asked = actions.of_command("recover", "--retry")
    found = []
    for target in targets.vms(context, values["vms"]):
        asking = request(context, asked, target, {})
        position = states.by_numbers(target.state, target.lcm)
        step = recovery.failed_transfer(position)
        if step is None and asking.error is None:
            asking.error = Conflict(f"{target.label} is {position}: no transfer has failed that could be gone through")
        if asking.error is None and step is not None:
            parts = transfers.parts(step, _files(context, target))
            asking.arguments = {"skipped": _skipped(context.ask, f"{target.label}, {position}", parts)}
        found.append(asking)
    return found


def _files(context: Context, target: Target) -> transfers.Files:
    disks = context.session.query(
        "SELECT disk_id, persistent = 1 OR type = 'cdrom' FROM disk WHERE vm_id = ? AND type <> 'foreign'"
        " ORDER BY disk_id",
        (target.id,),
    )
    ((checkpoint,),) = context.session.query("SELECT checkpoint_host_id FROM vm WHERE id = ?", (target.id,))
    saving = states.by_numbers(target.state, target.lcm) in recovery.SAVES_MEMORY
    own = tuple(number for number, in_place in disks if not in_place)
    return transfers.Files(tuple(number for number, _ in disks), own, memory=saving or checkpoint is not None)


def _skipped(ask: Ask, title: str, parts: tuple[Part, ...]) -> list[str]:
    """The parts that are not to be done. Raises Usage: the person quit."""
    decided: dict[str, str] = {}
    notice = f"{title}\n"
    for part in parts:
        while part.name not in decided:
            answer = ask(f"{notice}{part.name}: {part.meaning}. Run (r), skip (n), list all (a) or quit (q): ", False)
            word = answer.strip().lower()
            notice = ""
            if word in ("r", "run"):
                decided[part.name] = "run"
            elif word in ("n", "skip"):
                decided[part.name] = "skip"
            elif word in ("q", "quit"):
                raise Usage("nothing was done: you quit", code="NOT_CONFIRMED")
            elif word in ("a", "list"):
                notice = "".join(f"  {decided.get(each.name, ''):<5}{each.name}: {each.meaning}\n" for each in parts)
    return [name for name, decision in decided.items() if decision == "skip"]
