"""What the transfer of a VM's files consists of, part by part: an operator may leave some of it out (ON-101)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from vmconsole.lifecycle.steps import Step

MEMORY = "memory"
DEFINITION = "definition"


def disk_part(disk_id: int) -> str:
    """The name of the part that is about one disk."""
    return f"disk {disk_id}"


class Part(NamedTuple):
    """One part: its name, and what is done when it is not left out."""

    name: str
    meaning: str


class Files(NamedTuple):
    """The files of a VM: ids of all its disks, of those made for it alone, and whether its memory is saved."""

    disks: tuple[int, ...]
    own: tuple[int, ...]
    memory: bool


def parts(step: Step, files: Files) -> tuple[Part, ...]:
    """The parts of a transfer, in the order in which they are done; none of a step that transfers nothing."""
    memory, definition = Part(MEMORY, "bring its saved memory to the host"), Part(DEFINITION, "undefine it on its host")
    if step is Step.PROLOG:
        return _disks(files.disks, "make it, or bring it to the host")
    if step is Step.FETCH:
        return (*_disks(files.disks, "bring it to the host"), *_if(files.memory, memory))
    if step is Step.TRANSFER:
        return (*_disks(files.disks, "bring it to the new host"), *_if(files.memory, memory), definition)
    if step is Step.TAKE_OVER:
        return _disks(files.disks, "bring it to the new host")
    if step is Step.STORE:
        return (*_if(files.memory, Part(MEMORY, "save its memory as a file")), definition)
    if step is Step.EPILOG:
        removed = Part(MEMORY, "remove its saved memory")
        return (definition, *_disks(files.own, "remove it"), *_if(files.memory, removed))
    return ()


def _disks(numbers: Iterable[int], meaning: str) -> tuple[Part, ...]:
    return tuple(Part(disk_part(number), meaning) for number in numbers)


def _if(there: bool, part: Part) -> tuple[Part, ...]:
    return (part,) if there else ()
