"""A changing command: ask if it destroys, submit, wait, report each target."""

from __future__ import annotations

import sys
import time

from vmconsole.batch import output
from vmconsole.commands import submission
from vmconsole.errors import Partial, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command
    from vmconsole.commands.request import Request
    from vmconsole.errors import VmconsoleError

PROGRESS_FROM = 1.0
"""Seconds of waiting after which a person is shown progress."""


class Outcome:
    """What became of one request."""

    __slots__ = ("document", "error", "request")

    def __init__(self, request: Request, document: dict[str, Any] | None, error: VmconsoleError | None) -> None:
        self.request = request
        self.document = document
        self.error = error

    def as_document(self) -> dict[str, Any]:
        """The outcome as it stands in JSON."""
        target: dict[str, Any] = {"name": self.request.label}
        if self.request.vm_id is not None:
            target = {"kind": "vm", "id": self.request.vm_id, "name": self.request.label}
        shown: dict[str, Any] = {
            "target": target,
            "command": self.request.command,
            "ok": self.error is None,
            "changed": self.error is None and not self.request.already,
            "op": self.document["id"] if self.document else None,
        }
        if self.document:
            shown["state"] = self.document["state"]
            shown["result"] = self.document["result"]
        if self.error is not None:
            shown["error"] = self.error.document()
        return shown


def change(context: Context, url: str, command: Command, values: dict[str, Any], config_path: str | None) -> int:
    """Carry a changing command out; returns the exit status."""
    requests = command.prepare(context, values)
    if values["dry_run"]:
        return _dry_run(requests, values)
    _confirm(context, command, values, requests)
    identities = submission.submit(context, requests)
    if any(identities):
        submission.summon(url, config_path)
    if values["no_wait"]:
        return _report(_accepted(context, requests, identities), values, waited=False)
    outcomes = _wait(context, url, requests, identities, values, config_path)
    return _report(outcomes, values, waited=True)


def _dry_run(requests: Sequence[Request], values: dict[str, Any]) -> int:
    outcomes = [Outcome(request, None, request.error) for request in requests]
    if values["json"]:
        return _report(outcomes, values, waited=False)
    for request in requests:
        if request.error is None:
            output.data(f"{request.label}: {request.already or f'would {request.command}'}\n")
    return _complain(outcomes)


def _confirm(context: Context, command: Command, values: dict[str, Any], requests: Sequence[Request]) -> None:
    """Ask a person at a terminal before something is destroyed; a script has said what it wants by running."""
    level = command.level(values, len(requests))
    if level < 3 or values["yes"] or context.ask is None or values["json"]:
        return
    names = ", ".join(request.label for request in requests[:20])
    more = f" and {len(requests) - 20} more" if len(requests) > 20 else ""
    answer = context.ask(f"{command.words} {names}{more}: nothing brings them back. Type yes to go on: ", False)
    if answer.strip().lower() != "yes":
        raise Usage("nothing was done: it was not confirmed", code="NOT_CONFIRMED", hint="--yes asks nothing")


def _accepted(context: Context, requests: Sequence[Request], identities: Sequence[str]) -> list[Outcome]:
    from vmconsole.store import operations

    return [
        Outcome(request, operations.get(context.session, identity) if identity else None, request.error)
        for request, identity in zip(requests, identities, strict=True)
    ]


def _wait(
    context: Context,
    url: str,
    requests: Sequence[Request],
    identities: Sequence[str],
    values: dict[str, Any],
    config_path: str | None,
) -> list[Outcome]:
    documents = submission.wait(
        context.session,
        identities,
        timeout=values["timeout"] if "uri" not in values else None,
        summon_again=lambda: submission.summon(url, config_path),
        on_progress=_progress() if sys.stderr is not None and sys.stderr.isatty() else None,
    )
    outcomes = []
    for request, identity in zip(requests, identities, strict=True):
        document = documents.get(identity)
        error = request.error or (submission.verdict(document) if document else None)
        outcomes.append(Outcome(request, document, error))
    return outcomes


def _progress() -> Any:
    """Shows how far the operation is, on one line that is overwritten, once the waiting takes long."""
    begun = time.monotonic()

    def show(document: dict[str, Any]) -> None:
        if time.monotonic() - begun < PROGRESS_FROM:
            return
        ended = document["state"] != "running"
        percent = f" {document['progress']:g} %" if document["progress"] is not None else ""
        text = "" if ended else f"{document['command']}: {document['step'] or 'at work'}{percent}"
        sys.stderr.write(f"\r{text[:78]:<78}" + ("\r" if ended else ""))
        sys.stderr.flush()

    return show


def _report(outcomes: Sequence[Outcome], values: dict[str, Any], *, waited: bool) -> int:
    if values["json"]:
        return _report_json(outcomes)
    printed: list[str] = []
    for outcome in outcomes:
        if outcome.error is not None or outcome.document is None:
            continue
        printed += _result_lines(outcome.document) if waited else [outcome.document["id"]]
        if values["verbose"] and outcome.request.verbose:
            printed.append(f"VM {outcome.request.vm_id}: {outcome.request.verbose}")
    output.data("".join(f"{line}\n" for line in printed))
    for outcome in outcomes:
        if outcome.request.already:
            output.words(f"{outcome.request.label}: {outcome.request.already}")
    return _complain(outcomes)


def _result_lines(document: dict[str, Any]) -> list[str]:
    """What a person wants to know of a new object: its number."""
    result = document["result"]
    lines = [f"VM ID: {number}" for number in result.get("vm_ids", ())] if document["command"] == "vm.create" else []
    for key, word in (("template_id", "Template ID"), ("image_id", "Image ID"), ("host_id", "Host ID")):
        if key in result:
            lines.append(f"{word}: {result[key]}")
    if result.get("imported"):
        lines.append(f"Imported: {result['imported']} VMs")
    if document["command"] == "host.importvm":
        lines += [f"VM ID: {number}" for number in result.get("vm_ids", ())]
    if result.get("wild"):
        output.words(
            f"{result['wild']} domains on it are no VMs yet; to make VMs of them:"
            f" vmconsole host importvm {result['host_id']} --all"
        )
    if result.get("keys"):
        lines += [f"shown: {key}" for key in result["keys"]]
        output.words("compare with what the host's administrator says, then add: --fingerprint SHA256:…")
    if result.get("fingerprint"):
        lines.append(f"Accepted: {result['fingerprint']}")
    return lines


def _complain(outcomes: Sequence[Outcome]) -> int:
    for outcome in outcomes:
        if outcome.error is not None:
            output.words(output.line(outcome.error))
    return _status(outcomes)


def _status(outcomes: Sequence[Outcome]) -> int:
    """One class of failure is that class; some of several failed is 3; all failed in different ways is 1."""
    statuses = {outcome.error.exit for outcome in outcomes if outcome.error is not None}
    if not statuses:
        return 0
    if any(outcome.error is None for outcome in outcomes):
        return Partial.exit
    return statuses.pop() if len(statuses) == 1 else 1


def _report_json(outcomes: Sequence[Outcome]) -> int:
    status = _status(outcomes)
    failed = sum(1 for outcome in outcomes if outcome.error is not None)
    unchanged = sum(1 for outcome in outcomes if outcome.request.already)
    document: dict[str, Any] = {
        "api": output.API,
        "ok": status == 0,
        "exit": status,
        "summary": {
            "requested": len(outcomes),
            "changed": len(outcomes) - failed - unchanged,
            "unchanged": unchanged,
            "failed": failed,
        },
        "results": [outcome.as_document() for outcome in outcomes],
    }
    if failed == 1 and len(outcomes) == 1 and outcomes[0].error is not None:
        document["error"] = outcomes[0].error.document()
    output.data(output.dump(document) + "\n")
    for outcome in outcomes:
        if outcome.error is not None:
            output.words(output.line(outcome.error))
    return status
