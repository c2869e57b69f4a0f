"""The commands on clusters."""

from __future__ import annotations

from vmconsole.commands.declaration import Command
from vmconsole.commands.listing import LIST_OPTIONS

COMMANDS: tuple[Command, ...] = (
    Command("cluster list", "list clusters", (), LIST_OPTIONS, reader="vmconsole.commands.store_lists:read"),
)
