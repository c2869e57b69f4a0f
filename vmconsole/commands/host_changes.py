"""Commands that change what is known of a host: its name, its attributes, what of it is reserved, its ssh key."""

from __future__ import annotations

from vmconsole.commands import targets
from vmconsole.commands.request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values

RESERVED = {"RESERVED_CPU": "reserved_cpu", "RESERVED_MEM": "reserved_memory_kib"}
"""Attributes with a meaning, and their columns: percent of a core, and KiB; below 0 they promise more than there is."""
_MOST = 1 << 40


def rename(context: Context, command: Command, values: Values) -> list[Request]:
    """Another name for a host; nothing on it changes."""
    from vmconsole.errors import BadInput
    from vmconsole.templates.errors import NameRefused
    from vmconsole.templates.names import check_domain_name

    number, name = targets.administered(context, "host", values["host"])
    try:
        wanted = check_domain_name(values["name"])
    except NameRefused as error:
        raise BadInput(str(error), code="INPUT_NAME") from error
    return [Request("host.update", {"host_id": number, "columns": {"name": wanted}}, label=f"host {name}")]


def update(context: Context, command: Command, values: Values) -> list[Request]:
    """The attributes in a file, or what the editor leaves, become the host's; `--append` merges them."""
    import json

    from vmconsole.commands.acting import read_file
    from vmconsole.commands.editing import edited
    from vmconsole.errors import BadInput
    from vmconsole.templates import syntax
    from vmconsole.templates.errors import TemplateError
    from vmconsole.templates.template import Template

    number, name = targets.administered(context, "host", values["host"])
    rows = context.session.query("SELECT attributes FROM host WHERE id = ?", (number,))
    before = Template.from_data(json.loads(rows[0][0]))
    text = read_file(values["file"]) if values["file"] else edited(syntax.render(before), context)
    try:
        given = syntax.parse(text)
    except TemplateError as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    attributes = (before.merge(given) if values["append"] else given).to_data()
    columns = {"attributes": json.dumps(attributes), **_reserved(attributes)}
    return [Request("host.update", {"host_id": number, "columns": columns}, label=f"host {name}")]


def trust(context: Context, command: Command, values: Values) -> list[Request]:
    """Accept a host's key by the fingerprint the person has compared; without one, ask the host what it shows."""
    targets.require_administrator(context, "host trust")
    uri, fingerprint = values["uri"], values["fingerprint"]
    if fingerprint is None:
        return [Request("host.keys", {"uri": uri}, label=uri)]
    return [Request("host.trust", {"uri": uri, "fingerprint": fingerprint}, label=uri)]


def _reserved(attributes: dict[str, Any]) -> dict[str, int]:
    """The columns that attributes set; 0 without them. Raises BadInput: not a whole number."""
    from vmconsole.errors import BadInput

    columns = {}
    for key, column in RESERVED.items():
        text = str(attributes.get(key, "0"))
        if not (text.removeprefix("-").isascii() and text.removeprefix("-").isdigit() and abs(int(text[:20])) < _MOST):
            raise BadInput(f"{key} is a whole number, not {text[:40]!r}", code="INPUT_TEMPLATE")
        columns[column] = int(text)
    return columns
