"""What an empty list says: why it is empty, and what to type next."""

from __future__ import annotations

from vmconsole.console.fleet import FleetModel


def what_to_type(model: FleetModel) -> list[str]:
    """Lines for the place where VMs would be; none when there is something to show."""
    if model.order:
        return []
    if not model.complete:
        return ["reading the store …"]
    if model.filter:
        return [f"no VM matches {model.filter.text}", "/ changes the filter, esc takes it away"]
    if not model.hosts:
        return [
            "no host yet",
            ":host create qemu+ssh://root@HOST/system --name h1 --import-all",
            ":host create qemu:///system --name local      this machine",
        ]
    if model.wild:
        count = f"{model.wild:,} VM" + ("s run" if model.wild != 1 else " runs")
        return [f"no VM of ours yet; {count} on the hosts unmanaged", ":host importvm HOST NAME      takes one over"]
    return [
        "no VM yet",
        ":template list                                what there is to start from",
        ":template instantiate TEMPLATE --name web     or the key n",
    ]
