"""Whether a controller lives, of which kind it is, and what waits for it: health and readiness in one command."""

from __future__ import annotations

import time

from vmconsole.commands.results import Block, Sheet
from vmconsole.commands.vm_show import moment, span
from vmconsole.errors import Unavailable
from vmconsole.lifecycle.host_states import MONITORED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.store.session import Session

LOOK_EVERY = 0.2
"""Seconds between two looks while a controller is waited for."""


def status(context: Context, command: Command, values: Values) -> Sheet:
    """The controller and its work. The sheet's exit status is 69 while nobody is there, or only one that will leave
    when one is asked for that stays."""
    until = time.monotonic() + (values["wait"] or 0)
    document = _document(context)
    while not (well := _is_well(document, permanent=values["permanent"])) and time.monotonic() < until:
        time.sleep(LOOK_EVERY)
        document = _document(context)
    return Sheet("CONTROLLER", _blocks(document), lambda: document, exit=0 if well else Unavailable.exit)


def _is_well(document: dict[str, Any], *, permanent: bool) -> bool:
    return document["state"] == "alive" and (document["permanent"] or not permanent)


def _document(context: Context) -> dict[str, Any]:
    """What the store knows of it, as JSON shows it; times are Unix seconds."""
    session, now = context.session, context.clock()
    rows = session.query("SELECT holder, since, expires, permanent FROM lease WHERE name = 'controller'")
    holder, since, expires, permanent = rows[0] if rows else ("", None, None, 0)
    counts = dict(session.query("SELECT state, COUNT(*) FROM operation GROUP BY state"))
    return {
        "state": "none" if not holder else "alive" if expires >= now else "silent",
        "permanent": bool(holder and permanent),
        "process": int(holder.split(":")[2]) if holder.count(":") == 3 else None,
        "since": since if holder else None,
        "silent_for": max(0.0, now - expires) if holder else None,
        "queued": counts.get("queued", 0),
        "running": counts.get("running", 0),
        "schedules": _count(session, "schedule WHERE next IS NOT NULL AND enabled = 1"),
        "overdue": _count(session, "schedule WHERE next < ? AND enabled = 1", int(now)),
        "hosts_up": _count(session, "host WHERE state = ? AND down_since IS NULL", MONITORED),
        "hosts_down": _count(session, "host WHERE down_since IS NOT NULL"),
        "unit": _unit(context),
    }


def _unit(context: Context) -> str | None:
    from vmconsole.commands.controller_unit import installed

    return installed()


def _count(session: Session, condition: str, *parameters: object) -> int:
    return int(session.query(f"SELECT COUNT(*) FROM {condition}", parameters)[0][0])


def _blocks(document: dict[str, Any]) -> list[Block]:
    alive = document["state"] == "alive"
    kind = "permanent" if document["permanent"] else "passing: it ends when it has been idle"
    silence = f"silent for {span(int(document['silent_for']))}" if document["state"] == "silent" else document["state"]
    life = [
        ("STATE", silence),
        ("KIND", kind if document["since"] else "-"),
        ("PROCESS", document["process"] or "-"),
        ("SINCE", moment(int(document["since"])) if document["since"] else "-"),
        ("UNIT", document["unit"] or "none; vmconsole controller install"),
    ]
    work = [
        ("QUEUED", document["queued"]),
        ("RUNNING", document["running"]),
        ("SCHEDULES", f"{document['schedules']}, {document['overdue']} overdue"),
        ("HOSTS", f"{document['hosts_up']} up, {document['hosts_down']} down"),
    ]
    blocks = [Block("CONTROLLER", life), Block("WORK", work)]
    if document["schedules"] and not (alive and document["permanent"]):
        blocks.append(Block("SCHEDULES FIRE ONLY WHILE A CONTROLLER RUNS", [("HINT", "vmconsole controller install")]))
    return blocks
