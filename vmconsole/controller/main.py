"""The controller as a process: log, lease, and one event loop."""

from __future__ import annotations

import asyncio
import logging
import logging.handlers
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from vmconsole import config
from vmconsole.controller.core import Controller
from vmconsole.controller.lease import TTL, Lease, LeaseLost
from vmconsole.controller.notification import Notifier
from vmconsole.errors import TryAgain, VmconsoleError
from vmconsole.store.location import run_dir
from vmconsole.store.modelstore import open_model_store
from vmconsole.store.session import open_session

if TYPE_CHECKING:
    from vmconsole.store.modelstore import ModelStore

log = logging.getLogger(__name__)

STAND_BY_EVERY = 2.0
"""Seconds between two attempts of a permanent controller to get the lease."""
LOG_BYTES, LOG_FILES = 2_000_000, 3


def main(url: str, *, config_path: str | None, foreground: bool) -> int:
    """Run the controller of a store.

    Args:
        url: the store.
        config_path: file with settings, or None.
        foreground: stay until told to stop, stand by while another one holds the lease, and say so on standard error.
            Otherwise the controller was started on demand: it gives way to another one, and ends when idle.

    Returns:
        The exit status.
    """
    os.umask(0o077)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until the event loop takes it over
    open_session(url, create=True).close()
    _begin_log(url, foreground=foreground)
    store = open_model_store(url)
    try:
        settings = config.load(store, config_path)
        lease = Lease(store, permanent=foreground)
        notifier = Notifier()
        if not _get_lease(lease, notifier, stand_by=foreground):
            return 0
        return asyncio.run(_work(store, lease, url, settings, notifier, permanent=foreground))
    except KeyboardInterrupt:
        return 130
    except VmconsoleError as error:
        log.error("%s: %s", error.code, error.message)
        raise
    finally:
        store.close()


async def _work(
    store: ModelStore, lease: Lease, url: str, settings: config.Settings, notifier: Notifier, *, permanent: bool
) -> int:
    try:
        await Controller(store, lease, url, settings, permanent=permanent, notifier=notifier).run()
    except LeaseLost:
        log.error("another controller took the lease: this one ends")
        return TryAgain.exit
    lease.release()
    log.info("the controller has ended")
    return 0


def _get_lease(lease: Lease, notifier: Notifier, *, stand_by: bool) -> bool:
    """Get the lease. Without standing by, give way to a holder that lives, or shows a sign of life within a TTL."""
    told = False
    begun = time.monotonic()
    while not _acquired(lease):
        if not stand_by and (not lease.doubtful or time.monotonic() - begun > TTL + 2 * STAND_BY_EVERY):
            return False
        if not told:
            log.info("another controller holds the lease: standing by")
            notifier.ready("stands by: another controller works")
            told = True
        notifier.alive()
        time.sleep(STAND_BY_EVERY)
    return True


def _acquired(lease: Lease) -> bool:
    try:
        return lease.acquire()
    except TryAgain as error:
        log.warning("the lease was not asked for: %s", error.message)
        return False


def _begin_log(url: str, *, foreground: bool) -> None:
    path = os.path.join(run_dir(url), "controller.log")
    handlers: list[logging.Handler] = [
        logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES)
    ]
    if foreground:
        handlers.append(logging.StreamHandler(sys.stderr))
    logging.basicConfig(
        level=logging.INFO, handlers=handlers, format="%(asctime)s %(levelname)s %(name)s [%(process)d] %(message)s"
    )
