"""The commands on datastores."""

from __future__ import annotations

from vmconsole.commands.declaration import Command
from vmconsole.commands.listing import LIST_OPTIONS

COMMANDS: tuple[Command, ...] = (
    Command("datastore list", "list datastores", (), LIST_OPTIONS, reader="vmconsole.commands.store_lists:read"),
)
