"""`resolve`: which of two domains of one VM stays, after a host that was lost came back with its own."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.request import Request
from vmconsole.errors import Conflict, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values


def resolve(context: Context, command: Command, values: Values) -> list[Request]:
    """End every domain of the VM but the one on the host that is kept.

    Raises:
        Conflict: there is only one.
    """
    from vmconsole.lifecycle.permissions import Right

    target = targets.vm(context, values["vm"])
    targets.require_right(context, Right.ADMIN, target)
    if not values["keep"]:
        raise Usage("resolve needs --keep HOST", code="USAGE_OPTION", hint=f"vmconsole show {target.id}")
    number, name = targets.one(context, "host", values["keep"])
    if not context.session.query("SELECT 1 FROM stray WHERE vm_id = ?", (target.id,)):
        raise Conflict(f"{target.label} is on one host only", code="VM_ONCE")
    arguments = {"vm_id": target.id, "keep_id": number, "keep": name}
    return [Request("vm.resolve", arguments, label=target.label, name=target.name, vm_id=target.id)]
