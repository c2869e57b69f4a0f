"""What a new store holds: who founded it, and the datastores and the network that need no set-up."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from vmconsole import __version__
from vmconsole.store.users import ADMINISTRATORS, login_name

ALL_MAY_USE = 0o644
"""Owner may use and manage, the others may use; without this an ordinary user could start nothing."""

_RULES = (
    (0, "*", "HOST", "*", "MANAGE"),
    (1, "*", "VM+IMAGE+TEMPLATE", "*", "CREATE"),
)
"""Everybody's VMs may be placed on every host, and everybody may make VMs: who wants it stricter takes these away."""
_DATASTORES = (
    (0, "system", "system", "vmconsole-system", "system"),
    (1, "default", "image", "vmconsole-images", "images"),
    (2, "files", "file", "vmconsole-files", "files"),
)


_COUNTERS = (
    ("user_group", 1), ("user_account", 0), ("access_rule", 1), ("zone", 0), ("cluster", 0), ("datastore", 2),
    ("network", 0),
)  # fmt: skip


def insert_first_rows(execute: Callable[[str, Sequence[Any]], object]) -> None:
    """Inserts the first rows into a store whose schema has just been made.

    Args:
        execute: runs one statement with ``?`` parameters in the transaction that made the schema.
    """
    execute("INSERT INTO meta (key, value) VALUES (?, ?)", ("instance", uuid.uuid4().hex))
    execute("INSERT INTO meta (key, value) VALUES (?, ?)", ("created_by", __version__))
    execute(
        "INSERT INTO user_account (id, name, group_id, administrator) VALUES (0, ?, ?, 1)",
        (login_name(), ADMINISTRATORS),
    )
    execute("INSERT INTO membership (user_id, group_id) VALUES (0, ?)", (ADMINISTRATORS,))
    for datastore in _DATASTORES:
        execute(
            "INSERT INTO datastore (id, name, type, pool, directory, user_id, group_id, mode)"
            " VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
            (*datastore, ADMINISTRATORS, ALL_MAY_USE),
        )
    execute(
        "INSERT INTO network (id, name, user_id, group_id, mode, source_kind, source)"
        " VALUES (0, 'default', 0, ?, ?, 'network', 'default')",
        (ADMINISTRATORS, ALL_MAY_USE),
    )
    for rule in _RULES:
        execute("INSERT INTO access_rule (id, who, kinds, objects, rights) VALUES (?, ?, ?, ?, ?)", rule)
    for number, *_ in _DATASTORES:
        execute("INSERT INTO cluster_datastore (cluster_id, datastore_id) VALUES (0, ?)", (number,))
    execute("INSERT INTO cluster_network (cluster_id, network_id) VALUES (0, 0)", ())
    for counter, value in _COUNTERS:
        execute("INSERT INTO counter (name, value) VALUES (?, ?)", (counter, value))
