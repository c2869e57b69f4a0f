"""A changing command: ask if it destroys, submit, wait, report each target."""

from __future__ import annotations

import sys
import time

from vmconsole.batch import output
from vmconsole.batch.outcome import Outcome, combined, report
from vmconsole.commands import submission
from vmconsole.errors import Usage
from vmconsole.presentation import safe
from vmconsole.store import operations, vm_reading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command
    from vmconsole.commands.request import Request

PROGRESS_FROM = 1.0
"""Seconds of waiting after which a person is shown progress."""
FOR_EVER = 3
"""Level of what nothing brings back."""
MANY = 10
"""So many may be destroyed for ever by a script that does not say --yes: it has named each of them."""


def change(context: Context, command: Command, values: dict[str, Any]) -> int:
    """Carry a changing command out; returns the exit status.

    Args:
        values: of the command line; ``format`` is json, yaml, xml, csv, or empty for text.

    Raises:
        VmconsoleError: nothing was submitted.
        OutputFailed: everything was done, and the report is lost.
    """
    if values["format"] == "csv":
        raise Usage(f"{command.words} answers with no table: --csv has nothing to write", code="USAGE_OPTION")
    requests = command.prepare(context, values)
    for caveat in dict.fromkeys(line for request in requests for line in _caveats(request)):
        output.words(caveat)
    if values["dry_run"]:
        outcomes = [Outcome(request, None, request.error) for request in requests]
        return _report(context, outcomes, values)
    _confirm(context, command, values, requests)
    identities = submission.submit(context, requests)
    interrupted = False
    if any(identities):
        if values["no_wait"]:
            context.summon()
        else:
            interrupted = _wait(context, identities, values["timeout"])
    outcomes = [
        _outcome(context, request, identity, waited=not values["no_wait"])
        for request, identity in zip(requests, identities, strict=True)
    ]
    return _report(context, outcomes, values, interrupted=interrupted)


def _caveats(request: Request) -> list[str]:
    """What is to be known before it is done, of a VM that it can be done to."""
    return [] if request.error else [f"{request.label}: {sentence}" for sentence in request.caveats]


def _confirm(context: Context, command: Command, values: dict[str, Any], requests: Sequence[Request]) -> None:
    """Have a person say yes before something is destroyed for ever; many things, a script must have said it."""
    doomed = [request for request in requests if request.error is None and not request.already]
    if not doomed or values["yes"] or command.level(values, len(doomed)) < FOR_EVER:
        return
    if context.ask is None or values["format"]:
        if len(doomed) > MANY:
            raise Usage(
                f"{command.words}: nothing brings back {len(doomed)} at once, and nobody can be asked here",
                code="CONFIRMATION_REQUIRED",
                hint="--yes says that it is meant",
            )
        return
    names = ", ".join(request.label for request in doomed[:MANY])
    more = f" and {len(doomed) - MANY} more" if len(doomed) > MANY else ""
    question = f"{command.words} {names}{more}: nothing brings back what this takes. Type yes to go on: "
    if context.ask(safe(question), False).strip().lower() != "yes":
        raise Usage("nothing was done: it was not confirmed", code="NOT_CONFIRMED", hint="--yes asks nothing")


def _wait(context: Context, identities: Sequence[str], timeout: float | None) -> bool:
    """See them begun and wait for them; says whether the person interrupted that, which does not end the operations."""
    progress = Progress() if sys.stderr is not None and sys.stderr.isatty() else None
    try:
        context.summon()
        submission.wait(
            context.session,
            identities,
            timeout=timeout,
            summon_again=context.summon,
            on_progress=progress,
        )
    except KeyboardInterrupt:
        return True
    finally:
        if progress is not None:
            progress.clear()
    return False


class Progress:
    """Shows how far an operation is, on one line that is overwritten, once the waiting takes long."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._shown = False

    def __call__(self, document: dict[str, Any]) -> None:
        if document["state"] != "running" or time.monotonic() - self._begun < PROGRESS_FROM:
            return
        percent = f" {document['progress']:g} %" if document["progress"] is not None else ""
        text = safe(f"{document['command']}: {document['step'] or 'at work'}{percent}")
        self._shown = True
        self._write(f"\r{text[:78]:<78}")

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write(f"\r{'':<78}\r")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def _outcome(context: Context, request: Request, identity: str, *, waited: bool) -> Outcome:
    document = operations.get(context.session, identity) if identity else None
    error = request.error or (submission.verdict(document) if document and waited else None)
    if document and error and document["id"] not in error.hint:
        show = f"vmconsole operation show {document['id']}"
        error.hint = f"{error.hint}; {show}" if error.hint else show
    return Outcome(request, document, error)


def _report(context: Context, outcomes: Sequence[Outcome], values: dict[str, Any], *, interrupted: bool = False) -> int:
    status = output.INTERRUPTED if interrupted else combined([outcome.status for outcome in outcomes])
    # What holds for all of them is said once.
    for line in dict.fromkeys(line for outcome in outcomes for line in _remarks(outcome, values)):
        output.words(line)
    if values["format"]:
        from vmconsole.batch.formats import serialised

        numbers = [outcome.request.vm_id for outcome in outcomes if outcome.request.vm_id is not None]
        places = vm_reading.places(context.session, numbers)
        output.data(serialised(report(outcomes, status, places), values["format"], "REPORT"))
    else:
        lines = [line for outcome in outcomes if outcome.error is None for line in _lines(outcome, values)]
        output.data("".join(f"{safe(line)}\n" for line in lines))
    return status


def _remarks(outcome: Outcome, values: dict[str, Any]) -> list[str]:
    """What is said on standard error: what went wrong, or what a person had better know."""
    request, error = outcome.request, outcome.error
    if error is not None:
        return [output.line(error), *([f"  {error.detail}"] if values["verbose"] and error.detail else [])]
    if request.already:
        return [] if request.preview else [f"{request.label}: {request.already}"]
    result = outcome.document["result"] if outcome.document else {}
    if result.get("wild"):
        adopt = f"vmconsole host importvm {result['host_id']} --all"
        return [f"domains on it that are no VMs yet: {result['wild']}; to make VMs of them: {adopt}"]
    if result.get("remarks"):
        return list(result["remarks"])
    if result.get("keys"):
        return ["compare with what the host's administrator says, then add: --fingerprint SHA256:…"]
    return []


def _lines(outcome: Outcome, values: dict[str, Any]) -> list[str]:
    """What is printed of a success."""
    request, document = outcome.request, outcome.document
    if request.preview:
        return request.preview.splitlines()
    if values["dry_run"]:
        return [] if request.already else [f"{request.label}: would {request.command}"]
    if document is None:
        return []
    if values["no_wait"]:
        return [document["id"]]
    spoken = [f"VM {request.vm_id}: {request.verbose}"] if values["verbose"] and request.verbose else []
    return [*_result_lines(document), *spoken]


_NUMBERED = {
    "template_id": "Template ID",
    "image_id": "Image ID",
    "host_id": "Host ID",
    "network_id": "Network ID",
    "datastore_id": "Datastore ID",
    "user_id": "User ID",
    "group_id": "Group ID",
    "cluster_id": "Cluster ID",
    "zone_id": "Zone ID",
    "rule_id": "Rule ID",
}
"""Results that are the number of a new object, and how it is announced."""


def _result_lines(document: dict[str, Any]) -> list[str]:
    """What a person wants to know of a new object: its number."""
    result, command = document["result"], document["command"]
    lines = []
    if command in ("vm.create", "host.importvm", "backup.restore"):
        lines += [f"Image ID: {number}" for number in result.get("image_ids", ())]
        lines += [f"VM ID: {number}" for number in result.get("vm_ids", ())]
    if command == "backup" and "backup_id" in result:
        lines.append(f"Backup ID: {result['backup_id']}")
    lines += [f"{word}: {result[key]}" for key, word in _NUMBERED.items() if key in result]
    if result.get("scheduled"):
        lines.append(f"VM {result['vm_id']}: {result['scheduled']}")
    if result.get("imported"):
        lines.append(f"Imported: {result['imported']} VMs")
    lines += [f"shown: {key}" for key in result.get("keys", ())]
    if result.get("fingerprint"):
        lines.append(f"Accepted: {result['fingerprint']}")
    return lines
