"""The commands on the controller itself: whether one lives, and having one that stays."""

from __future__ import annotations

from vmconsole.commands.declaration import Command, Option

_SCOPE = (
    Option("--user", "for yourself, in your own service manager; the default for everybody but root"),
    Option("--root", "below this directory, and no service manager is told", metavar="DIR"),
)

COMMANDS: tuple[Command, ...] = (
    Command(
        "controller status",
        "say whether a controller lives and works; the exit status says it as well",
        (),
        (
            Option("--permanent", "one that ends by itself will not do"),
            Option("--wait", "until it lives, at most so many seconds", metavar="S", kind="seconds"),
        ),
        reader="vmconsole.commands.controller_status:status",
    ),
    Command(
        "controller install",
        "have systemd run a controller for good, so that schedules fire whoever is logged in",
        (),
        _SCOPE,
        reader="vmconsole.commands.controller_unit:install",
    ),
    Command(
        "controller uninstall",
        "stop that, and take the unit away",
        (),
        _SCOPE,
        reader="vmconsole.commands.controller_unit:uninstall",
    ),
)
