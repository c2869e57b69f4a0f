"""What became of one target of a changing command, and of all of them together."""

from __future__ import annotations

from vmconsole.batch.output import API
from vmconsole.errors import Failed, Partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from vmconsole.commands.request import Request
    from vmconsole.errors import VmconsoleError


class Outcome:
    """One request, the last document of its operation if it has one, and the error it ended with if it did."""

    __slots__ = ("document", "error", "request")

    def __init__(self, request: Request, document: dict[str, Any] | None, error: VmconsoleError | None) -> None:
        self.request = request
        self.document = document
        self.error = error

    @property
    def status(self) -> int:
        return 0 if self.error is None else self.error.exit

    @property
    def changed(self) -> bool:
        """Whether something is known to be different now."""
        return self.document is not None and self.document["state"] == "done"

    def as_document(self, places: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
        """The outcome as it stands in JSON.

        Args:
            places: uuid, state and host of VMs as they are now, by id.
        """
        request, document = self.request, self.document
        place = places.get(request.vm_id, {}) if request.vm_id is not None else {}
        shown: dict[str, Any] = {
            "target": {"kind": request.kind, "id": request.vm_id, "uuid": place.get("uuid"), "name": request.name},
            "command": request.command,
            "ok": self.error is None,
            "changed": self.changed,
            "op": document["id"] if document else None,
        }
        if place:
            shown |= {"from": request.state, "to": place["state"], "host": place["host"]}
        if document:
            shown |= {"state": document["state"], "result": document["result"]}
            if document["ended"]:
                shown["ms"] = round((document["ended"] - document["created"]) * 1000)
        if self.error is not None:
            shown["error"] = self.error.document()
        return shown


def combined(statuses: Sequence[int]) -> int:
    """The exit status of a run from those of its targets.

    All succeeded: 0. Some did: 3. None did: their common status, or 1 if they failed in different ways.
    """
    failures = {status for status in statuses if status}
    if not failures:
        return 0
    if 0 in statuses:
        return Partial.exit
    return failures.pop() if len(failures) == 1 else Failed.exit


def report(outcomes: Sequence[Outcome], status: int, places: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    """The one document of a changing command."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    unknown = sum(outcome.error is not None and outcome.error.outcome == "unknown" for outcome in failed)
    document: dict[str, Any] = {
        "api": API,
        "ok": status == 0,
        "exit": status,
        "summary": {
            "requested": len(outcomes),
            "changed": sum(outcome.changed for outcome in outcomes),
            "unchanged": sum(bool(outcome.request.already) for outcome in outcomes),
            "failed": len(failed) - unknown,
            "unknown": unknown,
        },
        "results": [outcome.as_document(places) for outcome in outcomes],
    }
    if len(outcomes) == len(failed) == 1:
        assert failed[0].error is not None
        document["error"] = failed[0].error.document()
    return document
