"""`monitoring`: the stored samples of VMs and of hosts, oldest first."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.listing import described
from vmconsole.commands.period import period
from vmconsole.commands.results import Column
from vmconsole.commands.simple_lists import paired
from vmconsole.store.conditions import ALIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.results import Listing, Text

COLUMNS = (
    Column("VID", 5, "number of the VM", right=True),
    Column("TIME", 14, "when it was measured"),
    Column("CPU", 6, "percent of one core", right=True),
    Column("MEM", 8, "memory used", right=True),
    Column("NETRX", 8, "bytes received since its start", right=True),
    Column("NETTX", 8, "bytes sent since its start", right=True),
    Column("DISKRD", 8, "bytes read since its start", right=True),
    Column("DISKWR", 8, "bytes written since its start", right=True),
)
_FIELDS = (
    "vm", "at", "cpu", "memory_kib", "net_rx_bytes", "net_tx_bytes", "disk_read_bytes", "disk_write_bytes",
)  # fmt: skip


def read(context: Context, command: Command, values: Values) -> Listing | Text:
    """Samples of one or several VMs, or of all the user may use (ON-174).

    Raises:
        NotFound: a VM that is named does not exist. Denied: the user may not use it.
    """
    from vmconsole.lifecycle.permissions import Right

    if values.get("describe"):
        return described(COLUMNS)
    start, end = period(context, values)
    if values.get("vms"):
        numbers = set()
        for target in targets.vms(context, values["vms"]):
            targets.require_right(context, Right.USE, target, lockable=False)
            numbers.add(target.id)
    else:
        found = context.session.query(f"SELECT id, user_id, group_id, mode FROM vm WHERE {ALIVE}")
        numbers = {number for number, *owned in found if targets.has_right(context, Right.USE, "vm", number, *owned)}
    samples = context.session.query(
        "SELECT id, at, cpu_percent, memory_kib, net_rx_bytes, net_tx_bytes, disk_read_bytes, disk_write_bytes"
        " FROM sample WHERE kind = 'vm' AND at BETWEEN ? AND ? ORDER BY id, at",
        (start, end),
    )
    pairs = [(_cells(row), dict(zip(_FIELDS, row, strict=True))) for row in samples if row[0] in numbers]
    return paired("SAMPLE", COLUMNS, pairs, values)


HOST_COLUMNS = (
    Column("ID", 4, "number of the host", right=True),
    Column("NAME", 12, "its name", expands=True),
    Column("TIME", 14, "when it was measured"),
    Column("CPU", 6, "percent of one core", right=True),
    Column("MEM", 8, "memory used", right=True),
)


def read_hosts(context: Context, command: Command, values: Values) -> Listing | Text:
    """Samples of one host or of all of them. Raises NotFound."""
    from vmconsole.commands.vm_show import moment
    from vmconsole.templates.sizes import human

    if values.get("describe"):
        return described(HOST_COLUMNS)
    start, end = period(context, values)
    wanted = targets.one(context, "host", values["host"])[0] if values.get("host") else None
    pairs = [
        (
            (number, name, moment(at), f"{cpu or 0:g}", human(memory or 0)),
            {"id": number, "name": name, "at": at, "cpu": cpu, "memory_kib": memory},
        )
        for number, name, at, cpu, memory in context.session.query(
            "SELECT host.id, host.name, at, sample.cpu_percent, sample.memory_kib FROM sample"
            " JOIN host ON host.id = sample.id WHERE kind = 'host' AND at BETWEEN ? AND ? ORDER BY host.id, at",
            (start, end),
        )
        if wanted in (None, number)
    ]
    return paired("SAMPLE", HOST_COLUMNS, pairs, values)


def _cells(row: tuple[Any, ...]) -> tuple[Any, ...]:
    from vmconsole.commands.vm_show import moment
    from vmconsole.templates.sizes import human

    number, at, cpu, memory, *counters = row
    return number, moment(at), f"{cpu or 0:g}", human(memory or 0), *(human((count or 0) / 1024) for count in counters)
