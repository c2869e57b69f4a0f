"""The walk itself: place by place, first everything that must be refused there, then everything that is legal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tests.lab.faults.faults import HOME
from tests.lab.herd import Herd, place_of
from tests.lab.product import Document
from tests.lab.vms import positions
from vmconsole.lifecycle.actions import ACTIONS

from . import deeds
from .expected import PLACES, expected, stays
from .table import Cell

CONFLICT = 5
"""Exit status of an action that is refused where a VM is."""
_CORRECTED = frozenset({"recover-success", "recover-failure"})
"""What takes an operator's word: the host may say otherwise right afterwards."""
_LIVELY = frozenset({
    "cpu", "memory_kib", "net_rx_bytes", "net_tx_bytes", "disk_read_bytes", "disk_write_bytes", "observed",
    "observed_at",
})  # fmt: skip
"""What changes by itself."""


class Walk:
    """Collects one cell for every action at every place."""

    def __init__(self, herd: Herd) -> None:
        self._herd = herd
        self._product = herd.product
        self._folder = herd.product.store.parent
        for name, text in deeds.FILES.items():
            (self._folder / name).write_text(text)
        self.cells: list[Cell] = []

    def everywhere(self) -> list[Cell]:
        """All cells, in the order of the catalogue."""
        for place in PLACES:
            self.at(place)
        order = {row.name: number for number, row in enumerate(ACTIONS)}
        return sorted(self.cells, key=lambda cell: order[cell.action])

    def at(self, place: str) -> None:
        """Ask for every action at one place: what is to be refused or leaves VMs there of one, the rest of one each."""
        names = [row.name for row in ACTIONS]
        legal = [name for name in names if (name, place) in expected()]
        leaving = [name for name in legal if not stays(name, place)]
        layered = [name for name in legal if name in deeds.LAYERED] if self._layers(place) else []
        staying = [name for name in legal if name not in leaving and name not in layered]
        resident, *walkers = self._herd.take(place, 1 + len(leaving))
        self._refused([name for name in names if name not in legal], resident, place)
        self._one_by_one(staying, resident, place)
        if layered:
            self._one_by_one(layered, self._layered(place), place)
        self._all_at_once(dict(zip(leaving, walkers, strict=True)), place)
        self._herd.give_back(walkers)

    # Preparing

    @staticmethod
    def _layers(place: str) -> bool:
        return ("disk-snapshot-create", place) in expected()

    def _layered(self, place: str) -> int:
        """A VM with snapshots of a disk at a place."""
        (vm,) = self._herd.take("POWEROFF", 1)
        way = {"POWEROFF": (), "RUNNING": ("resume",), "SUSPENDED": ("resume", "suspend")}[place]
        lines = [line.format(vm=vm) for line in deeds.LAYERS] + [f"{word} {vm}" for word in way]
        assert all(answer["ok"] for answer in self._product.script(lines))
        self._herd.settled([vm], place)
        return vm

    def _lines(self, names: Iterable[str], vm: Document, place: str) -> Iterator[str]:
        """Commands on one VM, one after another."""
        host = vm["host"]
        for name in names:
            yield deeds.line(name, vm["id"], place=place, host=host, folder=str(self._folder))
            if name in deeds.MOVES:
                host = deeds.other(host)

    # Refusals

    def _refused(self, names: Sequence[str], vm: int, place: str) -> None:
        before = self._still(vm)
        answers = self._product.script(self._lines(names, self._product.vm(vm), place))
        after = self._still(vm)
        changed = ", ".join(key for key in before if before[key] != after[key])
        for name, answer in zip(names, answers, strict=True):
            wrong = "" if answer["exit"] == CONFLICT else f"exit {answer['exit']}: {_why(answer)}"
            self._note(name, place, wrong=wrong or (f"changed: {changed}" if changed else ""))

    def _still(self, vm: int) -> Document:
        """All of a VM that does not change by itself, and what was ever asked of it."""
        seen = {key: value for key, value in self._product.vm(vm).items() if key not in _LIVELY}
        return {**seen, "operations": self._product.json("operation", "list", "--vm", str(vm))}

    # What is accepted

    def _one_by_one(self, names: Sequence[str], vm: int, place: str) -> None:
        """Actions that leave a VM where it is."""
        answers = self._product.script(self._lines(names, self._product.vm(vm), place))
        self._judge(names, [vm] * len(names), answers, place)

    def _all_at_once(self, walkers: dict[str, int], place: str) -> None:
        """Actions that take a VM away, each on its own VM."""
        unseen = deeds.ASKS_THE_GUEST if place == "UNKNOWN" else frozenset[str]()
        seen = {name: vm for name, vm in walkers.items() if name not in unseen}
        self._judge(list(seen), list(seen.values()), self._submitted(seen, place), place)
        if unseen:
            self._perform_unseen({name: walkers[name] for name in unseen}, place)

    def _submitted(self, walkers: dict[str, int], place: str) -> list[Document]:
        if "recover-success" in walkers:
            self._herd.work_by_hand(place, walkers["recover-success"])
        seen = self._herd.look(walkers.values())
        lines = [next(self._lines([name], vm, place)) for name, vm in zip(walkers, seen, strict=True)]
        return self._product.script(lines, "--no-wait")

    def _perform_unseen(self, walkers: dict[str, int], place: str) -> None:
        """Ask guests that run, but whose host has been silent, and speaks again once they are asked."""
        host, patience = self._herd.lab[HOME], 3
        self._herd.wake(walkers.values())
        self._herd.settled(walkers.values(), "RUNNING")
        self._product.settings(unreachable_after=patience)
        host.hang("libvirtd", 60)
        try:
            self._herd.settled(walkers.values(), place)
            answers = self._submitted(walkers, place)
        finally:
            host.wake("libvirtd")
            self._product.settings(unreachable_after=20)
        self._judge(list(walkers), list(walkers.values()), answers, place)

    # Judging

    def _judge(self, names: Sequence[str], vms: Sequence[int], answers: Sequence[Document], place: str) -> None:
        """Note what became of each action, once all have ended."""
        operations = [_result(answer).get("op") for answer in answers]
        known = [identity for identity in operations if identity]
        self._product.script([f"operation wait {identity}" for identity in known])
        ended = dict(zip(known, self._product.script(f"operation show {identity}" for identity in known), strict=True))
        places = {vm["id"]: place_of(vm) for vm in self._herd.at_rest(set(vms))}
        for name, vm, answer, identity in zip(names, vms, answers, operations, strict=True):
            end = self._end(name, place)
            wrong = self._wrong(name, place, ended[identity]) if identity else _not_taken(name, place, answer)
            if not wrong and places[vm] != end and name not in _CORRECTED:
                wrong = f"ended at {places[vm]}"
            self._note(name, place, end=end, wrong=wrong)

    @staticmethod
    def _wrong(name: str, place: str, operation: Document) -> str:
        """What is wrong with an operation that has ended."""
        passed, passes = tuple(positions(operation)), expected()[name, place]
        if _nothing_there(name, operation):
            return ""
        if operation["state"] != "done":
            return f"{operation['state']}: {_why(operation)}"
        return "" if passed == passes else f"passed {list(passed)}, not {list(passes)}"

    @staticmethod
    def _end(name: str, place: str) -> str:
        passes = expected()[name, place]
        if not passes:
            return place
        return "PAUSED" if name == "pause" else passes[-1]

    def _note(self, name: str, place: str, *, end: str = "", wrong: str = "") -> None:
        self.cells.append(Cell(name, place, end, wrong))


def _result(answer: Document) -> Document:
    found: Document = answer["results"][0] if answer["results"] else {}
    return found


def _not_taken(name: str, place: str, answer: Document) -> str:
    """What is wrong with an action of which no operation came: nothing if there was nothing to do."""
    if _nothing_there(name, answer):
        return ""
    if not answer["ok"]:
        return f"refused: {_why(answer)}"
    return "nothing was done" if expected()[name, place] else ""


def _nothing_there(name: str, answer: Document) -> bool:
    """Whether the state was no obstacle, and only the snapshot that is to be renamed does not exist."""
    return name == "disk-snapshot-rename" and _error(answer)["code"] == "NO_SNAPSHOT"


def _error(answer: Document) -> Document:
    found: Document = answer.get("error") or {"code": "", "message": "done"}
    return found


def _why(answer: Document) -> str:
    return f"{_error(answer)['code']}: {_error(answer)['message']}"
