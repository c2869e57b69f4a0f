"""Starts the console: looks at the terminal, opens the store, and hands over to the screen."""

from __future__ import annotations

import gc
import os
import sys
import time

from vmconsole import config
from vmconsole.commands import first_host, submission
from vmconsole.commands.context import Context
from vmconsole.commands.demo import throw_away_store
from vmconsole.console.terminal import require_terminal
from vmconsole.store.session import open_session
from vmconsole.store.users import current_user

SWITCH_INTERVAL = 0.001
"""Seconds a thread may keep the interpreter while keys wait: the reader must not be felt."""
COLLECT = (20_000, 20, 1000)
"""Thresholds of the garbage collector: rows hold no cycles, and walking 100,000 of them would stop the screen."""
FIRST_HOST_WITHIN = 8.0
"""Seconds a new store is given to find this machine's hypervisor before the console opens without one."""
NOTICE = "notice"
"""Key of the table `meta`: what the start chose for the user, such as the hypervisor taken into an empty store."""


def main(url: str, *, demo: bool, config_path: str | None = None) -> int:
    """Run the console until it is left; returns the exit status.

    Args:
        url: the store; made when it does not exist.
        demo: show the demo fleet in a throw-away store instead.
        config_path: file of settings, None for none.

    Raises:
        Usage: there is no terminal, or none that can be drawn on.
        VmconsoleError: the store or the configuration cannot be used.
    """
    require_terminal()
    sys.setswitchinterval(SWITCH_INTERVAL)
    gc.set_threshold(*COLLECT)
    if not demo:
        return _run(url, config_path, demo=False)
    with throw_away_store() as throw_away:
        return _run(throw_away, config_path, demo=True)


def _run(url: str, config_path: str | None, *, demo: bool) -> int:
    with open_session(url, create=True) as session:
        user = current_user(session, os.environ)
        sweep_period = config.load(session, config_path).number("sweep_period")
        first = first_host.take(Context(session, user, "console", time.time), url, config_path, demo=demo)
        if first is not None:
            submission.wait(session, [first], timeout=FIRST_HOST_WITHIN, summon_again=lambda: None)
        told = session.query("SELECT value FROM meta WHERE key = ?", (NOTICE,))
    submission.summon(url, config_path)

    # Only now: the framework takes a tenth of a second, and a refusal should not.
    from vmconsole.console.app import Console
    from vmconsole.console.driver import StandardOutput

    notice = told[0][0] if told else ""
    console = Console(url, user, sweep_period=sweep_period, notice=notice, driver_class=StandardOutput)
    status = console.run()
    return status if status is not None else console.return_code or 0
