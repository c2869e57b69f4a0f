"""Emptying a host: where its VMs will go, as far as that can be told now, is shown before anything is done."""

from __future__ import annotations

import json

from vmconsole.commands import acting, targets
from vmconsole.commands.host import change, host_documents
from vmconsole.lifecycle import actions, states
from vmconsole.store.conditions import ALIVE
from vmconsole.store.neighbourhood import NOTHING, Neighbourhoods, needs
from vmconsole.templates import requirements
from vmconsole.templates.errors import ExpressionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.request import Request

_VMS = """
    SELECT id, cpu, memory_mib, user_template, imported,
        EXISTS (SELECT 1 FROM disk WHERE vm_id = vm.id AND type = 'foreign') FROM vm WHERE host_id = ? ORDER BY id
"""


def flush(context: Context, command: Command, values: Values) -> list[Request]:
    """Disable a host and have all its VMs moved, each to where it is told beforehand; one that cannot move is named."""
    requests = change(context, command, values)
    disabling = requests[0]
    disabling.command = "host.disable"
    where = plan(context, int(str(disabling.host_id)))
    asked = actions.of_command("resched")
    for (vm_id,) in context.session.query(
        f"SELECT id FROM vm WHERE host_id = ? AND {ALIVE} ORDER BY id", (disabling.host_id,)
    ):
        target = targets.vm(context, str(vm_id))
        position = states.by_numbers(target.state, target.lcm)
        asking = acting.request(context, asked, target, {})
        if actions.legal(asked, position) is None:
            asking.error, asking.already = None, f"it is {position} and stays on the host"
        else:
            asking.caveats = (where[vm_id],)
        requests.append(asking)
    return requests


def plan(context: Context, host_id: int) -> dict[int, str]:
    """For each VM on a host, where it would go or why it stays; the controller decides anew when it moves them."""
    session = context.session
    others = [host for host in host_documents(context) if host["id"] != host_id and host["stat"] == "on"]
    wanted = needs(session, "vm.host_id = ?", (host_id,))
    near = Neighbourhoods(session)
    clusters = dict(session.query("SELECT id, cluster_id FROM host"))
    found = {}
    for number, cpu, memory_mib, attributes, imported, foreign in session.query(_VMS, (host_id,)):
        if imported or foreign:
            found[number] = "it stays: its disks lie there and are not ours to move"
            continue
        served = [host for host in others if not near.lacking(clusters[host["id"]], wanted.get(number, NOTHING))]
        host = _best(served, cpu, memory_mib, json.loads(attributes).get("SCHED_REQUIREMENTS", ""))
        found[number] = _take(host, cpu, memory_mib) if host else "it stays until a host can have it: none can now"
    return found


def _best(hosts: list[dict[str, Any]], cpu: float, memory_mib: int, expression: str) -> dict[str, Any] | None:
    """The host with the fewest VMs of those that meet the requirements and have room."""
    try:
        wanted = requirements.parse(expression)
    except ExpressionError:
        return None
    fitting = [
        host
        for host in hosts
        if host["allocatable_cpu"] >= cpu * 100
        and host["allocatable_memory_kib"] >= memory_mib * 1024
        and wanted.matches(_seen(host))
    ]
    return min(fitting, key=lambda host: (host["running_vms"], host["id"]), default=None)


def _seen(host: dict[str, Any]) -> dict[str, Any]:
    """A host's attributes by the names that expressions have for them."""
    told = {key.upper().removesuffix("_KIB"): value for key, value in host.items() if isinstance(value, str | int)}
    return {**host["attributes"], **told}


def _take(host: dict[str, Any], cpu: float, memory_mib: int) -> str:
    """The VM is counted as being there, for those that come after it."""
    host["running_vms"] += 1
    host["allocatable_cpu"] -= cpu * 100
    host["allocatable_memory_kib"] -= memory_mib * 1024
    return f"it goes to {host['name']}, as things are now"
