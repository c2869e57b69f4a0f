"""`list`: the table of VMs."""

from __future__ import annotations

from vmconsole.commands.listing import described, shape
from vmconsole.commands.results import Column, Listing
from vmconsole.lifecycle.states import ALIASES, by_numbers, shows_host
from vmconsole.presentation import running_time
from vmconsole.store import vm_reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.results import Text

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
SHOWN = {
    "default": tuple(column.name for column in COLUMNS[:9]),
    "user": ("ID", "NAME", "IP", "STAT", "CPU", "MEM", "HOSTNAME", "TIME"),
}
OWNERS = frozenset({"a", "all", "m", "mine", "g", "group", "G"})


def list_vms(context: Context, command: Command, values: Values) -> Listing | Text:
    """VMs that are not DONE, newest first (ON-050).

    Raises:
        NotFound: the user whose VMs are wanted does not exist.
        BadInput: a malformed search, condition, order or column.
    """
    if values.get("describe"):
        return described(COLUMNS)
    owner = _owner(context, values.get("owner") or "a")
    found = vm_reading.list_rows(context.session, context.user, owner)
    if values.get("search"):
        wanted = _searched(context, values["search"])
        found = [row for row in found if row[0] in wanted]
    shown = SHOWN[values.get("listconf") or "default"]
    with_ip = "IP" in shown or any("IP" in (values.get(name) or "").upper() for name in ("list", "filter", "sort"))
    rows = _rows(
        found,
        now=int(context.clock()),
        kilobytes=bool(values.get("kilobytes")),
        numeric=bool(values.get("numeric")),
        addresses=_addresses(context) if with_ip else {},
    )
    listing = Listing("VM", COLUMNS, rows, lambda: _documents(context, listing, values, owner), shown)
    shape(listing, values)
    return listing


def _owner(context: Context, word: str) -> str:
    """The filter flag, or the number of the user it names."""
    if word in OWNERS:
        return word
    from vmconsole.commands import targets

    return str(targets.one(context, "user", word)[0])


def _searched(context: Context, pair: str) -> set[int]:
    from vmconsole.errors import BadInput
    from vmconsole.store.vm_search import having

    key, equals, value = pair.partition("=")
    if not key.strip() or not equals:
        raise BadInput(f"{pair!r} is nothing to search for: expected KEY=VALUE", code="INPUT_SEARCH")
    return having(context.session, key.strip(), value)


def _documents(context: Context, listing: Listing, values: Values, owner: str) -> list[dict[str, Any]]:
    chosen = any(values.get(name) for name in ("search", "filter", "sort"))
    ids = [row[0] for row in listing.rows] if chosen else None
    return vm_reading.documents(context.session, context.user, ids, owner)


def _rows(
    found: list[tuple[Any, ...]], *, now: int, kilobytes: bool, numeric: bool, addresses: dict[int, str]
) -> list[tuple[Any, ...]]:
    # One pass over plain tuples: with ten thousand VMs every call in here is ten thousand calls.
    placed = {numbers for numbers in ALIASES if shows_host(by_numbers(*numbers))}
    memories = {memory: _memory(memory, kilobytes) for memory in {row[8] for row in found}}
    ages: dict[int, str] = {}
    rows = []
    for (
        number, user, group, name, state, lcm, resched, cpu, memory, host, start, end, user_id, group_id, _, cluster,
    ) in found:  # fmt: skip
        numbers = (state, lcm)
        minutes = ((end or now) - start) // 60
        age = ages.get(minutes) or ages.setdefault(minutes, running_time(minutes * 60))
        rows.append(
            (
                number,
                user_id if numeric else user,
                group_id if numeric else group,
                f"*{name}" if resched else name,
                ALIASES[numbers],
                round(cpu),
                memories[memory],
                (host or "") if numbers in placed else "",
                age,
                cluster or "",
                addresses.get(number, ""),
            )
        )
    return rows


def _memory(kib: int, kilobytes: bool) -> str:
    if kilobytes or kib <= 1024:
        return f"{kib}K"
    from vmconsole.templates.sizes import human

    return human(kib)


def _addresses(context: Context) -> dict[int, str]:
    found: dict[int, str] = {}
    for number, ip in context.session.query("SELECT vm_id, ip FROM nic WHERE ip <> '' ORDER BY vm_id, nic_id"):
        found[number] = f"{found[number]},{ip}" if number in found else ip
    return found
