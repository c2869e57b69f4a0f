"""`accounting`: what VMs have used, one line for each stay on a host."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.listing import described
from vmconsole.commands.period import period
from vmconsole.commands.results import Column
from vmconsole.commands.simple_lists import paired
from vmconsole.store.conditions import RUNS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.results import Listing, Text
    from vmconsole.store.session import Session

COLUMNS = (
    Column("VID", 5, "number of the VM", right=True),
    Column("USER", 10, "its owner"),
    Column("HOSTNAME", 12, "host it was on", expands=True),
    Column("ACTION", 16, "what ended or changed the stay"),
    Column("START_TIME", 14, "when the stay began"),
    Column("END_TIME", 14, "when it ended"),
    Column("MEMORY", 7, "memory it had", right=True),
    Column("CPU", 5, "CPU it had", right=True),
    Column("NETRX", 7, "received meanwhile, as far as samples are kept", right=True),
    Column("NETTX", 7, "sent meanwhile, as far as samples are kept", right=True),
    Column("DISK", 7, "size of its disks", right=True),
)
_FIELDS = (
    "vm", "name", "user", "seq", "host", "action", "start_time", "end_time", "memory_mib", "cpu", "disk_bytes",
)  # fmt: skip


def read(context: Context, command: Command, values: Values) -> Listing | Text:
    """Stays that overlap the period, of the VMs the user may use, DONE ones included (ON-173).

    Raises:
        NotFound: there is no such user. BadInput: the period cannot be read.
    """
    from vmconsole.lifecycle.permissions import Right

    if values.get("describe"):
        return described(COLUMNS)
    start, end = period(context, values)
    owner = targets.one(context, "user", values["user"])[0] if values.get("user") else None
    records = [
        row
        for row in context.session.query(
            "SELECT history.vm_id, vm.name, user_account.name, seq, host_name, action, history.start_time,"
            " history.end_time, memory_mib, cpu,"
            " (SELECT COALESCE(SUM(size_bytes), 0) FROM disk WHERE disk.vm_id = vm.id),"
            " vm.user_id, vm.group_id, vm.mode FROM history JOIN vm ON vm.id = history.vm_id"
            " JOIN user_account ON user_account.id = vm.user_id"
            " WHERE history.start_time <= ? AND COALESCE(history.end_time, ?) >= ?"
            " ORDER BY user_account.name, history.vm_id, seq",
            (end, end, start),
        )
        if (owner is None or row[11] == owner) and targets.has_right(context, Right.USE, "vm", row[0], *row[11:])
    ]
    increases = _increases(context.session, {row[0] for row in records})
    pairs = []
    for record in records:
        document = dict(zip(_FIELDS, record, strict=False))
        until = document["end_time"] or end
        within = [
            (received, sent)
            for at, received, sent in increases.get(document["vm"], ())
            if max(start, document["start_time"]) <= at <= min(end, until)
        ]
        document["net_rx_bytes"] = sum(received for received, _ in within)
        document["net_tx_bytes"] = sum(sent for _, sent in within)
        pairs.append((_cells(document), document))
    return paired("ACCOUNT", COLUMNS, pairs, values)


def _increases(session: Session, numbers: set[int]) -> dict[int, list[tuple[int, int, int]]]:
    """For each VM, when and by how many bytes its counters of the network grew. They begin anew with each start."""
    found: dict[int, list[tuple[int, int, int]]] = {}
    before: dict[int, tuple[int, int]] = {}
    for number, at, received, sent in session.query(
        "SELECT id, at, COALESCE(net_rx_bytes, 0), COALESCE(net_tx_bytes, 0) FROM sample WHERE kind = 'vm'"
        " UNION ALL SELECT id, monitored, net_rx_bytes, net_tx_bytes FROM vm WHERE monitored IS NOT NULL"
        f" AND {RUNS} ORDER BY 1, 2"
    ):
        if number in numbers:
            old = before.get(number, (0, 0))
            grown = [now - was if now >= was else now for now, was in zip((received, sent), old, strict=True)]
            before[number] = received, sent
            found.setdefault(number, []).append((at, *grown))
    return found


def _cells(document: dict[str, Any]) -> tuple[Any, ...]:
    from vmconsole.commands.vm_show import moment
    from vmconsole.templates.sizes import human

    return (
        document["vm"], document["user"], document["host"], document["action"], moment(document["start_time"]),
        moment(document["end_time"]), human(document["memory_mib"] * 1024), f"{document['cpu']:g}",
        human(document["net_rx_bytes"] / 1024), human(document["net_tx_bytes"] / 1024),
        human(document["disk_bytes"] / 1024),
    )  # fmt: skip
