"""The first minute: a store without hosts is given this machine's hypervisor, or the demo fleet."""

from __future__ import annotations

from vmconsole.commands import submission
from vmconsole.commands.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context


def take(context: Context, url: str, config_path: str | None, *, demo: bool) -> str | None:
    """Ask the controller for a first host if the store has none and never had one; returns the operation's id.

    Args:
        demo: take the demo fleet, whatever this machine has.
    """
    if context.session.query(
        "SELECT 1 FROM host UNION ALL SELECT 1 FROM operation WHERE command LIKE 'host.%' LIMIT 1"
    ):
        return None
    identity = submission.submit(context, [Request("host.first", {"demo": demo}, label="first host")])[0]
    submission.summon(url, config_path)
    return identity
