"""Handing requests to the controller, and watching what becomes of them."""

from __future__ import annotations

import os
import time

from vmconsole.errors import Failed, Internal, Pending, from_document
from vmconsole.store import operations
from vmconsole.store.ids import new_operation_id
from vmconsole.store.location import run_dir
from vmconsole.store.wakeup import nudge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.request import Request
    from vmconsole.errors import VmconsoleError
    from vmconsole.store.session import Session

LOOK_EVERY = 0.01
"""Seconds between two looks at an operation that is waited for."""
SUMMON_AFTER = 3.0
"""Seconds an operation may stay queued before the controller is looked for again."""


def submit(context: Context, requests: Sequence[Request]) -> list[str]:
    """Queue the operations, all in one transaction; returns their ids, in order, empty for what needs none."""
    identities: list[str] = []
    known: dict[Request, str] = {}
    with context.session.write():
        for request in requests:
            identity = "" if request.already or request.error else new_operation_id()
            identities.append(identity)
            known[request] = identity
            if identity:
                before = {"after": [known[one] for one in request.after]} if request.after else {}
                operations.insert(
                    context.session,
                    identity,
                    request.command,
                    {**request.arguments, **before},
                    user_id=context.user.id,
                    asked_by=context.user.asked_by,
                    face=context.face,
                    now=context.clock(),
                    vm_id=request.vm_id,
                    host_id=request.host_id,
                    variant=request.variant,
                )
    return identities


def summon(url: str, config_path: str | None = None) -> None:
    """Have a controller look at the store: nudge the living one, or start one that ends by itself when idle."""
    if nudge(run_dir(url)):
        return
    import subprocess
    import sys

    words = [sys.executable, "-m", "vmconsole"]
    if config_path:
        words += ["--config", os.path.abspath(config_path)]
    with open(os.path.join(run_dir(url), "controller.err"), "ab") as complaints:
        subprocess.Popen(
            [*words, "controller", "--on-demand"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            cwd="/",
            start_new_session=True,
            env=_environment(url),
        )


def _environment(url: str) -> dict[str, str]:
    """Ours, with the store (whose URL may hold a password, so not as an argument) and the way to the packages."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    path = os.environ.get("PYTHONPATH", "")
    packages = f"{root}{os.pathsep}{path}" if path else root
    return {**os.environ, "PYTHONPATH": packages, "VMCONSOLE_DB": url}


def wait(
    session: Session,
    identities: Sequence[str],
    *,
    timeout: float | None,
    summon_again: Callable[[], None],
    on_progress: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, dict[str, Any]]:
    """Watch operations until each has ended, or is known to wait for a host that is silent.

    Args:
        timeout: seconds; None waits as long as it takes.
        summon_again: called when nobody seems to take an operation on.
        on_progress: called with the document of each running operation whenever it changed.

    Returns:
        The last document of each operation.
    """
    begun = summoned = time.monotonic()
    pending = {identity for identity in identities if identity}
    documents: dict[str, dict[str, Any]] = {}
    marker: object = None
    pause = LOOK_EVERY
    while pending:
        seen = session.changed_marker()
        if seen != marker:
            marker = seen
            pause = LOOK_EVERY
            for identity in list(pending):
                document = operations.get(session, identity)
                if document is None:
                    raise Internal(f"operation {identity} has vanished from the store")
                if on_progress is not None and document != documents.get(identity):
                    on_progress(document)
                documents[identity] = document
                if document["state"] in operations.ENDED or document["error"] is not None:
                    pending.discard(identity)
            continue
        now = time.monotonic()
        if timeout is not None and now - begun >= timeout:
            break
        if now - summoned >= SUMMON_AFTER and any(documents[one]["state"] == "queued" for one in pending):
            summoned = now
            summon_again()
        time.sleep(pause)
        pause = min(pause * 1.2, 0.1)
    return documents


def verdict(document: dict[str, Any]) -> VmconsoleError | None:
    """The error an operation's document stands for, None when it succeeded."""
    state, error = document["state"], document["error"]
    if state == "done":
        return None
    if state in ("queued", "running"):
        reason = f": {error['message']}" if error else ""
        return Pending(
            f"operation {document['id']} ({document['command']}) has not ended{reason}",
            outcome="pending",
            hint=f"vmconsole operation wait {document['id']}",
        )
    if error is not None:
        return from_document(error)
    return Failed(f"operation {document['id']} ({document['command']}) was {state}", code="OP_CANCELLED")
