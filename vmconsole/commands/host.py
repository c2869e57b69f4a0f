"""The commands on hosts."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS
from vmconsole.commands.period import PERIOD_OPTIONS
from vmconsole.commands.request import Request
from vmconsole.commands.results import Block, Column, Sheet
from vmconsole.store.conditions import ALIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Values
    from vmconsole.commands.results import Listing, Text

_HERE = "vmconsole.commands.host"
_HOST = Argument("host", "host")

COMMANDS: tuple[Command, ...] = (
    Command("host list", "list hosts", (), LIST_OPTIONS, reader=f"{_HERE}:list_hosts"),
    Command("host show", "show one host and the domains on it that are no VMs", (_HOST,), (), reader=f"{_HERE}:show"),
    Command(
        "host create",
        "take a host on, by its libvirt URI",
        (Argument("uri", "uri"),),
        (
            Option("--name", "name of the host", short="-n", metavar="NAME"),
            Option(
                "--cluster", "cluster it joins, else the default one", short="-c", metavar="CLUSTER", kind="cluster"
            ),
            Option("--import-all", "make a VM of every domain on it"),
            Option("--timeout", "how long connecting may take", metavar="S", kind="seconds", name="connect_timeout"),
        ),
        preparer=f"{_HERE}:create",
    ),
    Command(
        "host importvm",
        "make a VM of a domain on the host, or of all of them",
        (_HOST, Argument("domain", "domain", optional=True)),
        (Option("--all", "every domain that is no VM yet"),),
        preparer=f"{_HERE}:importvm",
    ),
    Command(
        "host update",
        "set its attributes, RESERVED_CPU and RESERVED_MEM among them, from a file or in an editor",
        (_HOST, Argument("file", "file", optional=True)),
        (Option("--append", "merge with what is there", short="-a"),),
        preparer="vmconsole.commands.host_changes:update",
    ),
    Command(
        "host rename",
        "give it another name",
        (_HOST, Argument("name", "text")),
        preparer="vmconsole.commands.host_changes:rename",
    ),
    Command(
        "host monitoring",
        "list the stored samples of a host, or of all of them",
        (Argument("host", "host", optional=True),),
        (*LIST_OPTIONS, *PERIOD_OPTIONS),
        reader="vmconsole.commands.monitoring:read_hosts",
    ),
    Command("host enable", "place VMs on it again", (_HOST,), (), preparer=f"{_HERE}:change"),
    Command("host disable", "place no more VMs on it", (_HOST,), (), preparer=f"{_HERE}:change"),
    Command("host offline", "leave it alone entirely", (_HOST,), (), preparer=f"{_HERE}:change", level=1),
    Command(
        "host flush",
        "place no more VMs on it, and have those on it moved to other hosts",
        (_HOST,),
        (),
        preparer="vmconsole.commands.evacuation:flush",
        level=2,
    ),
    Command(
        "host confirm-off",
        "vouch that a host which does not answer is off, so that its VMs may be started elsewhere",
        (_HOST,),
        (),
        preparer=f"{_HERE}:change",
        level=2,
    ),
    Command("host delete", "let a host go that has no VMs", (_HOST,), (), preparer=f"{_HERE}:change", level=2),
    Command(
        "host trust",
        "accept a host's ssh key after comparing its fingerprint",
        (Argument("uri", "uri"),),
        (Option("--fingerprint", "the one you compared; without it, those the host shows", metavar="SHA256:…"),),
        preparer="vmconsole.commands.host_changes:trust",
    ),
)

COLUMNS = (
    Column("ID", 4, "number of the host", right=True),
    Column("NAME", 12, "name", expands=True),
    Column("RVM", 4, "VMs that hold capacity on it", right=True),
    Column("TCPU", 6, "CPU in all, 100 is one core", right=True),
    Column("FCPU", 6, "CPU not used", right=True),
    Column("ACPU", 6, "CPU not promised to VMs", right=True),
    Column("TMEM", 8, "memory in all", right=True),
    Column("FMEM", 8, "memory not used", right=True),
    Column("AMEM", 8, "memory not promised to VMs", right=True),
    Column("STAT", 4, "state", right=True),
    Column("WILD", 4, "domains on it that are no VMs", right=True),
    Column("MESSAGE", 30, "what is wrong with it", expands=True),
)


def list_hosts(context: Context, command: Command, values: Values) -> Listing | Text:
    """Hosts with their capacity (ON-061)."""
    from vmconsole.commands.simple_lists import listing
    from vmconsole.templates.sizes import human

    documents = host_documents(context)
    rows = [
        (
            host["id"], host["name"], host["running_vms"], host["total_cpu"], host["free_cpu"], host["allocatable_cpu"],
            human(host["total_memory_kib"]), human(host["free_memory_kib"]), human(host["allocatable_memory_kib"]),
            host["stat"], host["wild"], host["message"],
        )
        for host in documents
    ]  # fmt: skip
    table = listing("HOST", COLUMNS, rows, documents, values)
    if not values.get("describe") and not values.get("list"):
        shown = [column.name for column in COLUMNS[:10]]
        table.shown = shown + [  # type: ignore[union-attr]
            name for place, name in ((10, "WILD"), (11, "MESSAGE")) if any(row[place] for row in rows)
        ]
    return table


def host_documents(context: Context) -> list[dict[str, Any]]:
    """Hosts as JSON shows them."""
    import json

    from vmconsole.lifecycle.host_states import ALIASES
    from vmconsole.lifecycle.states import by_numbers, holds_capacity

    session = context.session
    promised: dict[int, list[float]] = {}
    for host_id, cpu, memory, state, lcm in session.query(
        f"SELECT host_id, cpu, memory_mib, state, lcm_state FROM vm WHERE host_id IS NOT NULL AND {ALIVE}"
    ):
        if holds_capacity(by_numbers(state, lcm)):
            sums = promised.setdefault(host_id, [0, 0.0, 0])
            sums[0] += 1
            sums[1] += cpu * 100
            sums[2] += memory * 1024
    wild = dict(session.query("SELECT host_id, COUNT(*) FROM wild GROUP BY host_id"))
    documents = []
    for row in session.query(
        "SELECT host.id, host.name, uri, cluster.name, state, hostname, hypervisor, info, cpus, memory_kib,"
        " reserved_cpu, reserved_memory_kib, cpu_percent, memory_used_kib, unverified, last_seen, down_since, message,"
        " host.attributes, confirmed_off"
        " FROM host JOIN cluster ON cluster.id = host.cluster_id ORDER BY host.id"
    ):
        running, cpu, memory = promised.get(row[0], (0, 0.0, 0))
        total_cpu, total_memory = row[8] * 100, row[9]
        documents.append(
            {
                "id": row[0],
                "name": row[1],
                "uri": row[2],
                "cluster": row[3],
                "state": row[4],
                "stat": ALIASES[row[4]],
                "hostname": row[5],
                "hypervisor": row[6],
                "running_vms": running,
                "total_cpu": total_cpu,
                "free_cpu": round(total_cpu - (row[12] or 0)),
                "allocatable_cpu": round(total_cpu - row[10] - cpu),
                "total_memory_kib": total_memory,
                "free_memory_kib": total_memory - (row[13] or 0),
                "allocatable_memory_kib": round(total_memory - row[11] - memory),
                "unverified": bool(row[14]),
                "last_seen": row[15],
                "down_since": row[16],
                "confirmed_off": bool(row[19]),
                "message": row[17] or (_UNVERIFIED if row[14] else ""),
                "wild": wild.get(row[0], 0),
                "info": json.loads(row[7]),
                "attributes": json.loads(row[18]),
            }
        )
    return documents


_UNVERIFIED = "its host key is not checked (no_verify=1): anybody could stand in for it"


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One host: what it is, how it is, and what is on it that we did not make."""
    from vmconsole.commands.vm_show import moment
    from vmconsole.templates.sizes import human

    number, *_ = targets.one(context, "host", values["host"])
    host = next(document for document in host_documents(context) if document["id"] == number)
    wild = context.session.query(
        "SELECT name, uuid, power, vcpu, memory_kib FROM wild WHERE host_id = ? ORDER BY name", (number,)
    )
    host["wild_domains"] = [
        {"name": name, "uuid": uuid, "power": _POWER.get(power, "unknown"), "vcpu": vcpu, "memory_kib": memory}
        for name, uuid, power, vcpu, memory in wild
    ]
    info = host["info"]
    facts = [
        ("ID", host["id"]),
        ("NAME", host["name"]),
        ("URI", host["uri"]),
        ("CLUSTER", host["cluster"]),
        ("STATE", host["stat"]),
        ("HOSTNAME", host["hostname"]),
        ("HYPERVISOR", f"{info.get('hypervisor', '')} {info.get('hypervisor_version', '')}"),
        ("LIBVIRT", info.get("libvirt_version", "")),
        ("LAST SEEN", moment(host["last_seen"])),
        ("DOWN SINCE", moment(host["down_since"])),
        *([("CONFIRMED OFF", "Yes")] if host["confirmed_off"] else []),
        *([("MESSAGE", host["message"])] if host["message"] else []),
    ]
    capacity = [
        ("TOTAL CPU", host["total_cpu"]),
        ("FREE CPU", host["free_cpu"]),
        ("ALLOCATABLE CPU", host["allocatable_cpu"]),
        ("TOTAL MEMORY", human(host["total_memory_kib"])),
        ("FREE MEMORY", human(host["free_memory_kib"])),
        ("ALLOCATABLE MEMORY", human(host["allocatable_memory_kib"])),
        ("RUNNING VMS", host["running_vms"]),
    ]
    lines = [
        (name, uuid, _POWER.get(power, "unknown"), vcpu, human(memory)) for name, uuid, power, vcpu, memory in wild
    ]
    blocks = [
        Block(f"HOST {number} INFORMATION", facts),
        Block("HOST CAPACITY", capacity),
        Block("WILD DOMAINS", heading=_WILD, lines=lines),
    ]
    return Sheet("HOST", [block for block in blocks if block.fields or block.lines], lambda: host)


_WILD = (
    Column("NAME", 30, ""), Column("UUID", 36, ""), Column("STATE", 8, ""), Column("VCPU", 4, "", right=True),
    Column("MEM", 7, "", right=True),
)  # fmt: skip
_POWER = {1: "running", 2: "running", 3: "paused", 4: "running", 5: "off", 6: "crashed", 7: "asleep"}


def create(context: Context, command: Command, values: Values) -> list[Request]:
    """Take a host on. What the URI may hold is checked by the controller before anything is contacted."""
    from vmconsole.errors import BadInput
    from vmconsole.templates.errors import NameRefused
    from vmconsole.templates.names import check_domain_name

    targets.require_creation(context, "host")
    uri = values["uri"]
    name = values.get("name") or _name_from(uri)
    try:
        check_domain_name(name)
    except NameRefused as error:
        raise BadInput(str(error), code="INPUT_NAME", hint="--name NAME") from error
    arguments = {"uri": uri, "name": name, "import_all": values["import_all"], "timeout": values["connect_timeout"]}
    if values["cluster"]:
        arguments["cluster_id"] = targets.one(context, "cluster", values["cluster"])[0]
    return [Request("host.create", arguments, label=f"host {name}")]


def _name_from(uri: str) -> str:
    """A name for a host that was given none: its machine's, or how it is reached."""
    place = uri.partition("://")[2].partition("?")[0]
    machine = place.partition("/")[0].rpartition("@")[2].partition(":")[0].strip("[]")
    return machine or uri.partition(":")[0].partition("+")[0] + "-" + (place.rpartition("/")[2] or "local")


def importvm(context: Context, command: Command, values: Values) -> list[Request]:
    """Adopt wild domains."""
    from vmconsole.errors import Usage

    number, name = targets.administered(context, "host", values["host"])
    if bool(values.get("domain")) == bool(values["all"]):
        raise Usage(
            "host importvm needs a DOMAIN or --all", code="USAGE_ARGUMENT", hint=f"vmconsole host show {number}"
        )
    arguments = {"host_id": number, "domain": values.get("domain")}
    return [Request("host.importvm", arguments, host_id=number, label=f"host {name}")]


def change(context: Context, command: Command, values: Values) -> list[Request]:
    """enable, disable, offline, confirm-off, delete."""
    number, name = targets.administered(context, "host", values["host"])
    verb = command.words.partition(" ")[2]
    return [Request(f"host.{verb}", {"host_id": number}, host_id=number, label=f"host {name}")]
