"""What an empty list says: why it is empty, and what to type next."""

from __future__ import annotations

from vmconsole.console.fleet import FleetModel

_HOSTS_NAMED = 5


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
        return ["no VM of ours yet, but unmanaged ones on the hosts; take them over:", *_takeovers(model)]
    return [
        "no VM yet",
        ":template create @tiny                        a shipped one; @linux and @install are others",
        ":template list                                what there is to start from",
        ":template instantiate TEMPLATE --name web     or the key n",
    ]


def _takeovers(model: FleetModel) -> list[str]:
    """One line a host, the fullest first."""
    fullest = sorted(model.wild, key=lambda number: -model.wild[number])[:_HOSTS_NAMED]
    lines = [
        (f":host importvm {model.hosts[number].name} --all", model.wild[number])
        for number in fullest
        if number in model.hosts
    ]
    widest = max((len(line) for line, _ in lines), default=0)
    return [f"{line:{widest}}    {count:,} VM{'s' if count != 1 else ''}" for line, count in lines]
