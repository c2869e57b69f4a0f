"""The Show pane: what a VM is, where it is, and what hangs on it."""

from __future__ import annotations

from typing import Any

from vmconsole.console.line_view import Line
from vmconsole.console.palette import GLYPHS, role_of
from vmconsole.lifecycle import states
from vmconsole.presentation import age, fit, moment, running_time
from vmconsole.store.detail import Detail
from vmconsole.templates.sizes import human

_KEY_WIDTH = 12


def lines(detail: Detail, now: float, width: int) -> list[Line]:
    """The VM in blocks: identity, place and load, disks, NICs, permissions, attributes."""
    vm = detail.document
    return [
        *_identity(vm, now),
        *_load(vm),
        *_block("Disks", [_disk(disk) for disk in vm["disks"]], "no disk"),
        *_block("NICs", [_nic(nic) for nic in vm["nics"]], "no network interface"),
        *_attributes(vm["attributes"]),
    ]


def heading(text: str) -> Line:
    """The title of a block."""
    return [(f" {text}", "title")]


def field(key: str, text: str, role: str = "text") -> Line:
    """One ``key  value`` line."""
    return [(f" {fit(key, _KEY_WIDTH)}", "dim"), (text, role)]


def _identity(vm: dict[str, Any], now: float) -> list[Line]:
    place = states.by_numbers(vm["state_number"], vm["lcm_state_number"])
    role = role_of(place)
    state = f"{GLYPHS[role]} {vm['stat']}  {place.state_name}"
    since = (vm["end_time"] or now) - vm["start_time"]
    found = [
        field("name", vm["name"], "strong"),
        field("id", str(vm["id"])),
        field("uuid", vm["uuid"], "dim"),
        field("state", state, role),
        field("lcm state", place.lcm_name, role),
        field("", place.meaning, "dim"),
        field("host", vm["host"] or "none"),
        field("cluster", vm["cluster"] or "none"),
        field("owner", f"{vm['user']} / {vm['group']}   {_permissions(vm['permissions'])}"),
        field("started", f"{moment(vm['start_time'])}   {running_time(since).strip()}"),
    ]
    if vm["message"]:
        found.append(field("message", vm["message"], "failure"))
    flags = [word for word in ("resched", "imported", "paused", "protected") if vm[word]]
    if vm["lock"]:
        flags.append("locked")
    if flags:
        found.append(field("flags", ", ".join(flags), "unknown"))
    if vm["observed_at"] is not None:
        found.append(field("observed", f"{age(now - vm['observed_at'])} ago", "dim"))
    return found


def _permissions(mask: dict[str, str]) -> str:
    return f"{mask['owner']}{mask['group']}{mask['other']}"


def _load(vm: dict[str, Any]) -> list[Line]:
    return [
        [],
        heading("Load"),
        field("cpu", f"{vm['cpu']:.1f}% of {vm['vcpu']} vcpu"),
        field("memory", f"{human(vm['memory_kib'])} of {human(vm['memory_max_kib'])}"),
        field("network", f"in {human(vm['net_rx_bytes'] / 1024)}, out {human(vm['net_tx_bytes'] / 1024)}"),
        field("disk", f"read {human(vm['disk_read_bytes'] / 1024)}, written {human(vm['disk_write_bytes'] / 1024)}"),
    ]


def _block(title: str, found: list[Line], nothing: str) -> list[Line]:
    return [[], heading(title), *(found or [[(f" {nothing}", "dim")]])]


def _disk(disk: dict[str, Any]) -> Line:
    what = disk["image"] or disk["type"]
    flags = "".join(f", {word}" for word in ("persistent", "readonly") if disk[word])
    return [
        (f" {disk['disk_id']:>2} {fit(disk['target'], 5)}", "dim"),
        (fit(what, 20, more="…"), "text"),
        (f" {human(disk['size_bytes'] / 1024):>7} {disk['format']}{flags}", "dim"),
    ]


def _nic(nic: dict[str, Any]) -> Line:
    return [
        (f" {nic['nic_id']:>2} {fit(nic['model'], 8)}", "dim"),
        (fit(nic["network"] or nic["bridge"], 14, more="…"), "text"),
        (f" {nic['mac']} ", "dim"),
        (nic["ip"], "text"),
    ]


def _attributes(attributes: dict[str, Any]) -> list[Line]:
    if not attributes:
        return []
    return [[], heading("Attributes"), *(field(key, str(value)) for key, value in sorted(attributes.items()))]
