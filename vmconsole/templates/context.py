"""CONTEXT: what a VM tells the guest in it, as the files that one-context and cloud-init look for."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

LABELS = {"one": "CONTEXT", "nocloud": "cidata"}
"""Volume label by SEED: one-context and cloud-init's OpenNebula source look for the first, NoCloud for the second."""

_VARIABLE = re.compile(r"\$(?:\{([A-Z][A-Z0-9_]*)\}|([A-Z][A-Z0-9_]*)(?:\[([A-Z][A-Z0-9_]*)(?:,\s*[^\]]*)?\])?)")
_OURS = frozenset({"SEED", "TARGET", "DISK_ID", "NETWORK"})


@dataclass(frozen=True, slots=True)
class ContextNic:
    """A network interface as the guest is told of it."""

    mac: str
    ip: str = ""
    netmask: str = ""
    gateway: str = ""
    dns: str = ""


@dataclass(frozen=True, slots=True)
class ContextFiles:
    """The content of the CD-ROM: its label, and its files by name."""

    label: str
    files: Mapping[str, bytes]


def context_files(
    context: Mapping[str, str], *, vm_id: int, name: str, attributes: Mapping[str, str], nics: Sequence[ContextNic]
) -> ContextFiles:
    """The files of a VM's context (ON-138).

    Args:
        context: the CONTEXT vector; ``$NAME``, ``$VMID``, ``$NIC[IP]`` and ``$KEY`` of `attributes` are substituted.
        attributes: the VM's own attributes.
        nics: in the guest's order; told of when the context says NETWORK = "YES".
    """
    known = {**attributes, "NAME": name, "VMID": str(vm_id)}
    values = {key: _substituted(value, known, nics) for key, value in context.items() if key not in _OURS}
    if context.get("NETWORK", "").upper() in ("YES", "TRUE", "1"):
        for index, nic in enumerate(nics):
            values |= _interface(index, nic)
    host_name = values.get("SET_HOSTNAME") or values.get("HOSTNAME") or name
    files = {
        "context.sh": _shell(values),
        "meta-data": _meta(vm_id, host_name, values.get("SSH_PUBLIC_KEY", "")),
        "user-data": _user(values.get("USER_DATA", "")),
    }
    if values.get("START_SCRIPT"):
        files["start-script"] = values["START_SCRIPT"].encode()
    return ContextFiles(LABELS.get(context.get("SEED", "one").lower(), LABELS["one"]), files)


def _substituted(text: str, known: Mapping[str, str], nics: Sequence[ContextNic]) -> str:
    def value(match: re.Match[str]) -> str:
        braced, plain, field = match.groups()
        if plain == "NIC" and field:
            return str(getattr(nics[0], field.lower(), "")) if nics else ""
        return known.get(braced or plain, match.group(0))

    return _VARIABLE.sub(value, text)


def _interface(index: int, nic: ContextNic) -> dict[str, str]:
    fields = {"MAC": nic.mac, "IP": nic.ip, "MASK": nic.netmask, "GATEWAY": nic.gateway, "DNS": nic.dns}
    if ":" in nic.ip:
        fields = {"MAC": nic.mac, "IP6": nic.ip, "IP6_GATEWAY": nic.gateway, "DNS": nic.dns}
    return {f"ETH{index}_{key}": text for key, text in fields.items() if text}


def _shell(values: Mapping[str, str]) -> bytes:
    """Assignments a shell may source; a quote within a value ends, escapes and begins the quoting again."""
    escaped = {key: text.replace("'", "'\\''") for key, text in sorted(values.items())}
    return ("# Context of a virtual machine\n" + "".join(f"{key}='{text}'\n" for key, text in escaped.items())).encode()


def _meta(vm_id: int, host_name: str, keys: str) -> bytes:
    """NoCloud's meta-data; JSON is YAML."""
    document: dict[str, object] = {"instance-id": f"one-{vm_id}", "local-hostname": host_name}
    if keys:
        document["public-keys"] = [key for key in keys.splitlines() if key.strip()]
    return (json.dumps(document, indent=1) + "\n").encode()


def _user(text: str) -> bytes:
    return (text if text.startswith("#") else f"#cloud-config\n{text}").rstrip("\n").encode() + b"\n"


def iso_name(name: str) -> str:
    """The 8.3 name of a file, for readers that know no longer ones."""
    stem, _, suffix = name.upper().partition(".")
    kept = "".join(letter for letter in stem if letter in ascii_uppercase + "0123456789_")[:8]
    return f"/{kept}.{suffix[:3]};1"
