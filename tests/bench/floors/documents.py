"""The floor of a list in JSON: reads the VMs with all that belongs to them and dumps it, with no program around it."""

from __future__ import annotations

import json
import sqlite3
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VMS = """
    SELECT vm.*, user_account.name AS user, user_group.name AS "group", host.name AS host
    FROM vm
    JOIN user_account ON user_account.id = vm.user_id
    JOIN user_group ON user_group.id = vm.group_id
    LEFT JOIN host ON host.id = vm.host_id
    WHERE vm.state <> 6
    ORDER BY vm.id DESC
"""
PARTS = ("disk", "nic", "history", "disk_snapshot", "system_snapshot", "schedule")

store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)


def documents(query: str) -> list[dict[str, Any]]:
    cursor = store.execute(query)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor]  # noqa: B905 - the check would cost what is not ours


vms = documents(VMS)
by_id = {vm["id"]: vm for vm in vms}
for vm in vms:
    vm["template"], vm["user_template"] = json.loads(vm["template"]), json.loads(vm["user_template"])
    vm.update((part, []) for part in PARTS)
for part in PARTS:
    for row in documents(f"SELECT * FROM {part}"):
        by_id[row["vm_id"]][part].append(row)
sys.stdout.write(json.dumps(vms))
