"""Finding VMs by something they have: a name, an address, an attribute."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.store.session import Store

# Key -> the statement that gives the ids of VMs for which it has a value.
_COLUMNS = {
    "ID": "SELECT id FROM vm WHERE CAST(id AS TEXT) = ?",
    "UUID": "SELECT id FROM vm WHERE uuid = lower(?)",
    "NAME": "SELECT id FROM vm WHERE name = ?",
    "UNAME": "SELECT vm.id FROM vm JOIN user_account ON user_account.id = vm.user_id WHERE user_account.name = ?",
    "GNAME": "SELECT vm.id FROM vm JOIN user_group ON user_group.id = vm.group_id WHERE user_group.name = ?",
    "HOSTNAME": "SELECT vm.id FROM vm JOIN host ON host.id = vm.host_id WHERE host.name = ?",
    "MAC": "SELECT vm_id FROM nic WHERE lower(mac) = lower(?)",
    "IP": "SELECT vm_id FROM nic WHERE ip = ?",
}
_SYNONYMS = {"USER": "UNAME", "GROUP": "GNAME", "HOST": "HOSTNAME"}


def having(store: Store, key: str, value: str) -> set[int]:
    """Ids of the VMs, DONE ones too, for which `key` has exactly `value` (ON-056 to ON-058).

    Args:
        key: in any case: NAME, ID, UUID, USER, GROUP, HOST, MAC, IP, or an attribute of the VM's template or of its
            user template, also one within a vector such as CONTEXT.
        value: all of it; only of a MAC or UUID the case does not matter.
    """
    key = key.upper()
    key = _SYNONYMS.get(key, key)
    found = {row[0] for row in store.query(_COLUMNS[key], (value,))} if key in _COLUMNS else set()
    return found | _with_attribute(store, key, value)


def _with_attribute(store: Store, key: str, value: str) -> set[int]:
    # The database finds the few texts that hold the value at all; only those are taken apart.
    text = json.dumps(value)[1:-1]
    for special in "!%_":
        text = text.replace(special, f"!{special}")
    rows = store.query(
        "SELECT id, template, user_template FROM vm"
        " WHERE template LIKE ? ESCAPE '!' OR user_template LIKE ? ESCAPE '!'",
        (f"%{text}%", f"%{text}%"),
    )
    return {number for number, *documents in rows if any(_holds(json.loads(each), key, value) for each in documents)}


def _holds(node: Any, key: str, value: str) -> bool:
    """Whether an attribute called `key` has this value anywhere in the node."""
    if isinstance(node, list):
        return any(_holds(item, key, value) for item in node)
    if not isinstance(node, dict):
        return False
    own = any(name.upper() == key and str(item) == value for name, item in node.items())
    return own or any(_holds(item, key, value) for item in node.values())
