"""Writing the list as it is shown to a file."""

from __future__ import annotations

import csv
import json
import os

from vmconsole.console.fleet import FleetModel, alias
from vmconsole.errors import CannotCreate, OutputFailed
from vmconsole.store.feed import FleetRow

_FIELDS = (
    "id", "name", "user", "group", "stat", "host", "cpu", "memory_kib", "ip", "tags", "start_time", "end_time",
)  # fmt: skip


def export(model: FleetModel, path: str) -> int:
    """Write the VMs shown, in their order, as JSON if `path` ends in .json, else as CSV; returns how many.

    An existing file is not overwritten. Raises CannotCreate or OutputFailed.
    """
    rows = [_fields(model, model.rows[number]) for number in model.order]
    target = os.path.expanduser(path)
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise CannotCreate(f"{path}: {error.strerror}", hint="choose another name") from error
    try:
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            if path.endswith(".json"):
                json.dump([dict(zip(_FIELDS, row, strict=True)) for row in rows], file, indent=1)
            else:
                writer = csv.writer(file)
                writer.writerow(_FIELDS)
                writer.writerows(rows)
    except OSError as error:
        raise OutputFailed(f"{path}: {error.strerror}") from error
    return len(rows)


def _fields(model: FleetModel, row: FleetRow) -> tuple[object, ...]:
    return (
        row.id, row.name, model.user_name(row), model.group_name(row), alias(row), model.host_name(row), row.cpu,
        row.memory_kib, " ".join(row.ips), " ".join(row.tags), row.start, row.end,
    )  # fmt: skip
