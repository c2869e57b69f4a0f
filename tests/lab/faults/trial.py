"""Every failure, left by every `recover`: where that ends, whether all agree on it, and whether the VM lives on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.lab.command import LabError
from tests.lab.domains import power
from tests.lab.herd import PATIENCE, Herd, place_of
from tests.lab.product import Document
from tests.lab.vms import positions
from tests.lab.walk.expected import expected
from vmconsole.lifecycle import actions
from vmconsole.lifecycle.actions import ACTIONS

from .agreement import disagreement
from .faults import HOME, Fault

OPTIONS = tuple(row.name for row in ACTIONS if row.recovery is not None)
_REVIVAL = {
    "POWEROFF": "resume {vm}",
    "SUSPENDED": "resume {vm}",
    "PENDING": f"deploy {{vm}} {HOME}",
    "STOPPED": f"deploy {{vm}} {HOME}",
    "UNDEPLOYED": f"deploy {{vm}} {HOME}",
}
"""How a VM that was recovered is brought back to life."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of one failure: where it ended, where the host was then seen to be, and what is wrong."""

    fault: Fault
    option: str
    end: str
    seen: str
    wrong: str = ""


class Trial:
    """Collects the ways out of every failure that it is given."""

    def __init__(self, herd: Herd) -> None:
        self._herd = herd
        self._product = herd.product
        self.ways: list[Way] = []
        self.forgotten: list[int] = []
        """VMs of which only the record is gone."""

    def of(self, fault: Fault) -> None:
        """Fail one VM for each option, mend the fault, and recover them all."""
        vms = dict(zip(OPTIONS, self._herd.fail(fault, len(OPTIONS)), strict=True))
        self.forgotten.append(vms["delete-db"])
        self._failed(fault, vms["retry"])
        self._herd.mend(fault, vms.values())
        self._herd.work_by_hand(fault.failure, vms["recover-success"])
        lines = [f"{_typed(option)} {vm} --yes" for option, vm in vms.items()]
        answers = self._product.script(lines, "--no-wait")
        for (option, vm), answer in zip(vms.items(), answers, strict=True):
            self.ways.append(self._judged(fault, option, vm, answer))
        self._live_on([way for way in self.ways if way.fault is fault], vms)

    def _failed(self, fault: Fault, vm: int) -> None:
        """While the fault is there, a retry fails as the operation did; `show` says where the VM is, lists say fail."""
        (answer,) = self._product.script([f"recover --retry {vm}"])
        again = self._product.at_rest(vm, PATIENCE)
        assert not answer["ok"], fault
        assert (place_of(again), again["stat"]) == (fault.failure, "fail"), again["message"]
        assert f"LCM_STATE           : {fault.failure}\n" in self._product.run("show", str(vm))
        domains = [power(host, f"one-{vm}") for host in self._herd.lab.hosts]
        assert ("running", False) not in domains, fault  # what failed is not half alive

    def _judged(self, fault: Fault, option: str, vm: int, answer: Document) -> Way:
        passes = expected()[option, fault.failure]
        result = answer["results"][0]
        if not answer["ok"]:
            return Way(fault, option, "", "", result["error"]["message"])
        operation = self._product.ended(result["op"], timeout=PATIENCE)
        end = passes[-1] if passes else fault.failure
        wrong = ""
        if operation["state"] != "done":
            wrong = f"{operation['state']}: {operation['error']['message']}"
        elif tuple(positions(operation)) != passes:
            wrong = f"passed {positions(operation)}"
        self._product.at_rest(vm, PATIENCE)
        if wrong or option == "delete-db" or not passes:
            return Way(fault, option, end, end, wrong)
        seen, wrong = self._agreed(vm)
        return Way(fault, option, end, seen, wrong)

    def _agreed(self, vm: int) -> tuple[str, str]:
        """Where a VM is as soon as the hosts agree to that, or what they say else after a time."""

        def look() -> Document:
            found = self._product.vm(vm)
            return {"seen": place_of(found), "wrong": disagreement(self._herd.lab, found)}

        with suppress(LabError):  # what is wrong after that time, the last look says
            self._product.eventually(look, lambda found: not found["wrong"], timeout=60)
        found = look()
        return found["seen"], found["wrong"]

    def _live_on(self, ways: Sequence[Way], vms: dict[str, int]) -> None:
        """Bring to life what was recovered, and end what was not."""
        rests = {vms[way.option]: way.seen for way in ways if way.seen in _REVIVAL}
        self._product.script([_REVIVAL[place].format(vm=vm) for vm, place in rests.items()])
        for way in [way for way in ways if vms[way.option] in rests and not way.wrong]:
            vm = self._product.at_rest(vms[way.option], PATIENCE)
            if place_of(vm) != "RUNNING":
                self._note(way, f"does not live on: {place_of(vm)}: {vm['message']}")

    def _note(self, way: Way, wrong: str) -> None:
        self.ways[self.ways.index(way)] = Way(way.fault, way.option, way.end, way.seen, wrong)


def _typed(option: str) -> str:
    return actions.action(option).title
