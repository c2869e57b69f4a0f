"""Visits to guests from the list: who may, whether there is anything to see, and what is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from backends.base import Busy
from vmconsole.commands import targets
from vmconsole.console import orders
from vmconsole.console.guest.reaching import Place
from vmconsole.console.screens.confirm import AskInOneLine
from vmconsole.console.screens.menu import Choice, Menu
from vmconsole.errors import Failed, VmconsoleError
from vmconsole.lifecycle import states as at
from vmconsole.lifecycle.permissions import Right
from vmconsole.store.session import open_session

if TYPE_CHECKING:
    from textual.app import App
    from textual.worker import Worker

    from vmconsole.console.guest.displays import Way
    from vmconsole.store.session import Session


class Guest(NamedTuple):
    """A VM as a visitor has to know it."""

    name: str
    running: bool
    has_display: bool
    place: Place | None

    @property
    def refusal(self) -> str:
        """Why there is no serial console; empty when there may be one."""
        return "" if self.running and self.place is not None else f"{self.name} does not run: nobody is at its console"

    @property
    def display_refusal(self) -> str:
        """Why there is nothing to look at; empty when there may be."""
        if not self.running or self.place is None:
            return f"{self.name} does not run: there is nothing to look at"
        return "" if self.has_display else f"{self.name} has neither a VNC nor a SPICE display"


def guest(session: Session, url: str, vm_id: int) -> Guest:
    """What the store knows of the VM. Raises NotFound, and Denied for who may not manage it."""
    context = orders.context(session)
    target = targets.vm(context, str(vm_id))
    targets.require_right(context, Right.MANAGE, target)
    uuid, template, imported, host, uri = session.query(
        "SELECT vm.uuid, vm.template, vm.imported, host.name, host.uri FROM vm"
        " LEFT JOIN host ON host.id = vm.host_id WHERE vm.id = ?",
        (vm_id,),
    )[0]
    place = None if uri is None else Place(url, host, uri, uuid)
    running = at.by_numbers(target.state, target.lcm) is at.RUNNING
    # What somebody else defined may have displays that our template says nothing of.
    return Guest(target.name, running, bool(imported) or _has_display(json.loads(template)), place)


def _has_display(template: dict[str, Any]) -> bool:
    graphics = template.get("GRAPHICS", [])
    vectors = graphics if isinstance(graphics, list) else [graphics]
    return any(str(each.get("TYPE", "")).lower() in ("vnc", "spice") for each in vectors if isinstance(each, dict))


SERIAL, DISPLAY = "@serial", "@display"
"""Values of the entries of a menu that are visits and no command lines."""


def choices(session: Session, url: str, vm_id: int) -> list[Choice]:
    """The visits to a VM as entries of its menu: those that are not possible say why (ON-176)."""
    try:
        known = guest(session, url, vm_id)
        refusals = known.refusal, known.display_refusal
    except VmconsoleError as error:
        refusals = error.message, error.message
    return [
        _choice(SERIAL, "c", "console", "type at its serial console", refusals[0]),
        _choice(DISPLAY, "v", "display", "ways to its VNC or SPICE display", refusals[1]),
    ]


def _choice(value: str, key: str, title: str, about: str, refusal: str) -> Choice:
    roles = ("dim", "dim") if refusal else ("key", "strong")
    return Choice(value, [(f"{key:>2} ", roles[0]), (f"{title:24}", roles[1]), (refusal or about, "dim")], not refusal)


class Visits:
    """Opens consoles and displays over the screen.

    Args:
        app: for questions and menus; its terminal is lent to the serial console.
        url: the store.
        tell: shows a sentence; the second argument is information, warning or error.
        copy: puts a text into the clipboard.
    """

    def __init__(
        self,
        app: Callable[[], App[int]],
        url: str,
        tell: Callable[[str, str], None],
        copy: Callable[[str | None], None],
    ) -> None:
        self._app = app
        self._url = url
        self._tell = tell
        self._copy = copy

    def begin(self, value: str, vm_id: int) -> bool:
        """Begin with the visit that an entry of a menu stands for; False when it stands for none."""
        visit = {SERIAL: self.serial, DISPLAY: self.display}.get(value)
        if visit is not None:
            visit(vm_id)
        return visit is not None

    def serial(self, vm_id: int) -> None:
        """Lend the terminal to the VM's serial console."""
        self._begin(partial(self._serial, vm_id))

    def display(self, vm_id: int) -> None:
        """Show the ways to the VM's displays."""
        self._begin(partial(self._display, vm_id))

    def _begin(self, visit: Callable[[], Coroutine[None, None, None]]) -> None:
        told = partial(self._told, visit)
        _: Worker[None] = self._app().run_worker(told, group="guest", exclusive=True, exit_on_error=False)

    async def _told(self, visit: Callable[[], Coroutine[None, None, None]]) -> None:
        try:
            await visit()
        except VmconsoleError as error:
            self._tell(error.advice, "error")

    def _look_up(self, vm_id: int) -> Guest:
        with open_session(self._url, create=False, read_only=True) as session:
            return guest(session, self._url, vm_id)

    async def _serial(self, vm_id: int) -> None:
        known = self._look_up(vm_id)
        if known.refusal or known.place is None:
            self._tell(known.refusal, "warning")
            return
        try:
            ended = await self._attached(known.place, known.name, force=False)
        except Failed as error:
            if not isinstance(error.__cause__, Busy):
                raise
            question = AskInOneLine(f"somebody else has the console of {known.name} open; throw them out?")
            if not await self._app().push_screen_wait(question):
                return
            ended = await self._attached(known.place, known.name, force=True)
        self._tell(f"{known.name}: {ended}", "information")

    async def _attached(self, place: Place, name: str, *, force: bool) -> str:
        from vmconsole.console.guest.serial import attach

        assert sys.__stdin__ is not None
        assert sys.__stdout__ is not None
        keys, screen = sys.__stdin__.fileno(), sys.__stdout__.fileno()
        failed: VmconsoleError
        with self._app().suspend():
            try:
                return await attach(place, name, keys=keys, screen=screen, force=force)
            except VmconsoleError as error:  # the framework would not come back from an error in here
                failed = error
        raise failed

    async def _display(self, vm_id: int) -> None:
        from vmconsole.console.guest.displays import ways

        known = self._look_up(vm_id)
        if known.display_refusal or known.place is None:
            self._tell(known.display_refusal, "warning")
            return
        self._tell(f"asking {known.place.host} for the displays of {known.name}", "information")
        found = await ways(known.place)
        if not found:
            self._tell(f"{known.name} has neither a VNC nor a SPICE display", "warning")
            return
        self._app().push_screen(Menu(f"Displays of {known.name}; enter copies", _ways(found)), self._copy)


def _ways(found: list[Way]) -> list[Choice]:
    entries = []
    for way in found:
        lines = (("address on the host", way.address), ("bring it here", way.tunnel), ("look at it", way.viewer))
        entries += [Choice(text, [(f"{title:20}", "dim"), (text, "strong")]) for title, text in lines if text]
    return entries
