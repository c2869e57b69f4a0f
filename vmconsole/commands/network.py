"""The commands on networks."""

from __future__ import annotations

from vmconsole.commands import ownership, targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.request import Request
from vmconsole.commands.results import Block, Column, Sheet

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.templates.template import Template

_HERE = "vmconsole.commands.network"
_NETWORK = Argument("network", "network")
_RANGE = (
    Option("--ip", "first address of a range", metavar="IP"),
    Option("--size", "how many addresses the range has", metavar="N"),
    Option("--mac", "first MAC address of the range; else each is 02:00 and its IP", metavar="MAC"),
)

COMMANDS: tuple[Command, ...] = (
    Command("network list", "list networks", (), LIST_OPTIONS, reader="vmconsole.commands.store_lists:read"),
    Command(
        "network show", "show one network, its addresses and who has them", (_NETWORK,), (), reader=f"{_HERE}:show"
    ),
    Command(
        "network create",
        "register a network that the hosts have, from a file or from options",
        (Argument("file", "file", optional=True),),
        (
            Option("--name", "name of the network", metavar="NAME"),
            Option("--bridge", "bridge on the hosts", metavar="BRIDGE"),
            Option("--network", "libvirt's network on the hosts", metavar="NETWORK"),
            Option("--user", "QEMU's own network, which needs nothing on the hosts"),
            *_RANGE,
            Option("--gateway", "told to guests", metavar="IP"),
            Option("--netmask", "told to guests", metavar="MASK"),
            Option("--dns", "told to guests", metavar="IP"),
        ),
        preparer=f"{_HERE}:create",
    ),
    Command("network addar", "give a network more addresses", (_NETWORK,), _RANGE, preparer=f"{_HERE}:add_range"),
    Command(
        "network rmar",
        "take a range of addresses away that no VM has one of",
        (_NETWORK, Argument("range", "text")),
        preparer=f"{_HERE}:remove_range",
        level=1,
    ),
    Command(
        "network hold",
        "hold an address back from all VMs",
        (_NETWORK, Argument("ip", "text")),
        preparer=f"{_HERE}:keep_back",
    ),
    Command(
        "network release",
        "let VMs have an address again that was held back",
        (_NETWORK, Argument("ip", "text")),
        preparer=f"{_HERE}:keep_back",
    ),
    *ownership.commands("network"),
    Command("network delete", "remove a network no VM is on", (_NETWORK,), (), preparer=f"{_HERE}:delete", level=2),
)

_RANGES = (
    Column("AR", 3, "", right=True), Column("FIRST", 15, ""), Column("LAST", 15, ""),
    Column("SIZE", 6, "", right=True), Column("USED", 6, "", right=True), Column("MAC", 17, ""),
)  # fmt: skip
_LEASES = (
    Column("IP", 15, ""), Column("MAC", 17, ""), Column("VM", 5, "", right=True), Column("NAME", 20, ""),
    Column("NIC", 3, "", right=True),
)  # fmt: skip


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One network, the ranges of its addresses and the leases of them."""
    import json
    from ipaddress import ip_address

    from vmconsole.lifecycle.permissions import mask_text

    number = targets.visible(context, "network", values["network"])
    query = context.session.query
    name, user, group, mode, lock, kind, source, vlan, attributes = query(
        "SELECT network.name, user_account.name, user_group.name, mode, lock_level, source_kind, source, vlan,"
        " network.attributes"
        " FROM network JOIN user_account ON user_account.id = user_id JOIN user_group ON user_group.id ="
        " network.group_id WHERE network.id = ?",
        (number,),
    )[0]
    leases = sorted(
        query(
            "SELECT ip, mac, vm.id, COALESCE(vm.name, ''), CASE WHEN vm.id IS NULL THEN NULL ELSE nic_id END"
            " FROM network_lease LEFT JOIN vm ON vm.id = vm_id WHERE network_id = ?",
            (number,),
        ),
        key=lambda lease: (*_number(lease[0]), lease[1]),
    )
    ranges = []
    for index, first, size, mac in query(
        "SELECT range_id, ip, size, mac FROM address_range WHERE network_id = ? ORDER BY range_id", (number,)
    ):
        version, start = _number(first)
        used = sum((version, start) <= _number(lease[0]) < (version, start + size) for lease in leases)
        ranges.append((index, first, str(ip_address(first) + (size - 1)), size, used, mac or "of the IP"))
    told = json.loads(attributes)
    document = {
        "id": number, "name": name, "user": user, "group": group, "mode": mode, "lock": lock, "kind": kind,
        "source": source, "vlan": vlan, "attributes": told,
        "ranges": [dict(zip(("id", "first", "last", "size", "used", "mac"), row, strict=True)) for row in ranges],
        "leases": [dict(zip(("ip", "mac", "vm", "vm_name", "nic"), lease, strict=True)) for lease in leases],
    }  # fmt: skip
    facts = [
        ("ID", number), ("NAME", name), ("USER", user), ("GROUP", group), ("PERMISSIONS", mask_text(mode)),
        ("LOCK", ownership.LOCKS[lock]), ("KIND", kind), ("SOURCE", source or "-"), ("VLAN", vlan or "-"),
    ]  # fmt: skip
    blocks = [
        Block(f"NETWORK {number} INFORMATION", facts),
        Block("NETWORK ATTRIBUTES", sorted(told.items())),
        Block("ADDRESS RANGES", heading=_RANGES, lines=ranges),
        Block("LEASES", heading=_LEASES, lines=[_lease(*lease) for lease in leases]),
    ]
    return Sheet("NETWORK", [block for block in blocks if block.fields or block.lines], lambda: document)


def _lease(ip: str, mac: str, vm: int | None, name: str, nic: int | None) -> tuple[object, ...]:
    return (ip or "-", mac, "-", "held back", "-") if vm is None else (ip or "-", mac, vm, name, nic)


def _number(ip: str) -> tuple[int, int]:
    """An address as its version and a number to count with; (0, 0) for no address."""
    from ipaddress import ip_address

    if not ip:
        return 0, 0
    address = ip_address(ip)
    return address.version, int(address)


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """Register a network; it is for administrators and whom a rule allows it: it names what the hosts have."""
    from vmconsole.commands.acting import read_file
    from vmconsole.errors import BadInput, Usage
    from vmconsole.templates import syntax
    from vmconsole.templates.errors import BadInput as BadTemplate
    from vmconsole.templates.network import check_network
    from vmconsole.templates.template import Template

    targets.require_creation(context, "network")
    given = {
        "NAME": values["name"], "BRIDGE": values["bridge"], "NETWORK": values["network"],
        "USER": "YES" if values["user"] else None, "GATEWAY": values["gateway"], "NETWORK_MASK": values["netmask"],
        "DNS": values["dns"],
    }  # fmt: skip
    if not values["file"] and not values["name"]:
        raise Usage("network create needs a FILE or --name", code="USAGE_OPTION")
    try:
        template = syntax.parse(read_file(values["file"])) if values["file"] else Template()
        for key, text in given.items():
            if text:
                template.set(key, text)
        _add_range(template, values)
        spec = check_network(template)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    return [Request("network.create", {"template": syntax.render(template)}, label=f"network {spec.name}")]


def add_range(context: Context, command: Command, values: Values) -> list[Request]:
    """More addresses for a network."""
    from vmconsole.errors import BadInput
    from vmconsole.lifecycle.permissions import Right
    from vmconsole.templates import syntax
    from vmconsole.templates.errors import BadInput as BadTemplate
    from vmconsole.templates.network import check_range
    from vmconsole.templates.template import Template

    target = targets.owned(context, "network", values["network"])
    targets.require_right(context, Right.ADMIN, target)
    template = Template()
    try:
        _add_range(template, values)
        check_range(template)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    return [Request("network.addar", {"network_id": target.id, "range": syntax.render(template)}, label=target.label)]


def remove_range(context: Context, command: Command, values: Values) -> list[Request]:
    """Fewer addresses for a network."""
    from vmconsole.errors import NotFound
    from vmconsole.lifecycle.permissions import Right

    target = targets.owned(context, "network", values["network"])
    targets.require_right(context, Right.ADMIN, target)
    for (number,) in context.session.query("SELECT range_id FROM address_range WHERE network_id = ?", (target.id,)):
        if str(number) == values["range"]:
            return [Request("network.rmar", {"network_id": target.id, "range_id": number}, label=target.label)]
    raise NotFound(
        f"{target.label} has no range {values['range']}", code="NO_RANGE", hint=f"vmconsole network show {target.id}"
    )


def keep_back(context: Context, command: Command, values: Values) -> list[Request]:
    """hold, release: an address of the network that no VM has."""
    from vmconsole.errors import BadInput
    from vmconsole.lifecycle.permissions import Right
    from vmconsole.templates.values import ip

    target = targets.owned(context, "network", values["network"])
    targets.require_right(context, Right.MANAGE, target)
    try:
        address = ip(values["ip"])
    except ValueError as error:
        raise BadInput(str(error), code="INPUT_ADDRESS") from error
    return [Request(command.words.replace(" ", "."), {"network_id": target.id, "ip": address}, label=target.label)]


def _add_range(template: Template, values: Values) -> None:
    vector = {key: values[key.lower()] for key in ("IP", "SIZE", "MAC") if values[key.lower()]}
    if vector:
        template.add("AR", vector)


def delete(context: Context, command: Command, values: Values) -> list[Request]:
    """Remove a network; what it named stays on the hosts."""
    from vmconsole.lifecycle.permissions import Right

    target = targets.owned(context, "network", values["network"])
    targets.require_right(context, Right.MANAGE, target)
    return [Request("network.delete", {"network_id": target.id}, label=target.label)]
