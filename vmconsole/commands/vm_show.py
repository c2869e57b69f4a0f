"""`show`: everything about one VM."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.ownership import LOCKS
from vmconsole.commands.results import Block, Column, Sheet
from vmconsole.errors import Denied
from vmconsole.lifecycle.recovery import ways_out
from vmconsole.lifecycle.states import by_numbers, shows_host
from vmconsole.schedules.columns import end_text, repeat_text
from vmconsole.store import vm_reading
from vmconsole.templates.secrets import SECRET, STARS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values


def show(context: Context, command: Command, values: Values) -> Sheet:
    """One VM, DONE ones included (ON-053, ON-022).

    Raises:
        NotFound: there is none. Denied: the user may not use it.
    """
    target = targets.vm(context, values["vm"])
    documents = vm_reading.documents(context.session, context.user, [target.id])
    if not documents:
        raise Denied(f"user {context.user.name} lacks USE on {target.label}", code="PERM_USE")
    document = documents[0]
    return Sheet("VM", _blocks(document, now=int(context.clock())), lambda: document)


def _blocks(vm: dict[str, Any], now: int) -> list[Block]:
    position = by_numbers(vm["state_number"], vm["lcm_state_number"])
    placed = shows_host(position)
    ways = ", ".join(f"--{way}" for way in ways_out(position))
    where = (
        [("HOST", vm["host"] or "-"), ("CLUSTER ID", vm["cluster_id"]), ("CLUSTER", vm["cluster"])] if placed else []
    )
    blocks = [
        Block(
            f"VIRTUAL MACHINE {vm['id']} INFORMATION",
            [
                ("ID", vm["id"]),
                ("NAME", vm["name"]),
                ("USER", vm["user"]),
                ("GROUP", vm["group"]),
                ("STATE", vm["state"]),
                ("LCM_STATE", vm["lcm_state"]),
                ("LOCK", LOCKS[vm["lock"]]),
                ("RESCHED", "Yes" if vm["resched"] else "No"),
                *where,
                ("START TIME", moment(vm["start_time"])),
                ("END TIME", moment(vm["end_time"])),
                ("DEPLOY ID", vm["deploy_id"] or "-"),
                *([("REASON", vm["message"])] if vm["message"] else []),
                *([("WAYS OUT", f"recover {ways}")] if ways else []),
                *([("ALSO ON", ", ".join(map(_copy, vm["copies"])))] if vm["copies"] else []),
                *([("IMPORTED", "Yes")] if vm["imported"] else []),
            ],
        ),
        Block(
            "VIRTUAL MACHINE MONITORING",
            [
                ("NET_TX", f"{vm['net_tx_bytes'] // 1024}K"),
                ("NET_RX", f"{vm['net_rx_bytes'] // 1024}K"),
                ("USED MEMORY", f"{vm['memory_kib']}K"),
                ("USED CPU", f"{vm['cpu']:g}"),
            ],
        ),
        Block(
            "PERMISSIONS",
            [(who.upper(), vm["permissions"][who]) for who in ("owner", "group", "other")],
        ),
        Block("VM DISKS", heading=_DISKS, lines=[_disk(disk) for disk in vm["disks"]]),
        Block(
            "VM DISK SNAPSHOTS", heading=_DISK_SNAPSHOTS, lines=[_disk_snapshot(row) for row in vm["disk_snapshots"]]
        ),
        Block("VM NICS", heading=_NICS, lines=[_nic(nic) for nic in vm["nics"]]),
        Block("SNAPSHOTS", heading=_SNAPSHOTS, lines=[_snapshot(row) for row in vm["snapshots"]]),
        Block("VIRTUAL MACHINE HISTORY", heading=_HISTORY, lines=[_record(record, now) for record in vm["history"]]),
        Block("SCHEDULED ACTIONS", heading=_SCHEDULES, lines=[_schedule(row) for row in vm["schedules"]]),
        Block("USER TEMPLATE", flat(vm["attributes"]), assignments=True),
        Block("VIRTUAL MACHINE TEMPLATE", flat(vm["template"]), assignments=True),
    ]
    return [block for block in blocks if block.fields or block.lines]


_DISKS = (
    Column("ID", 3, "", right=True), Column("DATASTORE", 10, ""), Column("TARGET", 6, ""), Column("IMAGE", 30, ""),
    Column("SIZE", 8, "", right=True), Column("TYPE", 7, ""), Column("SAVE", 4, "", right=True),
)  # fmt: skip
_DISK_SNAPSHOTS = (
    Column("AC", 2, ""), Column("ID", 3, "", right=True), Column("DISK", 4, "", right=True),
    Column("PARENT", 6, "", right=True), Column("DATE", 11, ""), Column("SIZE", 8, "", right=True),
    Column("NAME", 30, ""),
)  # fmt: skip
_NICS = (
    Column("ID", 3, "", right=True), Column("NETWORK", 20, ""), Column("VLAN", 4, ""), Column("BRIDGE", 12, ""),
    Column("IP", 15, ""), Column("MAC", 17, ""),
)  # fmt: skip
_SNAPSHOTS = (
    Column("ID", 3, "", right=True), Column("TIME", 11, ""), Column("NAME", 36, ""), Column("HYPERVISOR_ID", 20, ""),
)  # fmt: skip
_HISTORY = (
    Column("SEQ", 3, "", right=True), Column("HOSTNAME", 15, ""), Column("REASON", 16, ""),
    Column("START", 14, "", right=True), Column("TIME", 12, "", right=True), Column("PTIME", 12, "", right=True),
)  # fmt: skip
_SCHEDULES = (
    Column("ID", 3, "", right=True), Column("ACTION", 16, ""), Column("SCHEDULED", 14, ""), Column("REP", 16, ""),
    Column("END", 14, ""), Column("DONE", 14, ""), Column("MESSAGE", 30, ""),
)  # fmt: skip


def _copy(copy: dict[str, Any]) -> str:
    return f"{copy['host']} (alive)" if copy["alive"] else f"{copy['host']} (off)"


def _disk(disk: dict[str, Any]) -> tuple[Any, ...]:
    image = disk["image"] or disk["path"].rpartition("/")[2] or "-"
    size = f"{disk['size_bytes'] >> 20}M" if disk["size_bytes"] else "-"
    save = "YES" if disk["persistent"] else "NO"
    return disk["disk_id"], disk["datastore"] or "-", disk["target"], image, size, disk["type"], save


def _disk_snapshot(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        "=>" if row["active"] else "", row["id"], row["disk_id"], row["parent"], moment(row["date"], "%m/%d %H:%M"),
        f"{row['size_bytes'] >> 20}M", row["name"],
    )  # fmt: skip


def _nic(nic: dict[str, Any]) -> tuple[Any, ...]:
    return nic["nic_id"], nic["network"], nic["vlan"] or "no", nic["bridge"] or "-", nic["ip"] or "-", nic["mac"]


def _snapshot(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["id"], moment(row["time"], "%m/%d %H:%M"), row["name"], row["hypervisor_id"]


def _record(record: dict[str, Any], now: int) -> tuple[Any, ...]:
    stay = (record["end_time"] or now) - record["start_time"]
    prolog = record["prolog_end"] - record["prolog_start"] if record["prolog_start"] and record["prolog_end"] else 0
    return (
        record["seq"], record["host"], record["action"], moment(record["start_time"]), span(stay), span(prolog),
    )  # fmt: skip


def _schedule(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["id"],
        row["action"],
        moment(row["next"] or row["time"], "%m/%d %H:%M"),
        repeat_text(row["repeat"], row["days"], row["cron"]) or "-",
        end_text(_ENDS.index(row["end"]["type"]), row["end"]["value"] or 0, row["time_zone"]),
        moment(row["done"], "%m/%d %H:%M"),
        row["message"],
    )


_ENDS = ("never", "times", "date")


def moment(seconds: int | None, layout: str = "%m/%d %H:%M:%S") -> str:
    """Unix seconds as local date and time, ``-`` for none."""
    import time

    return time.strftime(layout, time.localtime(seconds)) if seconds else "-"


def span(seconds: int) -> str:
    """``1d 02h03m`` and the like."""
    return f"{seconds // 86400}d {seconds % 86400 // 3600:02d}h{seconds % 3600 // 60:02d}m"


def flat(attributes: dict[str, Any]) -> list[tuple[str, str]]:
    """Attributes as ``KEY="value"`` pairs, vectors in brackets, secrets starred out."""
    return [
        (key, _shown(key, item))
        for key, value in attributes.items()
        for item in (value if isinstance(value, list) else [value])
    ]


def _shown(key: str, value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{name}={_shown(name, item)}" for name, item in value.items())
        return f"[ {inner} ]"
    escaped = str(value).replace('"', '\\"')
    return f'"{STARS}"' if key in SECRET else f'"{escaped}"'
