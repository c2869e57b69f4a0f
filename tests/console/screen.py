"""Driving the console without a terminal, and reading its screen as text."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

from textual.pilot import Pilot

from tests.console.fleet import NOW
from vmconsole.commands import submission
from vmconsole.console.app import Console
from vmconsole.console.screens.confirm import REACTION
from vmconsole.store.session import open_session
from vmconsole.store.users import current_user

Scene = Callable[[Console, Pilot[int]], Awaitable[None]]


def play(url: str, scene: Scene, *, size: tuple[int, int] = (80, 24), notice: str = "") -> Console:
    """Start the console on a store at the fleet's time, let `scene` act once the fleet is there, and end it."""

    async def run() -> Console:
        with open_session(url, create=True) as session:
            user = current_user(session, os.environ)
        console = Console(url, user, sweep_period=5, notice=notice, clock=lambda: NOW)
        async with console.run_test(size=size, notifications=True) as pilot:
            await until(pilot, lambda: console.model.complete)
            await pilot.pause()
            await scene(console, pilot)
        return console

    summon = submission.summon
    submission.summon = lambda *words: None  # the hosts of these stores do not exist
    try:
        return asyncio.run(run())
    finally:
        submission.summon = summon


async def until(pilot: Pilot[int], holds: Callable[[], Any], *, seconds: float = 10.0) -> None:
    """Wait for something to become true."""
    for _ in range(int(seconds / 0.02)):
        if holds():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"it did not come about; the screen:\n{shown(pilot.app)}")


async def reaction() -> None:
    """Wait as long as a question is deaf."""
    await asyncio.sleep(REACTION + 0.05)


def shown(console: Any) -> str:
    """The screen on top as text, one line a row, without trailing blanks."""
    return "\n".join(strip.text.rstrip() for strip in console.screen._compositor.render_strips())
