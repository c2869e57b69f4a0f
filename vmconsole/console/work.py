"""The operations as the screen follows them: what runs and waits, what just ended, and which VM's last one failed."""

from __future__ import annotations

from typing import Any

from vmconsole.store.operations import ENDED


class Work:
    """What is being done to the fleet. Operations are the documents of `store.operations`."""

    def __init__(self) -> None:
        self.operations: dict[str, dict[str, Any]] = {}
        """Operations that have not ended, by id, oldest first."""
        self.by_vm: dict[int, dict[str, Any]] = {}
        """By VM, the operation that runs on it, or else waits."""
        self.failures: dict[int, dict[str, Any]] = {}
        """By VM, its last operation if that did not succeed."""
        self._ended: list[dict[str, Any]] = []
        self._queues: dict[int, dict[str, dict[str, Any]]] = {}
        self._announced: set[str] = set()

    def follow(self, operation: dict[str, Any]) -> None:
        """Take in how an operation is now; a row may be read twice."""
        identity, number = operation["id"], operation["vm"]
        if operation["state"] in ENDED:
            self.operations.pop(identity, None)
            if identity not in self._announced:
                self._announced.add(identity)
                self._ended.append(operation)
        else:
            self.operations[identity] = operation
        if number is not None:
            self._note_failure(number, operation)
            self._choose(number, identity)

    def take_ended(self) -> list[dict[str, Any]]:
        """Operations that ended since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def forget_active(self) -> None:
        """Everything that has not ended will be read anew."""
        self.operations.clear()
        self.by_vm.clear()
        self._queues.clear()

    def _note_failure(self, number: int, operation: dict[str, Any]) -> None:
        known = self.failures.get(number)
        if known is not None and known["seq"] > operation["seq"]:
            return
        if operation["state"] in ("failed", "unknown"):
            self.failures[number] = operation
        else:
            self.failures.pop(number, None)

    def _choose(self, number: int, identity: str) -> None:
        """Show of a VM's operations the one that runs, else the one that waits longest."""
        queue = self._queues.setdefault(number, {})
        if identity in self.operations:
            queue[identity] = self.operations[identity]
        else:
            queue.pop(identity, None)
        if queue:
            self.by_vm[number] = min(queue.values(), key=lambda other: (other["state"] != "running", other["seq"]))
        else:
            self.by_vm.pop(number, None)
            del self._queues[number]


def reason(operation: dict[str, Any]) -> str:
    """Why an operation did not succeed, in one sentence."""
    error = operation["error"] or {}
    return str(error.get("message") or operation["note"] or "no reason was recorded")
