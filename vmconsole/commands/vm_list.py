"""`list`: the table of VMs."""

from __future__ import annotations

from vmconsole.commands.listing import describe, shape
from vmconsole.commands.results import Column, Listing, Text
from vmconsole.lifecycle.states import ALIASES, by_numbers, shows_host
from vmconsole.store import vm_reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values

COLUMNS = (
    Column("ID", 4, "number of the VM", right=True),
    Column("USER", 8, "owner"),
    Column("GROUP", 8, "owning group"),
    Column("NAME", 15, "name; * marks a VM that is to be moved", expands=True),
    Column("STAT", 4, "state", right=True),
    Column("CPU", 4, "CPU used, percent of one core", right=True),
    Column("MEM", 7, "memory used", right=True),
    Column("HOSTNAME", 10, "host", expands=True),
    Column("TIME", 10, "time since it was made", right=True),
    Column("CLUSTER", 10, "cluster of its host"),
    Column("IP", 15, "addresses"),
)
SHOWN = tuple(column.name for column in COLUMNS[:9])


def list_vms(context: Context, command: Command, values: Values) -> Listing | Text:
    """VMs that are not DONE, newest first (ON-050)."""
    if values.get("describe"):
        return Text(describe(COLUMNS))
    owner = values.get("owner") or "a"
    found = vm_reading.list_rows(context.session, context.user, owner)
    wants_ip = any("IP" in (values.get(name) or "").upper() for name in ("list", "filter", "sort"))
    rows = _rows(context, found, kilobytes=bool(values.get("kilobytes")), with_ip=wants_ip)
    listing = Listing(
        "VM",
        COLUMNS,
        rows,
        lambda: vm_reading.documents(context.session, context.user, _ids(listing, values), owner),
        SHOWN,
    )
    shape(listing, values)
    return listing


def _ids(listing: Listing, values: Values) -> list[int] | None:
    """The VMs a filter or an order left, in that order; None for all of them."""
    if values.get("filter") or values.get("sort"):
        return [row[0] for row in listing.rows]
    return None


def _rows(
    context: Context, found: list[tuple[object, ...]], *, kilobytes: bool, with_ip: bool
) -> list[tuple[object, ...]]:
    # One pass over plain tuples: with ten thousand VMs every call in here is ten thousand calls.
    now = int(context.clock())
    placed = {numbers for numbers in ALIASES if shows_host(by_numbers(*numbers))}
    addresses = _addresses(context) if with_ip else {}
    rows = []
    for (
        number, user, group, name, state, lcm, resched, cpu, memory, host, start, end, _, _, _, cluster,
    ) in found:  # fmt: skip
        numbers = (state, lcm)
        age = (end or now) - start
        rows.append(
            (
                number,
                user,
                group,
                "*" + name if resched else name,
                ALIASES[numbers],
                round(cpu),
                f"{memory}K" if kilobytes or memory <= 1024 else human(memory),
                (host or "") if numbers in placed else "",
                "%3dd %02dh%02d" % (age // 86400, age % 86400 // 3600, age % 3600 // 60),
                cluster or "",
                addresses.get(number, ""),
            )
        )
    return rows


def _addresses(context: Context) -> dict[int, str]:
    found: dict[int, str] = {}
    for number, ip in context.session.query("SELECT vm_id, ip FROM nic WHERE ip <> '' ORDER BY vm_id, nic_id"):
        found[number] = f"{found[number]},{ip}" if number in found else ip
    return found


def human(kib: float) -> str:
    """KiB in the largest unit that leaves more than nothing; imported late, small VMs do not need it."""
    from vmconsole.templates.sizes import human as in_units

    return in_units(kib)
