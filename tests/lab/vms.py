"""VMs that tests make, and lead through their life under the eyes of virsh."""

from __future__ import annotations

from vmconsole.lifecycle import actions, states

from . import domains
from .guests import READY
from .hosts import Host, Lab
from .product import Document, Product
from .witness import next_count


def running(product: Product, lab: Lab, template: str, *options: str) -> tuple[int, Host]:
    """A new VM and the host on which it runs."""
    (number,) = product.instantiate(template, *options)
    return number, lab[product.until(number, "runn")["host"]]


def act(product: Product, lab: Lab, number: int, command: str) -> Document:
    """Carry an action out; the operation's states must be the table's, and the hosts must agree with the outcome."""
    before = product.vm(number)
    product.run(*command.split(), str(number))
    operation = product.last_operation(number)
    after = product.at_rest(number)
    asked = actions.action(operation["command"])
    started = states.by_numbers(before["state_number"], before["lcm_state_number"])
    assert positions(operation) == [place.name for place in actions.chain(asked, started)]
    assert operation["state"] == "done"
    if after["stat"] != "pend":
        domains.check(lab, after)
    return after


def positions(operation: Document) -> list[str]:
    """The positions an operation took its VM through."""
    return [event["position"] for event in operation["events"] if event["position"]]


def counted(lab: Lab, vm: Document) -> int:
    return next_count(lab[vm["host"]], f"one-{vm['id']}")


def booted(host: Host, number: int) -> None:
    """Wait until the guest is ready, and obeys its power button if it ever does."""
    host.serial(f"one-{number}", READY)


def newest(product: Product, number: int, command: str) -> Document:
    """The newest operation on a VM with this command, with its events."""
    found = product.json("operation", "list", "--vm", str(number))
    return product.operation(next(operation["id"] for operation in found if operation["command"] == command))
